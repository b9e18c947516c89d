/** Gauges that are read when they are scraped: from Postgres, so that every process says the same, and from this process' own checks. */
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { CHECKS } from './ops/health.ts';
import type { Checked } from './ops/health.ts';

export type Counts = {
  pending: number;
  active: number;
  ending: number;
  closed: number;
  unsentWork: number;
  oldestWorkMs: number;
  slackWaiting: number;
  slackLagMs: number;
  unsealed: number;
  /** null where there is no sink. */
  sinkBehind: number | null;
  listsUnreadable: number;
};

export type MetricSources = {
  counts: () => Promise<Counts>;
  oldestOverdueMs: () => Promise<number>;
  oldestClosedMs: () => Promise<number>;
  targetProblems: () => Record<string, string>;
  checks: () => Promise<Checked>;
};

export type GaugeOptions = {
  /** False where anybody may read: then no metric names a target. */
  namesTargets: boolean;
  onError: (error: unknown) => void;
};

type Made = <Label extends string = never>(name: string, help: string, labelNames?: readonly Label[]) => Gauge<Label>;

const countGauges = (gauge: Made): ((counts: Counts) => void) => {
  const pending = gauge('latchkey_requests_pending', 'Requests that wait for a decision');
  const active = gauge('latchkey_grants_active', 'Grants whose access works now');
  const ending = gauge('latchkey_grants_ending', 'Grants whose access is being closed');
  const closed = gauge('latchkey_grants_closed', 'Grants whose access is closed and whose login is not removed yet');
  const open = gauge('latchkey_outbox_open', 'Outgoing work that waits to be handed out');
  const oldest = gauge(
    'latchkey_outbox_oldest_seconds',
    'Age of the oldest outgoing work that could be done and is not; 0 when there is none',
  );
  const waiting = gauge('latchkey_slack_messages_waiting', 'Messages that wait for a rate limit of Slack');
  const lag = gauge(
    'latchkey_slack_messages_lag_seconds',
    'How long the first message has waited for a rate limit of Slack; 0 when none waits',
  );
  const unsealed = gauge('latchkey_audit_unsealed', 'Audit events that are not chained yet');
  const behind = gauge('latchkey_audit_sink_behind', 'Audit events that the sink that is furthest behind has not got');
  const unreadable = gauge(
    'latchkey_target_lists_unreadable',
    'Lists of targets that could not be read when they were read last; the last good ones stay in force',
  );
  return (counts) => {
    unreadable.set(counts.listsUnreadable);
    behind.set(counts.sinkBehind ?? 0);
    pending.set(counts.pending);
    active.set(counts.active);
    ending.set(counts.ending);
    closed.set(counts.closed);
    open.set(counts.unsentWork);
    oldest.set(counts.oldestWorkMs / 1000);
    waiting.set(counts.slackWaiting);
    lag.set(counts.slackLagMs / 1000);
    unsealed.set(counts.unsealed);
  };
};

const targetGauges = (gauge: Made, namesTargets: boolean): ((problems: string[]) => void) => {
  const unwell = gauge(
    'latchkey_targets_with_problems',
    'Targets that the last look found unreachable or misconfigured',
  );
  const named = namesTargets
    ? gauge('latchkey_target_problem', '1 for each target that the last look found unreachable or misconfigured', [
        'target',
      ])
    : null;
  return (problems) => {
    unwell.set(problems.length);
    named?.reset();
    for (const target of problems) named?.set({ target }, 1);
  };
};

/** Reads before it is scraped: a gauge that sets others while it is collected would show them as they were. Never rejects. */
export const addGauges = (registry: Registry, sources: MetricSources, options: GaugeOptions): (() => Promise<void>) => {
  const gauge: Made = (name, help, labelNames = []) => new Gauge({ name, help, labelNames, registers: [registry] });
  const setCounts = countGauges(gauge);
  const setTargets = targetGauges(gauge, options.namesTargets);
  const overdue = gauge(
    'latchkey_oldest_overdue_seconds',
    'How late the latest revocation is; 0 when nothing is overdue',
  );
  const unremoved = gauge(
    'latchkey_oldest_removal_seconds',
    'How long the oldest closed grant has waited for the removal of its login; 0 when none waits. Nobody has access by it',
  );
  const isRead = gauge(
    'latchkey_metrics_current',
    '1 when Postgres answered this scrape; 0 when what is read from it is old',
  );
  const check = gauge('latchkey_check_ok', '1 when the check of /readyz passes, 0 when it fails', ['check']);
  return async () => {
    setTargets(Object.keys(sources.targetProblems()));
    const checked = await sources.checks();
    for (const name of CHECKS) check.set({ check: name }, checked[name] === null ? 1 : 0);
    try {
      const [counts, overdueMs, closedMs] = await Promise.all([
        sources.counts(),
        sources.oldestOverdueMs(),
        sources.oldestClosedMs(),
      ]);
      setCounts(counts);
      overdue.set(overdueMs / 1000);
      unremoved.set(closedMs / 1000);
      isRead.set(1);
    } catch (error) {
      isRead.set(0);
      options.onError(error);
    }
  };
};
