/** When jobs that hold access were last heard. */
import { sql } from 'drizzle-orm';
import type { HeartbeatWrites } from '../application/grants/heartbeat-ports.ts';
import type { Db } from './statement.ts';

export const heartbeatWrites = (db: Db): HeartbeatWrites => ({
  beat: async (grantId) => {
    await db.execute(sql`insert into heartbeats (grant_id, heard_at) values (${grantId}, clock_timestamp())
      on conflict (grant_id) do update set heard_at = excluded.heard_at`);
  },
  takeSilent: async (silentMs, limit) => {
    const { rows } = await db.execute<{ id: string }>(sql`
      delete from heartbeats where grant_id in (
        select grant_id from heartbeats
        where heard_at < clock_timestamp() - ${silentMs}::double precision * interval '1 millisecond'
        order by heard_at limit ${limit} for update skip locked)
      returning grant_id as id`);
    return rows.map(({ id }) => id);
  },
});
