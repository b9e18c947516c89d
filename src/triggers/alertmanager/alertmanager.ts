/**
 * Alertmanager's webhook, version 4: prometheus.io/docs/alerting/latest/configuration/#webhook_config (payload, 2xx, 5xx is tried
 * again), #http_config (`authorization` with a bearer token, or `basic_auth`); notify/webhook in github.com/prometheus/alertmanager.
 * It signs nothing: whoever has the token is believed.
 */
import { z } from 'zod';
import { alertText, alertUrl } from '../../core/alerts/types.ts';
import type { AlertSignal } from '../../core/alerts/types.ts';
import { headerOf, isAnyOf } from '../trigger.ts';
import type { AlertTrigger, Reading } from '../trigger.ts';

const texts = z.record(z.string(), z.string());
const alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: texts,
  annotations: texts.nullish(),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }).nullish(),
  generatorURL: z.string().nullish(),
  fingerprint: z.string().max(100).nullish(),
});
const message = z.object({
  version: z.literal('4'),
  groupKey: z.string(),
  externalURL: z.string().nullish(),
  alerts: z.array(alert),
});

type Alert = z.infer<typeof alert>;

/** Versions before 0.16 send no fingerprint; labels are what it is made of. */
const identityOf = ({ fingerprint, labels }: Alert): string =>
  fingerprint || JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))).slice(0, 2_000);

const titleOf = ({ annotations, labels }: Alert): string =>
  alertText(annotations?.summary ?? '') ||
  alertText(annotations?.title ?? '') ||
  alertText(labels.alertname ?? '') ||
  'Alert';

const labelsOf = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, alertText(value)]));

/** Each time it fires anew has its own start, so its own key; `endsAt` of what still fires is only a guess. */
const signalOf = (one: Alert, externalUrl: string | null | undefined): AlertSignal => {
  const { status, labels, annotations, startsAt, endsAt } = one;
  const start = new Date(startsAt);
  return {
    source: 'alertmanager',
    key: `${identityOf(one)}:${start.toISOString()}`,
    state: status,
    at: status === 'resolved' && endsAt ? new Date(endsAt) : start,
    title: titleOf(one),
    url: alertUrl(annotations?.runbook_url) ?? alertUrl(one.generatorURL) ?? alertUrl(externalUrl),
    service: labels.service ? alertText(labels.service) : null,
    severity: labels.severity ? alertText(labels.severity) : null,
    labels: labelsOf(labels),
  };
};

const read = (body: unknown): Reading => {
  const parsed = message.safeParse(body);
  if (!parsed.success) return { problem: 'This is no webhook of Alertmanager, version 4.' };
  const { alerts, externalURL } = parsed.data;
  return alerts.length === 0 ? { ignored: 'no alerts' } : { signals: alerts.map((one) => signalOf(one, externalURL)) };
};

/** `Bearer <token>`, or `Basic` with the token as the password of any user. */
const tokenIn = (authorization: string): string => {
  const [scheme = '', ...rest] = authorization.split(' ');
  const value = rest.join(' ').trim();
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
};

export const alertmanager: AlertTrigger = {
  id: 'alertmanager',
  title: 'Alertmanager',
  path: 'alertmanager',
  variable: 'ALERTMANAGER_TOKEN',
  refusalOf: ({ headers }, secrets) => {
    const token = tokenIn(headerOf(headers, 'authorization'));
    if (token === '') return 'it brings no token';
    return isAnyOf(token, secrets) ? null : 'the token is wrong';
  },
  read,
};
