/** What a source of alerts brings: how its requests are known to be its own, and what they say. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AlertSignal, AlertSource } from '../core/alerts/types.ts';

export type HookRequest = { headers: IncomingHttpHeaders; body: Buffer; nowMs: number };

/** `ignored`: it is the source's and says nothing of an alert. `problem`: it cannot be read; a sentence. */
export type Reading = { signals: AlertSignal[] } | { ignored: string } | { problem: string };

export type AlertTrigger = {
  id: AlertSource;
  title: string;
  /** Below `/hooks/`. */
  path: string;
  /** The environment variable of its secrets. */
  variable: string;
  /** Why it is not believed, or null. Any one of `secrets` serves, so that they can be changed one after the other. */
  refusalOf(request: HookRequest, secrets: readonly string[]): string | null;
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
