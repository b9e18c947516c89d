/** Counters of what was decided and done, from the events of the audit log that this process committed. Summed over processes they are the whole. */
import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { AuditEntry, EventType } from '../domain/audit/events.ts';

const OUTCOMES: Partial<Record<EventType, string>> = {
  'request.created': 'created',
  'request.refused': 'refused',
  'request.approved': 'approved',
  'request.denied': 'denied',
  'request.cancelled': 'cancelled',
  'request.lapsed': 'lapsed',
};

const MINUTE = 60;
const HOUR = 3_600;
const DECISION_BUCKETS = [
  10,
  30,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  24 * HOUR,
];
const LATENESS_BUCKETS = [0.25, 0.5, 1, 2, 5, 10, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];

const addCounters = (registry: Registry) => ({
  events: new Counter({
    name: 'latchkey_events_total',
    help: 'Events of the audit log by type',
    labelNames: ['type'] as const,
    registers: [registry],
  }),
  requests: new Counter({
    name: 'latchkey_requests_total',
    help: 'Requests by what became of them',
    labelNames: ['target', 'outcome'] as const,
    registers: [registry],
  }),
  breakGlass: new Counter({
    name: 'latchkey_break_glass_total',
    help: 'Access that was taken by break-glass',
    labelNames: ['target'] as const,
    registers: [registry],
  }),
  decided: new Histogram({
    name: 'latchkey_decision_seconds',
    help: 'Time from a request to the decision of a person',
    labelNames: ['outcome'] as const,
    buckets: DECISION_BUCKETS,
    registers: [registry],
  }),
  lateness: new Histogram({
    name: 'latchkey_revocation_lateness_seconds',
    help: 'Time from when access was to end until the target confirmed that it is closed',
    labelNames: ['cause'] as const,
    buckets: LATENESS_BUCKETS,
    registers: [registry],
  }),
});

/** `requestedAt` is there where a person decided. The two clocks are the database's and this machine's. */
const decisionSeconds = (entry: AuditEntry): number | null => {
  if (entry.type !== 'request.approved' && entry.type !== 'request.denied') return null;
  const { requestedAt } = entry.data;
  return requestedAt === undefined ? null : Math.max(0, (Date.now() - Date.parse(requestedAt)) / 1000);
};

export const createEventMetrics = (
  registry: Registry,
  { namesTargets }: { namesTargets: boolean },
): ((entries: readonly AuditEntry[]) => void) => {
  const { events, requests, breakGlass, decided, lateness } = addCounters(registry);
  const count = (entry: AuditEntry): void => {
    const { type } = entry;
    const target = namesTargets ? (entry.target ?? '') : '';
    const outcome = OUTCOMES[type];
    events.inc({ type });
    if (outcome !== undefined) requests.inc({ target, outcome });
    if (entry.type === 'request.created' && entry.data.isBreakGlass === true) breakGlass.inc({ target });
    const seconds = decisionSeconds(entry);
    if (seconds !== null && outcome !== undefined) decided.observe({ outcome }, seconds);
    if (entry.type === 'grant.closed' && entry.data.cause !== null)
      lateness.observe({ cause: entry.data.cause }, entry.data.lateMs / 1000);
  };
  return (entries) => entries.forEach(count);
};
