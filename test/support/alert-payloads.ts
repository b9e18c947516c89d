/**
 * What sources of alerts send, in the shape of their public documentation, with values of our own. PagerDuty: docs/webhooks in
 * github.com/PagerDuty/developer-docs (01-Overview, 04-Signatures). Alertmanager: prometheus.io/docs/alerting/latest/configuration,
 * "webhook_config".
 */
import { createHmac, randomUUID } from 'node:crypto';

const hex = (secret: string, text: string): string => createHmac('sha256', secret).update(text).digest('hex');
const at = (msAgo: number): string => new Date(Date.now() - msAgo).toISOString();

type PagerDutyEvent = {
  id?: string;
  type?: string;
  title?: string;
  service?: string;
  msAgo?: number;
  dataType?: string;
  status?: string;
};

const reference = (kind: string, id: string, summary: string) => ({
  html_url: `https://acme.pagerduty.com/${kind}s/${id}`,
  id,
  self: `https://api.pagerduty.com/${kind}s/${id}`,
  summary,
  type: `${kind}_reference`,
});

export const pagerDutyEvent = ({
  id = 'Q2ORDERS1',
  type = 'incident.triggered',
  title = 'Orders database does not answer',
  service = 'Orders',
  msAgo = 0,
  dataType = 'incident',
  status = type === 'incident.resolved' ? 'resolved' : 'triggered',
}: PagerDutyEvent = {}): string =>
  JSON.stringify({
    event: {
      id: randomUUID(),
      event_type: type,
      resource_type: 'incident',
      occurred_at: at(msAgo),
      agent: reference('user', 'PUOSCAR', 'Oscar Lind'),
      client: { name: 'PagerDuty' },
      data: {
        id,
        type: dataType,
        self: `https://api.pagerduty.com/incidents/${id}`,
        html_url: `https://acme.pagerduty.com/incidents/${id}`,
        number: 1183,
        status,
        incident_key: 'orders-db/up',
        created_at: at(msAgo),
        title,
        service: reference('service', 'PORDERS', service),
        assignees: [reference('user', 'PUOSCAR', 'Oscar Lind')],
        escalation_policy: reference('escalation_policie', 'PPROD', 'Production'),
        teams: [reference('team', 'PTEAM', 'Platform')],
        priority: reference('prioritie', 'P53ZZH5', 'P1'),
        urgency: 'high',
        conference_bridge: null,
        resolve_reason: null,
      },
    },
  });

export const pagerDutySigned = (body: string, ...secrets: string[]): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': 'PagerDuty-Webhook/V3.0',
  'x-webhook-id': randomUUID(),
  'x-pagerduty-signature': secrets.map((secret) => `v1=${hex(secret, body)}`).join(','),
});

type PrometheusAlert = {
  status?: 'firing' | 'resolved';
  name?: string;
  pod?: string;
  startedMsAgo?: number;
  labels?: Record<string, string>;
  summary?: string;
};

const prometheusAlert = ({
  status = 'firing',
  name = 'OrdersDbDown',
  pod = 'orders-0',
  startedMsAgo = 60_000,
  labels = {},
  summary = 'The orders database does not answer',
}: PrometheusAlert) => ({
  status,
  labels: { alertname: name, severity: 'critical', pod, ...labels },
  annotations: { summary, runbook_url: 'https://runbooks.acme.test/orders-db' },
  startsAt: new Date(Math.floor(Date.now() / 600_000) * 600_000 - startedMsAgo).toISOString(),
  endsAt: status === 'resolved' ? at(0) : '0001-01-01T00:00:00Z',
  generatorURL: 'https://prometheus.acme.test/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
  fingerprint: hex('fingerprint', `${name}${pod}`).slice(0, 16),
});

export const alertmanagerMessage = (...alerts: PrometheusAlert[]): string => {
  const all = (alerts.length > 0 ? alerts : [{}]).map(prometheusAlert);
  return JSON.stringify({
    receiver: 'latchkey',
    status: all.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: all,
    groupLabels: { alertname: all[0]?.labels.alertname },
    commonLabels: { severity: 'critical' },
    commonAnnotations: {},
    externalURL: 'https://alertmanager.acme.test',
    version: '4',
    groupKey: '{}:{alertname="OrdersDbDown"}',
    truncatedAlerts: 0,
  });
};

export const bearer = (token: string): Record<string, string> => ({
  'content-type': 'application/json',
  authorization: `Bearer ${token}`,
});

export const genericAlert = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({ key: 'backup-7', status: 'firing', title: 'The nightly backup failed', service: 'backup', ...more });

export const genericSigned = (body: string, secret: string, atMs = Date.now()): Record<string, string> => {
  const stamp = String(Math.floor(atMs / 1000));
  return {
    'content-type': 'application/json',
    'x-latchkey-timestamp': stamp,
    'x-latchkey-signature': `v1=${hex(secret, `v1:${stamp}:${body}`)}`,
  };
};

/** Gives the status and what was answered. */
export const send = async (
  port: number,
  path: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<{ status: number; answer: Record<string, unknown> }> => {
  const response = await fetch(`http://127.0.0.1:${port}/hooks/${path}`, { method: 'POST', body, headers });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
};
