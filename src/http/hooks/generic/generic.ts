/**
 * Any other source, by a JSON of ours (`docs/alerts.md`). Signed as Slack signs: `X-Latchkey-Timestamp` holds seconds since 1970,
 * `X-Latchkey-Signature` is `v1=` and the hex of HMAC-SHA256 over `v1:<timestamp>:<raw body>`.
 */
import { z } from 'zod';
import { ALERT_STATES, alertLabels, alertText, alertUrl, isAlertKey } from '../../../domain/alerts/types.ts';
import type { AlertSignal } from '../../../domain/alerts/types.ts';
import { AHEAD_MS, headerOf, hmacHex, isAnyOf, problemIn, readEach, timeOrNone } from '../source.ts';
import type { AlertTrigger, HookRequest, Reading } from '../source.ts';

const WINDOW_S = 300;

const text = (max: number) => z.string().max(max).nullish();
const alert = z.strictObject({
  key: z.string().max(200).refine(isAlertKey, 'is empty or holds control characters'),
  status: z.enum(ALERT_STATES),
  title: z.string().min(1).max(2_000),
  at: timeOrNone.optional(),
  url: text(2_000),
  service: text(500),
  severity: text(100),
  labels: z.record(z.string().max(200), z.string().max(500)).nullish(),
});

const textOrNone = (value: string | null | undefined): string | null => alertText(value ?? '') || null;

type Read = { signal: AlertSignal } | { problem: string };

/** The signed time, not ours: sent again within the five minutes it still says the same. */
const signedAt = ({ headers }: HookRequest): Date => new Date(Number(headerOf(headers, 'x-latchkey-timestamp')) * 1000);

/** What is said to be resolved is over when that is said, however early `at` is. */
const timesOf = (said: Date, given: Date | null): Required<Pick<AlertSignal, 'at' | 'endsBegunBy'>> => {
  const at = given ?? said;
  return { at, endsBegunBy: at > said ? at : said };
};

const readOne = (body: unknown, request: HookRequest): Read => {
  const parsed = alert.safeParse(body);
  if (!parsed.success) return { problem: problemIn(parsed.error) };
  const { key, status, title, at, url, service, severity, labels } = parsed.data;
  const times = timesOf(signedAt(request), at ? new Date(at) : null);
  // A clock that is far ahead would keep every later word of the same alert from being heard.
  if (times.at.getTime() - request.nowMs > AHEAD_MS)
    return { problem: '"at" lies in the future; check the clock of the sender' };
  const found = {
    key,
    state: status,
    ...times,
    title: alertText(title) || key,
    url: alertUrl(url),
    service: textOrNone(service),
    severity: textOrNone(severity),
    labels: alertLabels(labels ?? {}),
  };
  return { signal: { source: 'generic', ...found } };
};

/** One alert, or a list of them. */
const read = (body: unknown, request: HookRequest): Reading => {
  if (Array.isArray(body))
    return body.length === 0 ? { ignored: 'no alerts' } : readEach(body as unknown[], (one) => readOne(one, request));
  const found = readOne(body, request);
  return 'problem' in found ? { problem: `The alert cannot be read: ${found.problem}.` } : { signals: [found.signal] };
};

const SIGNATURE = /^v1=([0-9a-f]{64})$/i;

type Signed = { stamp: string; signature: string };

/** null where it is not signed in this way. */
const signedIn = (headers: HookRequest['headers']): Signed | null => {
  const stamp = headerOf(headers, 'x-latchkey-timestamp');
  const signature = SIGNATURE.exec(headerOf(headers, 'x-latchkey-signature').trim())?.[1]?.toLowerCase();
  return signature !== undefined && /^\d{1,12}$/.test(stamp) ? { stamp, signature } : null;
};

export const generic: AlertTrigger = {
  id: 'generic',
  title: 'Alerts by JSON',
  path: 'alert',
  variable: 'ALERT_HOOK_SECRET',
  headersRefusalOf: ({ headers, nowMs }) => {
    const signed = signedIn(headers);
    if (!signed) return 'it is not signed';
    return Math.abs(nowMs / 1000 - Number(signed.stamp)) > WINDOW_S ? 'its time is more than five minutes away' : null;
  },
  refusalOf: ({ headers, body }, secrets) => {
    const signed = signedIn(headers);
    if (!signed) return 'it is not signed';
    const expected = secrets.map((secret) => hmacHex(secret, `v1:${signed.stamp}:`, body));
    return isAnyOf(signed.signature, expected) ? null : 'the signature is wrong';
  },
  signedOf: ({ headers }) => ({ stamp: headerOf(headers, 'x-latchkey-timestamp'), believedMs: 2 * WINDOW_S * 1000 }),
  read,
};
