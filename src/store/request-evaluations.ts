/** Requests as they were judged: written once, read by `policy replay`. */
import type pg from 'pg';
import type { EvaluationRecord, PastEvaluation } from '../domain/policy/past.ts';
import type { BoundEmail } from '../domain/principals/identity.ts';
import type { RequestChange, Requirement } from '../domain/requests/request.ts';
import type { Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { requestEvaluations } from './schema/request-evaluations.ts';
import type { Db } from './statement.ts';

export const evaluationWrites = (db: Db, { later }: Line): Tx['evaluations'] => ({
  record: async ({ requestId, requesterId, judgedAt, record }) => {
    later(() => db.insert(requestEvaluations).values({ requestId, requesterId, judgedAt, record }).execute());
  },
});

const BATCH = 500;

type Row = {
  key: string;
  at: Date;
  /** `at` to the microsecond, which a Date loses. */
  exact: string;
  person_id: string;
  user_id: string;
  name: string;
  email: BoundEmail | null;
  id: string | null;
  target: string;
  role: string;
  duration_ms: string;
  reason: string;
  ticket: string | null;
  rule: string | null;
  requirements: Requirement[];
  changes: RequestChange[];
  record: EvaluationRecord | null;
};

/** Break-glass is judged by no rule, so there is nothing to judge again. */
const UNRECORDED = `
select r.id as key, r.created_at as at, r.created_at::text as exact, r.requester_id as person_id, coalesce(p.user_id, '') as user_id, coalesce(p.name, c.name, r.requester_id) as name, p.email, r.id, r.target, r.role, r.duration_ms,
  r.reason, r.ticket, r.rule, r.requirements, r.changes, null as record
from requests r left join people p on p.id = r.requester_id left join clients c on c.id = r.requester_id
where r.created_at > clock_timestamp() - $1 * interval '1 millisecond' and (r.created_at, r.id) > ($2, $3) and not r.is_break_glass
  and not exists (select from asks a where a.request_id = r.id)
order by r.created_at, r.id limit ${BATCH}`;

const RECORDED = `
select a.id::text as key, a.judged_at as at, a.judged_at::text as exact, a.requester_id as person_id, coalesce(p.user_id, '') as user_id, coalesce(p.name, c.name, a.requester_id) as name, p.email, a.request_id as id, '' as target,
  '' as role, 0 as duration_ms, '' as reason, null as ticket, null as rule, '[]'::jsonb as requirements, '[]'::jsonb as changes,
  a.record
from asks a left join people p on p.id = a.requester_id left join clients c on c.id = a.requester_id
where a.judged_at > clock_timestamp() - $1 * interval '1 millisecond' and (a.judged_at, a.id) > ($2, $3::bigint)
order by a.judged_at, a.id limit ${BATCH}`;

const pastEvaluation = (row: Row): PastEvaluation => {
  // What was requested first, before an approver made it smaller.
  const first = row.changes[0]?.before;
  return {
    id: row.id ?? `ask ${row.key}`,
    at: row.at,
    requester: { personId: row.person_id, userId: row.user_id, name: row.name, email: row.email },
    requested: {
      target: row.target,
      role: first?.role ?? row.role,
      durationMs: first?.durationMs ?? Number(row.duration_ms),
      reason: row.reason,
      ticket: row.ticket,
    },
    rule: row.rule,
    requirements: row.requirements,
    record: row.record,
  };
};

type Kind = { statement: string; firstKey: string };

async function* rowsOf(pool: pg.Pool, sinceMs: number, { statement, firstKey }: Kind): AsyncGenerator<PastEvaluation> {
  let [at, key] = ['-infinity', firstKey];
  for (;;) {
    const { rows } = await pool.query<Row>(statement, [sinceMs, at, key]);
    for (const row of rows) yield pastEvaluation(row);
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return;
    [at, key] = [last.exact, last.key];
  }
}

/** From the last `sinceMs`, oldest first, in batches: requests from before records were kept, then every one that was recorded. */
export async function* pastEvaluations(pool: pg.Pool, sinceMs: number): AsyncGenerator<PastEvaluation> {
  yield* rowsOf(pool, sinceMs, { statement: UNRECORDED, firstKey: '' });
  yield* rowsOf(pool, sinceMs, { statement: RECORDED, firstKey: '0' });
}
