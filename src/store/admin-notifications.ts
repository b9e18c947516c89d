/** Admin notifications, and whom they reached. */
import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type {
  AdminNotificationReads,
  AdminNotificationWrites,
} from '../application/record/admin-notification-ports.ts';
import { planMessage } from './messages.ts';
import { announcements } from './schema/notices.ts';
import { clock, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

/** Older ones of a kind stay as they are: to refresh years of messages at once would meet Slack's limits. */
const CLOSED_AT_ONCE_MAX = 20;

const closed = (closing: string) => ({ closing, closedAt: clock, version: sql`${announcements.version} + 1` });

/** Soon while it is new: somebody is about to fix it. */
const isDue = sql`(${announcements.lookedAt} is null or ${announcements.lookedAt} < clock_timestamp() - case
  when ${announcements.createdAt} > clock_timestamp() - interval '1 hour' then interval '10 seconds' else interval '5 minutes' end)`;

export const announcementWrites = (db: Db): AdminNotificationWrites => ({
  add: async ({ id, kind, key, lines, offer = null, facts = null }, withinMs) => {
    // Two processes that find the same at once: the second waits here and then sees the first's row.
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`announcement:${key}`}, 0))`);
    const { rows } = await db.execute(sql`select 1 from announcements
      where key = ${key} and (case when ${withinMs}::double precision is null then closing is null
        else created_at > clock_timestamp() - ${withinMs}::double precision * interval '1 millisecond' end) limit 1`);
    if (rows.length > 0) return false;
    await db.insert(announcements).values({ id, kind, key, lines, offer, facts, createdAt: clock });
    return true;
  },
  untold: async (lines, { kind, withinMs }) => {
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`announcements:${kind}`}, 0))`);
    const { rows } = await db.execute<{ line: string }>(sql`
      with notified as (
        select jsonb_array_elements_text(lines) as line from announcements
        where created_at > clock_timestamp() - ${withinMs}::double precision * interval '1 millisecond')
      select line from jsonb_array_elements_text(${JSON.stringify(lines)}::jsonb) with ordinality as wanted (line, at)
      where line not in (select line from notified) order by at`);
    return rows.map(({ line }) => line);
  },
  leaveOut: async (announcementId, audience) => {
    await planMessage(
      db,
      { kind: 'admin_notification', id: announcementId },
      { kind: 'notice', audience, failure: 'knows' },
    );
  },
  ...closingWrites(db),
  ...openNotices(db),
});

type Closing = 'close' | 'closeKind' | 'setLines';

const closingWrites = (db: Db): Pick<AdminNotificationWrites, Closing> => ({
  close: async (key, closing) => {
    const found = await db
      .update(announcements)
      .set(closed(closing))
      .where(and(eq(announcements.key, key), isNull(announcements.closing)))
      .returning({ id: announcements.id });
    return found.map(({ id }) => id);
  },
  closeKind: async (kind, closing) => {
    const newest = db
      .select({ id: announcements.id })
      .from(announcements)
      .where(and(eq(announcements.kind, kind), isNull(announcements.closing)))
      .orderBy(desc(announcements.createdAt))
      .limit(CLOSED_AT_ONCE_MAX);
    const found = await db
      .update(announcements)
      .set(closed(closing))
      .where(inArray(announcements.id, newest))
      .returning({ id: announcements.id });
    return found.map(({ id }) => id);
  },
  setLines: async (id, lines) => {
    await db
      .update(announcements)
      .set({ lines, version: sql`${announcements.version} + 1` })
      .where(eq(announcements.id, id));
  },
});

const openNotices = (db: Db): Pick<AdminNotificationWrites, 'openAbout' | 'takeOpen'> => ({
  openAbout: async (facts) => {
    const about = sql`${announcements.facts} @> ${JSON.stringify(facts)}::jsonb`;
    const { key } = announcements;
    const open = await db
      .selectDistinct({ key })
      .from(announcements)
      .where(and(isNull(announcements.closing), about));
    return open.map((one) => one.key);
  },
  takeOpen: async (kinds, limit) => {
    const due = db
      .select({ id: announcements.id })
      .from(announcements)
      .where(and(inArray(announcements.kind, [...kinds]), isNull(announcements.closing), isDue))
      .orderBy(sql`${announcements.lookedAt} nulls first`)
      .limit(limit)
      .for('update', { skipLocked: true });
    const { id, kind, key, lines, facts } = announcements;
    return db
      .update(announcements)
      .set({ lookedAt: clock })
      .where(inArray(announcements.id, due))
      .returning({ id, kind, key, lines, facts });
  },
});

export const announcementReads = (db: Db): AdminNotificationReads => ({
  adminNotification: async (id) => {
    const found = firstOrNull(await db.select().from(announcements).where(eq(announcements.id, id)));
    if (!found) return null;
    const { key: _key, facts: _facts, lookedAt: _lookedAt, ...notification } = found;
    return notification;
  },
});
