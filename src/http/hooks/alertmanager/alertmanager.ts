/**
 * Alertmanager's webhook, version 4: prometheus.io/docs/alerting/latest/configuration/#webhook_config (payload, 2xx, 5xx is tried
 * again), #http_config (`authorization` with a bearer token, or `basic_auth`); notify/webhook in github.com/prometheus/alertmanager.
 * Grafana's own, version 1, has the same shape: grafana.com/docs/grafana/latest/alerting, "Configure webhook notifications".
 * They sign nothing: who has the token is believed.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { alertLabels, alertText, alertUrl, isAlertKey } from '../../../domain/alerts/types.ts';
import type { AlertSignal } from '../../../domain/alerts/types.ts';
import { AHEAD_MS, headerOf, isAnyOf, looseText, problemIn, readEach, timeOrNone } from '../source.ts';
import type { AlertTrigger, HookRequest, Reading } from '../source.ts';

const alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), looseText).nullish().catch(null),
  startsAt: timeOrNone,
  // Of what fires it is only a guess, and what is resolved is over whatever stands here.
  endsAt: timeOrNone.catch(null),
  generatorURL: looseText,
  fingerprint: z
    .string()
    .max(100)
    .refine((text) => text === '' || isAlertKey(text), 'holds control characters')
    .nullish(),
});
const message = z.object({ version: z.string(), externalURL: looseText, alerts: z.array(z.unknown()) });

const VERSIONS = { alertmanager: '4', grafana: '1' };

type Alert = z.infer<typeof alert>;
type Received = { nowMs: number; externalUrl: string | null };

/** Bytes that may stand in a key as they are. */
const KEY_BYTES_MAX = 1_000;

/** Versions before 0.16 send no fingerprint; labels are what it is made of. */
const identityOf = ({ fingerprint, labels }: Alert): string => {
  if (fingerprint) return fingerprint;
  const all = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return Buffer.byteLength(all) <= KEY_BYTES_MAX ? all : createHash('sha256').update(all).digest('hex');
};

/** Grafana fires these in place of a rule that has no data or fails; the rule's own name is a label. */
const nameOf = ({ alertname = '', rulename = '' }: Record<string, string>): string =>
  rulename && /^Datasource(NoData|Error)$/.test(alertname) ? `${alertname}: ${rulename}` : alertname;

const titleOf = ({ annotations, labels }: Alert): string =>
  alertText(annotations?.['summary'] ?? '') ||
  alertText(annotations?.['title'] ?? '') ||
  alertText(nameOf(labels)) ||
  'Alert';

/** A source may leave out the start, move it when it resolves, and give an end that is empty or earlier: that end counts as now. */
const timesOf = ({ status, startsAt, endsAt }: Alert, nowMs: number): Pick<AlertSignal, 'at' | 'endsBegunBy'> => {
  const start = new Date(startsAt ?? nowMs);
  const at = start.getTime() > nowMs + AHEAD_MS ? new Date(nowMs) : start;
  if (status === 'firing') return { at };
  const end = endsAt === null ? null : new Date(endsAt);
  const isUsable = end !== null && (startsAt === null || end >= start);
  return { at, endsBegunBy: isUsable ? end : 'any' };
};

/** The key is the same each time it fires; when it began says which time is meant. */
const signalOf = (one: Alert, { nowMs, externalUrl }: Received): AlertSignal => {
  const { status, labels, annotations } = one;
  return {
    source: 'alertmanager',
    key: identityOf(one),
    state: status,
    ...timesOf(one, nowMs),
    title: titleOf(one),
    url: alertUrl(annotations?.['runbook_url']) ?? alertUrl(one.generatorURL) ?? alertUrl(externalUrl),
    service: labels['service'] ? alertText(labels['service']) : null,
    severity: labels['severity'] ? alertText(labels['severity']) : null,
    labels: alertLabels(labels),
  };
};

/** What Grafana's *Test* button sends is never resolved, so it would be shown for ever where an entry matches it. */
const isTest = ({ labels }: Alert): boolean => labels['alertname'] === 'TestAlert' && labels['instance'] === 'Grafana';

const read = (body: unknown, { nowMs }: HookRequest): Reading => {
  const parsed = message.safeParse(body);
  if (!parsed.success)
    return {
      problem: `This is no webhook of Alertmanager (version 4) or Grafana (version 1): ${problemIn(parsed.error)}.`,
    };
  const { version, alerts, externalURL: externalUrl = null } = parsed.data;
  if (!Object.values(VERSIONS).includes(version))
    return {
      problem: `The webhook's version is ${JSON.stringify(version.slice(0, 20))}; Latchkey reads "4" (Alertmanager) and "1" (Grafana).`,
    };
  if (alerts.length === 0) return { ignored: 'no alerts' };
  const readable = alerts.map((one) => alert.safeParse(one));
  if (version === VERSIONS.grafana && readable.every((one) => one.success && isTest(one.data)))
    return { ignored: "Grafana's test alert" };
  return readEach(readable, (one) =>
    one.success ? { signal: signalOf(one.data, { nowMs, externalUrl }) } : { problem: problemIn(one.error) },
  );
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

const refusalOf: AlertTrigger['headersRefusalOf'] = ({ headers }, secrets) => {
  const token = tokenIn(headerOf(headers, 'authorization'));
  if (token === '') return 'it brings no token';
  return isAnyOf(token, secrets) ? null : 'the token is wrong';
};

export const alertmanager: AlertTrigger = {
  id: 'alertmanager',
  title: 'Alertmanager',
  path: 'alertmanager',
  variable: 'ALERTMANAGER_TOKEN',
  headersRefusalOf: refusalOf,
  refusalOf,
  signedOf: null,
  read,
};
