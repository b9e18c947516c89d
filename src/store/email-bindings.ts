/** Which account was seen with which address. Rows are never removed: what was carried once counts against an account for good. */
import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { EmailObservation } from '../domain/principals/email-bindings.ts';
import type { AddressReads, AddressWrites } from '../application/identity/email-binding-ports.ts';
import type { Db } from './statement.ts';

const COLUMNS = sql`a.address, a.user_id as "userId", a.is_bound as "isBound", a.is_past as "isPast",
  a.confirmed_at is not null as "isConfirmed", a.told_at is not null as "isNotified"`;

const rowsOf = async (db: Db, statement: SQL): Promise<EmailObservation[]> =>
  (await db.execute<EmailObservation>(statement)).rows.map(
    ({ address, userId, isBound, isPast, isConfirmed, isNotified }) => ({
      address,
      userId,
      isBound,
      isPast,
      isConfirmed,
      isNotified,
    }),
  );

const textArray = (texts: readonly string[]): SQL => sql`${sql.param([...texts])}::text[]`;

export const addressReads = (db: Db): AddressReads => ({
  observations: (teamId, { addresses, userIds }) =>
    rowsOf(
      db,
      sql`select ${COLUMNS} from addresses a where a.team_id = ${teamId} and (
        a.address = any(${textArray(addresses)})
        or a.address in (select b.address from addresses b where b.team_id = ${teamId} and b.user_id = any(${textArray(userIds)})))`,
    ),
  conflicting: (teamId, limit) =>
    rowsOf(
      db,
      sql`select ${COLUMNS} from addresses a where a.team_id = ${teamId} and a.told_at is not null and not a.is_bound
        order by a.told_at desc, a.address, a.user_id limit ${limit}`,
    ),
});

/** One at a time for the whole team, so that of two processes at first sight only one binds. */
const lockTeam = (db: Db, teamId: string): Promise<unknown> =>
  db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`addresses:${teamId}`}, 0))`);

export const addressWrites = (db: Db): AddressWrites => ({
  see: async (teamId, pairs) => {
    await lockTeam(db, teamId);
    // Of several that come together, only the first of an address and of an account can be the first ever.
    await db.execute(sql`
        with seen as (select user_id, address, min(place) as place
          from unnest(${textArray(pairs.map(({ userId }) => userId))}, ${textArray(pairs.map(({ address }) => address))})
            with ordinality as p(user_id, address, place) group by user_id, address)
        insert into addresses (team_id, user_id, address, first_seen_at, last_seen_at, is_bound)
        select ${teamId}, s.user_id, s.address, clock_timestamp(), clock_timestamp(),
          row_number() over (partition by s.address order by s.place) = 1
          and row_number() over (partition by s.user_id order by s.place) = 1
          and not exists (
            select from addresses a where a.team_id = ${teamId} and (a.address = s.address or a.user_id = s.user_id))
        from seen s order by s.place
        on conflict (team_id, user_id, address) do update set last_seen_at = excluded.last_seen_at, is_past = false
          where addresses.is_past or addresses.last_seen_at < excluded.last_seen_at - interval '1 day'`);
  },
  confirm: async (teamId, { address, userId }, byPersonId) => {
    await lockTeam(db, teamId);
    await db.execute(sql`update addresses set is_bound = false, confirmed_by = null, confirmed_at = null, told_at = null
      where team_id = ${teamId} and address = ${address} and user_id <> ${userId}`);
    await db.execute(sql`update addresses set is_bound = false, is_past = true, confirmed_by = null, confirmed_at = null
      where team_id = ${teamId} and user_id = ${userId} and address <> ${address}`);
    await db.execute(sql`
      insert into addresses (team_id, user_id, address, first_seen_at, last_seen_at, is_bound, confirmed_by, confirmed_at)
      values (${teamId}, ${userId}, ${address}, clock_timestamp(), clock_timestamp(), true, ${byPersonId}, clock_timestamp())
      on conflict (team_id, user_id, address) do update set is_bound = true, is_past = false, confirmed_by = excluded.confirmed_by,
        confirmed_at = excluded.confirmed_at, last_seen_at = excluded.last_seen_at, told_at = null`);
  },
  markNotified: async (teamId, address) => {
    const marked = await db.execute<{ userId: string }>(sql`update addresses set told_at = clock_timestamp()
      where team_id = ${teamId} and address = ${address} and told_at is null returning user_id as "userId"`);
    return marked.rows.map(({ userId }) => userId).sort();
  },
});
