/** Prometheus metrics. Gauges are read from Postgres when they are scraped, so that every process tells the same truth. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Handle } from './server.ts';

export type Counts = { pending: number; active: number; ending: number; unsentWork: number; unsealed: number };
export type MetricSources = {
  counts: () => Promise<Counts>;
  oldestOverdueMs: () => Promise<number>;
  targetProblems: () => Record<string, string>;
};

export type TargetCall = { provider: string; target: string; verb: string; outcome: string; durationMs: number };
/** `refused` counts requests, the others alerts; `asked` those that somebody was told of. */
export type AlertCount = {
  source: string;
  outcome: 'received' | 'refused' | 'unreadable' | 'unmapped' | 'asked';
  count: number;
};
export type Metrics = { onTargetCall(call: TargetCall): void; onAlert(count: AlertCount): void; handle: Handle };

type Refresh = () => Promise<void>;

/** Reads before it is scraped: a gauge that sets others while it is collected would show them as they were. */
const addGauges = (registry: Registry, sources: MetricSources): Refresh => {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
  const counted: Record<keyof Counts, Gauge> = {
    pending: gauge('latchkey_requests_pending', 'Requests that nobody has decided'),
    active: gauge('latchkey_grants_active', 'Grants whose access works now'),
    ending: gauge('latchkey_grants_ending', 'Grants whose access is being taken back'),
    unsentWork: gauge('latchkey_outbox_open', 'Outgoing work that is not done'),
    unsealed: gauge('latchkey_audit_unsealed', 'Audit events that are not chained yet'),
  };
  const overdue = gauge('latchkey_oldest_overdue_seconds', 'How late the latest end is; 0 when nothing is overdue');
  const unwell = gauge(
    'latchkey_targets_with_problems',
    'Targets that the last look found unreachable or misconfigured',
  );
  return async () => {
    const [counts, overdueMs] = await Promise.all([sources.counts(), sources.oldestOverdueMs()]);
    for (const key of Object.keys(counted) as (keyof Counts)[]) counted[key].set(counts[key]);
    overdue.set(overdueMs / 1000);
    unwell.set(Object.keys(sources.targetProblems()).length);
  };
};

export const createMetrics = (sources: MetricSources): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const refresh = addGauges(registry, sources);
  const labelNames = ['provider', 'target', 'verb', 'outcome'] as const;
  const calls = new Counter({
    name: 'latchkey_target_calls_total',
    help: 'Calls to targets',
    labelNames,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'latchkey_target_call_seconds',
    help: 'How long calls to targets took',
    labelNames: ['provider', 'verb'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers: [registry],
  });
  const alerts = new Counter({
    name: 'latchkey_alerts_total',
    help: 'Alerts by what became of them; refused are requests that were not believed or could not be read',
    labelNames: ['source', 'outcome'] as const,
    registers: [registry],
  });
  return {
    onAlert: ({ source, outcome, count }) => alerts.inc({ source, outcome }, count),
    onTargetCall: ({ provider, target, verb, outcome, durationMs }) => {
      calls.inc({ provider, target, verb, outcome });
      seconds.observe({ provider, verb }, durationMs / 1000);
    },
    handle: async (_request, response) => {
      await refresh();
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(text);
    },
  };
};
