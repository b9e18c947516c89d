/** When jobs that hold access were last heard. */
import { sql } from 'drizzle-orm';
import type { HeartbeatWrites } from '../application/grants/heartbeat-ports.ts';
import type { Db } from './statement.ts';

export const heartbeatWrites = (db: Db): HeartbeatWrites => ({
  beat: async (grantId) => {
    await db.execute(sql`insert into heartbeats (grant_id, heard_at) values (${grantId}, clock_timestamp())
      on conflict (grant_id) do update set heard_at = excluded.heard_at`);
  },
  hear: async (gapMs) => {
    const gap = sql`${gapMs}::double precision * interval '1 millisecond'`;
    await db.execute(sql`insert into hearing (last_at) values ('-infinity') on conflict do nothing`);
    const { rows } = await db.execute(sql`
      with before as (select last_at from hearing for update)
      update hearing set last_at = clock_timestamp() from before
      returning before.last_at < clock_timestamp() - ${gap} as is_gap`);
    if (rows[0]?.['is_gap'] === true) await db.execute(sql`update heartbeats set heard_at = clock_timestamp()`);
  },
  takeSilent: async ({ silentMs, gapMs }, limit) => {
    const { rows } = await db.execute<{ id: string }>(sql`
      delete from heartbeats where grant_id in (
        select grant_id from heartbeats
        where heard_at < clock_timestamp() - ${silentMs}::double precision * interval '1 millisecond'
          and exists (select 1 from hearing
            where last_at >= clock_timestamp() - ${gapMs}::double precision * interval '1 millisecond')
        order by heard_at limit ${limit} for update skip locked)
      returning grant_id as id`);
    return rows.map(({ id }) => id);
  },
});
