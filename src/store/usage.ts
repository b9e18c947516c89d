/** Whether access that was given is used: whose target is to be asked, and what was seen there first. */
import { and, asc, inArray, isNull, sql } from 'drizzle-orm';
import type { Grant } from '../domain/grants/grant.ts';
import type { InUse, UseReads, UseWrites } from '../application/grants/usage-ports.ts';
import { grants, requests } from './schema/requests.ts';
import { ROW_LOCK } from './statement.ts';
import type { Db } from './statement.ts';
import { grantColumns } from './grants.ts';

const stillUnseen = sql`g.state = 'active' and g.is_use_told and g.first_used_at is null`;

/**
 * One statement picks and takes. It goes through the index from target to target, one row in each, however much lives there; a plain
 * "exists" for each target may read all grants to find none. In one order, so that two processes do not wait for each other.
 */
const takeTargets = async (db: Db, targets: string[], everyMs: number): Promise<string[]> => {
  if (targets.length === 0) return [];
  const { rows } = await db.execute<{ target: string }>(sql`
    with recursive unseen(target) as (
      (select g.target from grants g where ${stillUnseen} order by g.target limit 1)
      union all
      select (select g.target from grants g where ${stillUnseen} and g.target > unseen.target order by g.target limit 1)
      from unseen where unseen.target is not null
    )
    insert into use_looks as looks (target, next_at)
    select unseen.target, clock_timestamp() + ${everyMs}::double precision * interval '1 millisecond'
    from unseen left join use_looks as last on last.target = unseen.target
    where unseen.target = any(${sql.param(targets)}::text[]) and (last.next_at is null or last.next_at <= clock_timestamp())
    order by unseen.target
    on conflict (target) do update set next_at = excluded.next_at where looks.next_at <= clock_timestamp()
    returning target`);
  return rows.map(({ target }) => target);
};

export const useReads = (db: Db): UseReads => ({
  takeTargetsToSee: (targets, everyMs) => takeTargets(db, targets, everyMs),
});

const isLive = sql`${grants.state} in ('active', 'ending')`;

/** Locked before they are changed, request first and in one order as everywhere; rows that somebody holds are theirs. */
const setUsed = async (db: Db, seen: readonly InUse[]): Promise<Grant[]> => {
  if (seen.length === 0) return [];
  const ids = seen.map(({ grantId }) => grantId);
  const isUnseen = and(inArray(grants.id, ids), isNull(grants.firstUsedAt), isLive);
  const unseen = await db
    .select({ id: grants.id })
    .from(grants)
    .innerJoin(requests, sql`${requests.id} = ${grants.requestId}`)
    .where(isUnseen)
    .orderBy(asc(requests.id))
    .for(ROW_LOCK, { of: [requests, grants], skipLocked: true });
  if (unseen.length === 0) return [];
  const ages = seen.map(({ forMs }) => forMs);
  const age = sql`(select max(s.for_ms) from unnest(${sql.param(ids)}::text[], ${sql.param(ages)}::double precision[])
    as s(id, for_ms) where s.id = ${grants.id})`;
  const at = unseen.map(({ id }) => id);
  return db
    .update(grants)
    .set({ firstUsedAt: sql`clock_timestamp() - ${age} * interval '1 millisecond'` })
    .where(and(inArray(grants.id, at), isNull(grants.firstUsedAt)))
    .returning(grantColumns);
};

export const useWrites = (db: Db): UseWrites => ({ setUsed: (seen) => setUsed(db, seen) });
