/** What is exported, and that the dashboard, the alert rules and the docs speak of that and nothing else. */
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { parse } from 'yaml';
import { afterEach, describe, expect, test } from 'vitest';
import { checkEntry } from '../../src/domain/audit/check-entry.ts';
import type { AuditEntry, EventData, EventType } from '../../src/domain/audit/events.ts';
import { SYSTEM } from '../../src/domain/audit/events.ts';
import { createLog } from '../../src/lib/log.ts';
import { NOTHING_CHECKED } from '../../src/http/ops/health.ts';
import type { MetricSources } from '../../src/http/metric-gauges.ts';
import { createMetrics } from '../../src/http/ops/metrics.ts';
import type { Metrics } from '../../src/http/ops/metrics.ts';
import { startWebServer } from '../../src/http/server.ts';
import type { WebServer } from '../../src/http/server.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
let lines = '';
const log = createLog(
  'info',
  new Writable({
    write: (chunk, _encoding, done) => {
      lines += String(chunk);
      done();
    },
  }),
);
let server: WebServer | null = null;
afterEach(async () => {
  await server?.stop();
  lines = '';
});

const SOURCES: MetricSources = {
  counts: async () => ({
    pending: 1,
    active: 2,
    ending: 3,
    closed: 6,
    unsentWork: 4,
    oldestWorkMs: 2_500,
    slackWaiting: 6,
    slackLagMs: 7_500,
    unsealed: 5,
    sinkBehind: 6,
    listsUnreadable: 7,
  }),
  oldestOverdueMs: async () => 1_500,
  oldestClosedMs: async () => 400_000,
  targetProblems: () => ({ 'orders-db': 'It is down.' }),
  checks: async () => ({ ...NOTHING_CHECKED, redis: 'Redis is down.' }),
};

const made = (namesTargets: boolean, sources: Partial<MetricSources> = {}): Metrics =>
  createMetrics({ ...SOURCES, ...sources }, { version: '1.2.3', namesTargets, log });

const entry = <T extends EventType>(type: T, data: EventData<T>): AuditEntry =>
  checkEntry({ type, actor: SYSTEM, requestId: 'r1', grantId: 'g1', target: 'orders-db', role: 'read', data });

const DECIDED = { rule: null, policy: 'p1' };

const fill = (metrics: Metrics): void => {
  metrics.onTargetCall({ provider: 'postgres', target: 'orders-db', verb: 'grant', outcome: 'ok', durationMs: 12 });
  metrics.onAlert({ source: 'pagerduty', outcome: 'received', count: 2 });
  metrics.onSlackCall({ method: 'chat.postMessage', outcome: 'rate_limited' });
  metrics.onAnswered({ route: 'POST /slack/events', status: 401, durationMs: 4 });
  const requestedAt = new Date(Date.now() - 90_000).toISOString();
  const readback = { operation: 'close_and_read_back', answer: 'closed' } as const;
  metrics.onEvents([
    entry('request.created', { ...DECIDED, isBreakGlass: true, durationMs: 1, reason: 'look', ticket: null }),
    entry('request.approved', { ...DECIDED, decision: 'd1', votes: [], preApprovals: [], requestedAt }),
    entry('grant.closed', {
      cause: 'expired',
      lateMs: 700,
      attempts: 1,
      expiresAt: requestedAt,
      readback,
      handle: null,
    }),
  ]);
};

const scrape = async (metrics: Metrics): Promise<string> => {
  server = await startWebServer({
    port: 0,
    host: null,
    variable: 'PORT',
    routes: { 'GET /metrics': metrics.handle },
    log,
  });
  const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect(answer.status).toBe(200);
  return answer.text();
};

const exported = async (): Promise<Set<string>> => {
  const metrics = made(true);
  fill(metrics);
  return new Set([...(await scrape(metrics)).matchAll(/^# TYPE (latchkey_\w+)/gm)].map(([, name = '']) => name));
};

/** A histogram is used by its parts. */
const named = (text: string): string[] =>
  [...text.matchAll(/\blatchkey_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));

test('figures of the store, of targets, of Slack, and of what was decided', async () => {
  const metrics = made(true);
  fill(metrics);
  const text = await scrape(metrics);
  for (const line of [
    'latchkey_requests_pending 1',
    'latchkey_grants_active 2',
    'latchkey_grants_ending 3',
    'latchkey_grants_closed 6',
    'latchkey_oldest_removal_seconds 400',
    'latchkey_outbox_open 4',
    'latchkey_slack_messages_waiting 6',
    'latchkey_slack_messages_lag_seconds 7.5',
    'latchkey_outbox_oldest_seconds 2.5',
    'latchkey_audit_unsealed 5',
    'latchkey_audit_sink_behind 6',
    'latchkey_oldest_overdue_seconds 1.5',
    'latchkey_targets_with_problems 1',
    'latchkey_target_problem{target="orders-db"} 1',
    'latchkey_check_ok{check="redis"} 0',
    'latchkey_check_ok{check="postgres"} 1',
    'latchkey_metrics_current 1',
    `latchkey_build_info{version="1.2.3",node="${process.version}"} 1`,
    'latchkey_target_calls_total{provider="postgres",target="orders-db",verb="grant",outcome="ok"} 1',
    'latchkey_alerts_total{source="pagerduty",outcome="received"} 2',
    'latchkey_slack_calls_total{method="chat.postMessage",outcome="rate_limited"} 1',
    'latchkey_http_responses_total{route="POST /slack/events",status="401"} 1',
    'latchkey_requests_total{target="orders-db",outcome="created"} 1',
    'latchkey_requests_total{target="orders-db",outcome="approved"} 1',
    'latchkey_break_glass_total{target="orders-db"} 1',
    'latchkey_events_total{type="grant.closed"} 1',
    'latchkey_decision_seconds_bucket{le="60",outcome="approved"} 0',
    'latchkey_decision_seconds_bucket{le="120",outcome="approved"} 1',
    'latchkey_revocation_lateness_seconds_bucket{le="0.5",cause="expired"} 0',
    'latchkey_revocation_lateness_seconds_bucket{le="1",cause="expired"} 1',
  ])
    expect(text).toContain(line);
});

test('no target is named on the port that is open to all', async () => {
  const metrics = made(false);
  fill(metrics);
  const text = await scrape(metrics);
  expect(text).not.toContain('orders-db');
  expect(text).toContain('latchkey_targets_with_problems 1');
  expect(text).toContain('latchkey_requests_total{target="",outcome="created"} 1');
});

test('while Postgres is away a scrape is answered, says so, and writes one line however often', async () => {
  const metrics = made(true, { counts: () => Promise.reject(new Error('connection refused')) });
  const text = await scrape(metrics);
  expect(text).toContain('latchkey_metrics_current 0');
  expect(text).toContain('latchkey_check_ok{check="redis"} 0');
  for (let again = 0; again < 5; again += 1) await fetch(`http://127.0.0.1:${server?.port}/metrics`);
  expect(lines.match(/failed to read metrics from Postgres/g)).toHaveLength(1);
});

test('a target that is well again is not named any more', async () => {
  let problems: Record<string, string> = { 'orders-db': 'It is down.' };
  const metrics = made(true, { targetProblems: () => problems });
  expect(await scrape(metrics)).toContain('latchkey_target_problem{target="orders-db"} 1');
  problems = {};
  expect(await (await fetch(`http://127.0.0.1:${server?.port}/metrics`)).text()).not.toContain('orders-db');
});

describe('the series that are exported', () => {
  test('are each in docs/operations.md, which names no other', async () => {
    const documented = new Set(named(read('docs/operations.md')));
    expect([...documented].sort()).toEqual([...(await exported())].sort());
  });

  test('are all that the alert rules use, and each rule says what is wrong and what to do', async () => {
    const text = read('deploy/prometheus/rules.yml');
    const { groups } = parse(text) as {
      groups: {
        rules: { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> }[];
      }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    const known = await exported();
    const wrong = rules.filter(({ expr, labels, annotations }) => {
      const used = named(expr);
      const isSaid = [annotations['summary'], annotations['description']].every((text) => text?.endsWith('.'));
      const isGraded = ['critical', 'warning', 'info'].includes(labels.severity);
      return used.length === 0 || used.some((name) => !known.has(name)) || !isSaid || !isGraded;
    });
    expect(wrong).toEqual([]);
  });

  test('are all that the dashboard shows, and it shows each of them', async () => {
    const dashboard = JSON.parse(read('deploy/grafana/latchkey.json')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const used = new Set(dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => named(expr))));
    expect([...used].sort()).toEqual([...(await exported())].sort());
    expect(dashboard.panels.every(({ title, targets }) => title !== '' && targets.length > 0)).toBe(true);
  });
});
