/** News for admins, and whom they reached. */
import { eq, sql } from 'drizzle-orm';
import type { Store, Tx } from '../../usecases/ports.ts';
import { announcementCopies, announcements } from '../schema-notices.ts';
import { clock, firstOrNull } from '../statement.ts';
import type { Db } from '../statement.ts';

export const announcementWrites = (db: Db): Tx['announcements'] => ({
  add: async ({ id, kind, key, lines }, withinMs) => {
    // Two processes that find the same news at once: the second waits here and then sees the first's row.
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`announcement:${key}`}, 0))`);
    const { rows } = await db.execute(sql`select 1 from announcements
      where key = ${key} and created_at > clock_timestamp() - ${withinMs}::double precision * interval '1 millisecond' limit 1`);
    if (rows.length > 0) return false;
    await db.insert(announcements).values({ id, kind, key, lines, createdAt: clock });
    return true;
  },
});

export const announcementStore = (db: Db): Store['announcements'] => ({
  find: async (id) => {
    const found = firstOrNull(await db.select().from(announcements).where(eq(announcements.id, id)));
    if (!found) return null;
    const copies = await db.select().from(announcementCopies).where(eq(announcementCopies.announcementId, id));
    const { kind, lines, createdAt } = found;
    return { id, kind, lines, createdAt, told: copies.map(({ audience }) => audience) };
  },
  setTold: async (announcementId, audience, failure) => {
    await db
      .insert(announcementCopies)
      .values({ announcementId, audience, failure, createdAt: clock })
      .onConflictDoNothing();
  },
});
