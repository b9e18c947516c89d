/** News for admins, and whom they reached. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import type {
  AdminNotificationStore,
  AdminNotificationWrites,
} from '../application/record/admin-notification-ports.ts';
import { announcementCopies, announcements } from './schema/notices.ts';
import { clock, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

export const announcementWrites = (db: Db): AdminNotificationWrites => ({
  add: async ({ id, kind, key, lines, offer = null }, withinMs) => {
    // Two processes that find the same news at once: the second waits here and then sees the first's row.
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`announcement:${key}`}, 0))`);
    const { rows } = await db.execute(sql`select 1 from announcements
      where key = ${key} and (case when ${withinMs}::double precision is null then closing is null
        else created_at > clock_timestamp() - ${withinMs}::double precision * interval '1 millisecond' end) limit 1`);
    if (rows.length > 0) return false;
    await db.insert(announcements).values({ id, kind, key, lines, offer, createdAt: clock });
    return true;
  },
  untold: async (lines, { kind, withinMs }) => {
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`announcements:${kind}`}, 0))`);
    const { rows } = await db.execute<{ line: string }>(sql`
      with told as (
        select jsonb_array_elements_text(lines) as line from announcements
        where created_at > clock_timestamp() - ${withinMs}::double precision * interval '1 millisecond')
      select line from jsonb_array_elements_text(${JSON.stringify(lines)}::jsonb) with ordinality as wanted (line, at)
      where line not in (select line from told) order by at`);
    return rows.map(({ line }) => line);
  },
  leaveOut: async (announcementId, audience) => {
    await db.insert(announcementCopies).values({ announcementId, audience, failure: 'knows', createdAt: clock });
  },
  close: async (key, closing) => {
    const closed = await db
      .update(announcements)
      .set({ closing, version: sql`${announcements.version} + 1` })
      .where(and(eq(announcements.key, key), isNull(announcements.closing)))
      .returning({ id: announcements.id });
    return closed.map(({ id }) => id);
  },
});

export const announcementStore = (db: Db): AdminNotificationStore => ({
  find: async (id) => {
    const found = firstOrNull(await db.select().from(announcements).where(eq(announcements.id, id)));
    if (!found) return null;
    const copies = await db.select().from(announcementCopies).where(eq(announcementCopies.announcementId, id));
    const { key: _key, ...news } = found;
    return {
      ...news,
      copies: copies.map(({ audience: userId, channel, ts, drawnVersion }) => ({ userId, channel, ts, drawnVersion })),
    };
  },
  setTold: async (announcementId, audience, told) => {
    await db
      .insert(announcementCopies)
      .values({ announcementId, audience, ...told, createdAt: clock })
      .onConflictDoUpdate({
        target: [announcementCopies.announcementId, announcementCopies.audience],
        set: told,
      });
  },
});
