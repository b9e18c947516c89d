/** Which user group had a handle first. Rows are never changed: a freed handle gives nothing to the group that takes it. */
import { sql } from 'drizzle-orm';
import type { HandleReads, HandleWrites } from '../application/identity/user-group-ports.ts';
import type { Db } from './statement.ts';

const groupOfHandle = async (db: Db, teamId: string, handle: string): Promise<string | null> => {
  const { rows } = await db.execute<{ groupId: string }>(
    sql`select group_id as "groupId" from user_group_handles where team_id = ${teamId} and handle = ${handle}`,
  );
  return rows[0]?.groupId ?? null;
};

export const handleReads = (db: Db): HandleReads => ({
  groupOfHandle: (teamId, handle) => groupOfHandle(db, teamId, handle),
});

export const handleWrites = (db: Db): HandleWrites => ({
  bind: async (teamId, { handle, groupId }) => {
    await db.execute(sql`insert into user_group_handles (team_id, handle, group_id, bound_at)
      values (${teamId}, ${handle}, ${groupId}, clock_timestamp()) on conflict do nothing`);
    return (await groupOfHandle(db, teamId, handle)) ?? groupId;
  },
  markNotified: async (teamId, { handle, groupId }) => {
    const { rows } = await db.execute(sql`insert into moved_user_group_handles (team_id, handle, group_id, told_at)
      values (${teamId}, ${handle}, ${groupId}, clock_timestamp()) on conflict do nothing returning 1`);
    return rows.length > 0;
  },
  boundFor: async (personId, handles) => {
    const { rows } = await db.execute<{ handle: string; groupId: string }>(sql`
      select h.handle, h.group_id as "groupId" from user_group_handles h join people p on p.team_id = h.team_id
      where p.id = ${personId} and h.handle = any(${sql.param([...handles])}::text[])`);
    return new Map(rows.map(({ handle, groupId }) => [handle, groupId]));
  },
});
