/**
 * PagerDuty V3 webhooks. developer.pagerduty.com: docs/webhooks/ in github.com/PagerDuty/developer-docs, 01-Overview (payload,
 * event types), 02-Behavior (5 s for an answer, five tries in about 20 minutes, 4xx is not tried again), 04-Signatures.
 */
import { z } from 'zod';
import { alertText, alertUrl, isAlertKey } from '../../../domain/alerts/types.ts';
import { AHEAD_MS, headerOf, hmacHex, isAnyOf, looseText, problemIn } from '../source.ts';
import type { AlertTrigger, HookRequest, Reading } from '../source.ts';

/** Its tries end after about twenty minutes; what is older than a day is somebody else's repeat. */
const OLDEST_MS = 24 * 3_600_000;

/** Only what an incident is found by must be there: what adorns it and is odd must not keep its end from being heard. */
const named = z.object({ summary: looseText }).nullish().catch(null);
const incident = z.object({
  id: z.string().max(100).refine(isAlertKey, 'is empty or holds control characters'),
  title: looseText,
  status: looseText,
  urgency: looseText,
  html_url: looseText,
  service: named,
  priority: named,
  escalation_policy: named,
});
const typed = z.object({ type: z.literal('incident') });
const envelope = z.object({
  event: z.object({
    id: z.string().min(1),
    event_type: z.string(),
    occurred_at: z.iso.datetime({ offset: true }),
    data: z.unknown(),
  }),
});

const signalOf = (data: z.infer<typeof incident>, { at, isOver }: { at: Date; isOver: boolean }): Reading => {
  const { id, urgency, priority, service, escalation_policy: escalation } = data;
  const labels = { urgency, priority: priority?.summary, escalation_policy: escalation?.summary };
  const known = Object.entries(labels).flatMap(([name, value]) => (value ? [[name, alertText(value)] as const] : []));
  const severity = priority?.summary ?? urgency ?? null;
  return {
    signals: [
      {
        source: 'pagerduty',
        key: id,
        state: isOver ? 'resolved' : 'firing',
        at,
        title: alertText(data.title ?? '') || `PagerDuty incident ${id}`,
        url: alertUrl(data.html_url),
        service: service?.summary ? alertText(service.summary) : null,
        severity: severity === null ? null : alertText(severity),
        labels: Object.fromEntries(known),
      },
    ],
  };
};

const read = (body: unknown, { nowMs }: HookRequest): Reading => {
  const parsed = envelope.safeParse(body);
  if (!parsed.success) return { problem: `This is no V3 webhook of PagerDuty: ${problemIn(parsed.error)}.` };
  const { event_type: type, occurred_at: occurredAt, data } = parsed.data.event;
  const at = new Date(occurredAt);
  if (nowMs - at.getTime() > OLDEST_MS) return { problem: 'This event is older than a day.' };
  if (at.getTime() - nowMs > AHEAD_MS) return { problem: 'This event lies in the future.' };
  if (!type.startsWith('incident.')) return { ignored: type };
  // Notes, responders and status updates come as `incident.…` too, with data of another type.
  if (!typed.safeParse(data).success) return { ignored: type };
  const found = incident.safeParse(data);
  if (!found.success) return { signals: [], unreadable: [`event.data: ${problemIn(found.error)}`] };
  const isOver = type === 'incident.resolved' || (found.data.status === 'resolved' && type !== 'incident.reopened');
  return signalOf(found.data, { at, isOver });
};

const SIGNATURE = /^v1=([0-9a-f]{64})$/i;
/** It sends one for each secret of the webhook. */
const SIGNATURES_MAX = 10;

const signaturesIn = (headers: HookRequest['headers']): string[] =>
  headerOf(headers, 'x-pagerduty-signature')
    .split(',', SIGNATURES_MAX)
    .flatMap((part) => SIGNATURE.exec(part.trim())?.[1]?.toLowerCase() ?? []);

export const pagerduty: AlertTrigger = {
  id: 'pagerduty',
  title: 'PagerDuty',
  path: 'pagerduty',
  variable: 'PAGERDUTY_WEBHOOK_SECRET',
  headersRefusalOf: ({ headers }) => (signaturesIn(headers).length === 0 ? 'it is not signed' : null),
  refusalOf: ({ headers, body }, secrets) => {
    const expected = secrets.map((secret) => hmacHex(secret, body));
    const fits = signaturesIn(headers).map((one) => isAnyOf(one, expected));
    return fits.includes(true) ? null : 'no signature fits';
  },
  signedOf: () => ({ stamp: '', believedMs: OLDEST_MS + AHEAD_MS }),
  read,
};
