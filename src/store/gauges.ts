/** Figures about the whole: what waits, what lives, what is late. Each is read from a partial index. */
import { sql } from 'drizzle-orm';
import type { Store } from '../application/deps.ts';
import { isOneOf } from './schema/columns.ts';
import { LIVE_STATES, grants } from './schema/requests.ts';
import { only } from './statement.ts';
import type { Db } from './statement.ts';

const isLive = isOneOf(grants.state, LIVE_STATES);

/** What is being ended was due at the latest when that began. */
const overdueQuery = sql`
  select greatest(0, extract(epoch from clock_timestamp() - least(
    (select min(expires_at) from grants where ${isLive}),
    (select min(ending_at) from grants where state = 'ending')
  )) * 1000)::double precision as value`;

const nextDeadlineQuery = sql`
  select (extract(epoch from min(expires_at) - clock_timestamp()) * 1000)::double precision as value
  from grants where state = 'active'`;

const countsQuery = sql`
  select (select count(*) from requests where state = 'pending')::int as "pending",
    (select count(*) from grants where state = 'active')::int as "active",
    (select count(*) from grants where state = 'ending')::int as "ending",
    (select count(*) from grants where state = 'closed')::int as "closed",
    (select count(*) from outbox where dispatched_at is null)::int as "unsentWork",
    (select greatest(0, coalesce(extract(epoch from clock_timestamp() - min(available_at)), 0) * 1000)
      from outbox)::double precision as "oldestWorkMs",
    (select count(*) from outbox where last_error = 'ratelimited')::int as "slackWaiting",
    (select greatest(0, coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0) * 1000)
      from outbox where last_error = 'ratelimited')::double precision as "slackLagMs",
    (select count(*) from audit_unsealed)::int as "unsealed",
    (select greatest(0, coalesce((select max(seq) from audit_chain), 0) - min(cursor)) from audit_sinks)::int as "sinkBehind",
    (select count(distinct list) from target_lists
      where problem is not null and tried_at > clock_timestamp() - interval '1 day')::int as "listsUnreadable"`;

/** Nobody has access by what this waits for. */
const oldestClosedQuery = sql`
  select greatest(0, coalesce(extract(epoch from clock_timestamp() - min(closed_at)), 0) * 1000)::double precision as value
  from grants where state = 'closed'`;

type Gauges = Pick<Store['read'], 'oldestOverdueMs' | 'oldestClosedMs' | 'msToNextDeadline' | 'counts'>;
type Counts = Awaited<ReturnType<Gauges['counts']>>;

export const gaugeReads = (db: Db): Gauges => ({
  oldestOverdueMs: async () => only((await db.execute<{ value: number | null }>(overdueQuery)).rows).value ?? 0,
  oldestClosedMs: async () => only((await db.execute<{ value: number }>(oldestClosedQuery)).rows).value,
  msToNextDeadline: async () => only((await db.execute<{ value: number | null }>(nextDeadlineQuery)).rows).value,
  counts: async () => only((await db.execute<Counts>(countsQuery)).rows),
});
