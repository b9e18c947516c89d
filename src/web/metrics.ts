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
export type Metrics = { onTargetCall(call: TargetCall): void; handle: Handle };

const addGauges = (registry: Registry, sources: MetricSources): void => {
  const registers = [registry];
  const counted = {
    pending: new Gauge({ name: 'latchkey_requests_pending', help: 'Requests that nobody has decided', registers }),
    active: new Gauge({ name: 'latchkey_grants_active', help: 'Grants whose access works now', registers }),
    ending: new Gauge({ name: 'latchkey_grants_ending', help: 'Grants whose access is being taken back', registers }),
    unsentWork: new Gauge({ name: 'latchkey_outbox_open', help: 'Outgoing work that is not done', registers }),
    unsealed: new Gauge({ name: 'latchkey_audit_unsealed', help: 'Audit events that are not chained yet', registers }),
  };
  new Gauge({
    name: 'latchkey_oldest_overdue_seconds',
    help: 'How late the latest end is; 0 when nothing is overdue',
    registers,
    async collect() {
      this.set((await sources.oldestOverdueMs()) / 1000);
      const counts = await sources.counts();
      for (const key of Object.keys(counted) as (keyof Counts)[]) counted[key].set(counts[key]);
    },
  });
  new Gauge({
    name: 'latchkey_targets_with_problems',
    help: 'Targets that the last look found unreachable or misconfigured',
    registers,
    collect() {
      this.set(Object.keys(sources.targetProblems()).length);
    },
  });
};

export const createMetrics = (sources: MetricSources): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addGauges(registry, sources);
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
  return {
    onTargetCall: ({ provider, target, verb, outcome, durationMs }) => {
      calls.inc({ provider, target, verb, outcome });
      seconds.observe({ provider, verb }, durationMs / 1000);
    },
    handle: async (_request, response) => {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(text);
    },
  };
};
