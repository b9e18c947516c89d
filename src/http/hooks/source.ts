/** What a source of alerts brings: how its requests are known to be its own, and what they say. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { AlertSignal, AlertSource } from '../../domain/alerts/types.ts';

export type HookRequest = { headers: IncomingHttpHeaders; body: Buffer; nowMs: number };

/**
 * `ignored`: it is the source's and says nothing of an alert. `problem`: nothing of it can be read; a sentence. `unreadable`: where and
 * why, for each alert that cannot be read beside others.
 */
export type Reading = { signals: AlertSignal[]; unreadable?: string[] } | { ignored: string } | { problem: string };

/** Reads each item by itself: one that cannot be read loses none of the others. */
export const readEach = <Item>(
  items: readonly Item[],
  read: (item: Item) => { signal: AlertSignal } | { problem: string },
): { signals: AlertSignal[]; unreadable: string[] } => {
  const signals: AlertSignal[] = [];
  const unreadable: string[] = [];
  for (const [index, item] of items.entries()) {
    const found = read(item);
    if ('signal' in found) signals.push(found.signal);
    else unreadable.push(`alerts[${index}]: ${found.problem}`);
  }
  return { signals, unreadable };
};

/** The first thing that is wrong, without anything of the value. */
export const problemIn = ({ issues: [issue] }: z.ZodError): string => {
  const where = issue && issue.path.length > 0 ? `"${issue.path.join('.').slice(0, 100)}": ` : '';
  return `${where}${issue?.message ?? 'wrong shape'}`;
};

/** Text that only adorns an alert: what is no text counts as left out. */
export const looseText = z.string().nullish().catch(null);

/** How far the clock of a source may be ahead. */
export const AHEAD_MS = 10 * 60_000;

/** Sources write year 1, nothing, null or an empty text where there is no time. */
const isNoTime = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (typeof value === 'string' && /^000[01]-/.test(value));

export const timeOrNone = z.preprocess(
  (value) => (isNoTime(value) ? null : value),
  z.iso.datetime({ offset: true }).nullable(),
);

export type AlertTrigger = {
  id: AlertSource;
  title: string;
  /** Below `/hooks/`. */
  path: string;
  /** The environment variable of its secrets. */
  variable: string;
  /** Why its headers alone are enough to refuse it, or null: then its body is read. */
  headersRefusalOf(request: Omit<HookRequest, 'body'>, secrets: readonly string[]): string | null;
  /** Why it is not believed, or null. Any one of `secrets` serves, so that they can be changed one after the other. */
  refusalOf(request: HookRequest, secrets: readonly string[]): string | null;
  /** Where it is signed: what is signed beside the body, and how long a copy of it would be believed. Else null: its source repeats itself. */
  signedOf: ((request: HookRequest) => { stamp: string; believedMs: number }) | null;
  /** `body` is parsed JSON of anybody who has the secret. */
  read(body: unknown, request: HookRequest): Reading;
};

export const headerOf = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest();

/** In the same time whatever is equal, lengths too. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Tries all of them: which one fits shows in no time. */
export const isAnyOf = (given: string, known: readonly string[]): boolean =>
  known.map((one) => isSame(one, given)).includes(true);

export const hmacHex = (secret: string, ...parts: (string | Buffer)[]): string =>
  parts.reduce((hmac, part) => hmac.update(part), createHmac('sha256', secret)).digest('hex');
