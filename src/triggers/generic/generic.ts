/**
 * Any other source, by a JSON of ours (`docs/alerts.md`). Signed as Slack signs: `X-Latchkey-Timestamp` holds seconds since 1970,
 * `X-Latchkey-Signature` is `v1=` and the hex of HMAC-SHA256 over `v1:<timestamp>:<raw body>`.
 */
import { z } from 'zod';
import { ALERT_STATES, alertText, alertUrl } from '../../core/alerts/types.ts';
import { headerOf, hmacHex, isAnyOf } from '../trigger.ts';
import type { AlertTrigger, HookRequest, Reading } from '../trigger.ts';

const WINDOW_S = 300;
/** A clock that is far ahead would keep every later word of the same alert from being heard. */
const AHEAD_MS = 10 * 60_000;

const alert = z.strictObject({
  key: z.string().min(1).max(200),
  status: z.enum(ALERT_STATES),
  title: z.string().min(1).max(2_000),
  at: z.iso.datetime({ offset: true }).optional(),
  url: z.string().optional(),
  service: z.string().max(500).optional(),
  severity: z.string().max(100).optional(),
  labels: z.record(z.string().max(200), z.string().max(500)).optional(),
});

const problemOf = (error: z.ZodError): string => {
  const [issue] = error.issues;
  const where = issue && issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
  return `The alert cannot be read: ${where}${issue?.message ?? 'wrong shape'}.`;
};

const read = (body: unknown, { headers, nowMs }: HookRequest): Reading => {
  const parsed = alert.safeParse(body);
  if (!parsed.success) return { problem: problemOf(parsed.error) };
  const { key, status, title, at, url, service = null, severity = null, labels = {} } = parsed.data;
  // The signed time, not ours: sent again within the five minutes it still says the same.
  const when = at === undefined ? new Date(Number(headerOf(headers, 'x-latchkey-timestamp')) * 1000) : new Date(at);
  if (when.getTime() - nowMs > AHEAD_MS) return { problem: '"at" lies in the future; check the clock of the sender.' };
  const found = { key, state: status, at: when, title: alertText(title) || key, url: alertUrl(url), labels };
  return { signals: [{ source: 'generic', ...found, service, severity }] };
};

export const generic: AlertTrigger = {
  id: 'generic',
  title: 'Alerts by JSON',
  path: 'alert',
  variable: 'ALERT_HOOK_SECRET',
  refusalOf: ({ headers, body, nowMs }, secrets) => {
    const stamp = headerOf(headers, 'x-latchkey-timestamp');
    const [version, given = ''] = headerOf(headers, 'x-latchkey-signature').trim().split('=');
    if (!/^\d{1,12}$/.test(stamp) || version !== 'v1') return 'it is not signed';
    const expected = secrets.map((secret) => hmacHex(secret, `v1:${stamp}:`, body));
    if (!isAnyOf(given.toLowerCase(), expected)) return 'the signature is wrong';
    return Math.abs(nowMs / 1000 - Number(stamp)) > WINDOW_S ? 'its time is more than five minutes away' : null;
  },
  read,
};
