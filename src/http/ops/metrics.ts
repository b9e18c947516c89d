/** Prometheus metrics of a process. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { AuditEntry } from '../../domain/audit/events.ts';
import type { Log } from '../../lib/log.ts';
import { oneAtATime } from '../../lib/serializer.ts';
import { createRarely } from '../../lib/rarely.ts';
import { createEventMetrics } from '../metric-events.ts';
import { addGauges } from '../metric-gauges.ts';
import type { MetricSources } from '../metric-gauges.ts';
import type { Handle } from '../routes.ts';
import type { Answered } from '../server.ts';

export type TargetCall = { provider: string; target: string; verb: string; outcome: string; durationMs: number };
/** `refused` counts requests, the others alerts; `asked` those that somebody was notified of. */
export type AlertCount = {
  source: string;
  outcome: 'received' | 'refused' | 'unreadable' | 'unmapped' | 'repeated' | 'asked';
  count: number;
};
export type SlackCall = { method: string; outcome: string };

export type Metrics = {
  onTargetCall(call: TargetCall): void;
  onAlert(count: AlertCount): void;
  onSlackCall(call: SlackCall): void;
  onJobDropped(reason: string): void;
  onAnswered(answered: Answered): void;
  onEvents(entries: readonly AuditEntry[]): void;
  handle: Handle;
};

export type MetricOptions = {
  version: string;
  /** False where anybody may read: then no metric names a target. */
  namesTargets: boolean;
  log: Log;
};

const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

const addBuildInfo = (registry: Registry, version: string): void => {
  new Gauge({
    name: 'latchkey_build_info',
    help: 'Always 1; says which version runs on which Node',
    labelNames: ['version', 'node'] as const,
    registers: [registry],
  }).set({ version, node: process.version }, 1);
};

const addTargetCalls = (registry: Registry, namesTargets: boolean): Metrics['onTargetCall'] => {
  const calls = new Counter({
    name: 'latchkey_target_calls_total',
    help: 'Calls to targets',
    labelNames: ['provider', 'target', 'verb', 'outcome'] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'latchkey_target_call_seconds',
    help: 'How long calls to targets took',
    labelNames: ['provider', 'verb'] as const,
    buckets: CALL_BUCKETS,
    registers: [registry],
  });
  return ({ provider, target, verb, outcome, durationMs }) => {
    calls.inc({ provider, target: namesTargets ? target : '', verb, outcome });
    seconds.observe({ provider, verb }, durationMs / 1000);
  };
};

const addAlerts = (registry: Registry): Metrics['onAlert'] => {
  const alerts = new Counter({
    name: 'latchkey_alerts_total',
    help: 'Alerts by what became of them; refused are requests that were not believed or could not be read',
    labelNames: ['source', 'outcome'] as const,
    registers: [registry],
  });
  return ({ source, outcome, count }) => alerts.inc({ source, outcome }, count);
};

const addSlackCalls = (registry: Registry): Metrics['onSlackCall'] => {
  const calls = new Counter({
    name: 'latchkey_slack_calls_total',
    help: 'Calls of the Slack API by method and outcome',
    labelNames: ['method', 'outcome'] as const,
    registers: [registry],
  });
  return (call) => calls.inc(call);
};

const addDroppedJobs = (registry: Registry): Metrics['onJobDropped'] => {
  const dropped = new Counter({
    name: 'latchkey_jobs_dropped_total',
    help: 'Jobs in Redis that were dropped because they fit no waiting work',
    labelNames: ['reason'] as const,
    registers: [registry],
  });
  return (reason) => dropped.inc({ reason });
};

const addHttp = (registry: Registry): Metrics['onAnswered'] => {
  const responses = new Counter({
    name: 'latchkey_http_responses_total',
    help: 'Answers to HTTP requests',
    labelNames: ['route', 'status'] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'latchkey_http_response_seconds',
    help: 'Time from the headers of an HTTP request to the end of its answer',
    labelNames: ['route'] as const,
    buckets: CALL_BUCKETS,
    registers: [registry],
  });
  return ({ route, status, durationMs }) => {
    responses.inc({ route, status });
    seconds.observe({ route }, durationMs / 1000);
  };
};

export const createMetrics = (sources: MetricSources, { version, namesTargets, log }: MetricOptions): Metrics => {
  const registry = new Registry();
  const rarely = createRarely();
  collectDefaultMetrics({ register: registry });
  addBuildInfo(registry, version);
  const onError = (error: unknown): void =>
    rarely('scrape', (leftOut) => log.warn({ err: error, leftOut }, 'failed to read metrics from Postgres'));
  const refresh = addGauges(registry, sources, { namesTargets, onError });
  const scrape = oneAtATime(async () => {
    await refresh();
    return registry.metrics();
  });
  return {
    onAlert: addAlerts(registry),
    onTargetCall: addTargetCalls(registry, namesTargets),
    onSlackCall: addSlackCalls(registry),
    onJobDropped: addDroppedJobs(registry),
    onAnswered: addHttp(registry),
    onEvents: createEventMetrics(registry, { namesTargets }),
    handle: async (_request, response) => {
      const text = await scrape('metrics');
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(text);
    },
  };
};
