/** What one principal has at the same time. Two accounts of one human count together, as `domain/principals/identity.ts` distinguishes them. */
import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Holdings, LimitWrites } from '../application/decisions/limit-ports.ts';
import { mailboxOf } from './schema/mailbox.ts';
import { only } from './statement.ts';
import type { Db } from './statement.ts';

type Row = {
  kind: 'open' | 'live';
  id: string;
  target: string;
  role: string;
  until: Date;
  isBreakGlass: boolean;
};

/** A client is itself and nothing else. */
const accountsOf = (principalId: string): SQL => sql`
  select ${principalId}::text collate "C" as id
  union
  select p.id from people p join people me on p.user_id = me.user_id where me.id = ${principalId}
  union
  select p.id from people p join people me on ${mailboxOf(sql`p.email`)} = ${mailboxOf(sql`me.email`)} where me.id = ${principalId}`;

const holdingsOf = async (db: Db, principalId: string): Promise<Holdings> => {
  const { rows } = await db.execute<Row>(sql`
    with accounts as materialized (${accountsOf(principalId)})
    select 'open' as kind, r.id, r.target, r.role, r.lapses_at as until, r.is_break_glass as "isBreakGlass", r.created_at as since
    from requests r
    where r.state = 'pending' and r.extends_grant_id is null and r.requester_id in (select id from accounts)
    union all
    select 'live', g.id, g.target, g.role, g.expires_at, r.is_break_glass, g.created_at
    from grants g join requests r on r.id = g.request_id
    where g.state in ('activating', 'active', 'ending') and g.grantee_id in (select id from accounts)
    order by since, id`);
  const of = (kind: Row['kind']): Row[] => rows.filter((row) => row.kind === kind);
  return {
    open: of('open').map(({ id, target, role, until }) => ({
      requestId: id,
      target,
      role,
      lapsesAt: new Date(until),
    })),
    live: of('live').map(({ id, target, role, until, isBreakGlass }) => ({
      grantId: id,
      target,
      role,
      expiresAt: new Date(until),
      isBreakGlass,
    })),
  };
};

export const limitReads = (db: Db) => ({
  holdings: (principalId: string): Promise<Holdings> => holdingsOf(db, principalId),
});

export const limitWrites = (db: Db): LimitWrites => ({
  hold: async (principalId) => {
    // A statement of its own: what it counts is read when the lock is held.
    await db.execute(sql`
      select pg_advisory_xact_lock(hashtextextended('limits ' || coalesce(${mailboxOf(sql`p.email`)}, p.user_id, one.id), 0))
      from principals one left join people p on p.id = one.id where one.id = ${principalId}`);
    return holdingsOf(db, principalId);
  },
  countRefusal: async (principalId) => {
    const { rows } = await db.execute<{ count: number }>(sql`
      insert into refusal_counts as counted (principal_id, since, count) values (${principalId}, clock_timestamp(), 1)
      on conflict (principal_id) do update set
        count = case when counted.since < clock_timestamp() - interval '1 hour' then 1 else counted.count + 1 end,
        since = case when counted.since < clock_timestamp() - interval '1 hour' then clock_timestamp() else counted.since end
      returning count`);
    return only(rows).count;
  },
});
