/** Episodes of late ends, and what is late now. */
import { eq, isNull, sql } from 'drizzle-orm';
import type { OverdueTarget, OverdueWrites } from '../application/record/admin-notification-ports.ts';
import type { Store } from '../application/deps.ts';
import { overdueEpisodes } from './schema/notices.ts';
import { clock, clockPlus, firstOrNull, only } from './statement.ts';
import type { Db } from './statement.ts';

/** As in the gauge: what is being ended was due at the latest when that began. */
const overdueQuery = sql`
  with late as (
    select target, least(expires_at, ending_at) as due from grants
    where state in ('activating', 'active', 'ending') and least(expires_at, ending_at) < clock_timestamp())
  select target, count(*)::int as count,
    (extract(epoch from clock_timestamp() - min(due)) * 1000)::double precision as "oldestMs"
  from late group by target order by min(due)`;

export const overdueReads = (db: Db): Pick<Store['read'], 'overdueTargets'> => ({
  overdueTargets: async () => (await db.execute<OverdueTarget>(overdueQuery)).rows,
});

const columns = {
  id: overdueEpisodes.id,
  openedAt: overdueEpisodes.openedAt,
  worstMs: overdueEpisodes.worstMs,
  alerts: overdueEpisodes.alerts,
  isAlertDue: sql<boolean>`${overdueEpisodes.nextAlertAt} <= clock_timestamp()`,
};

export const overdueWrites = (db: Db): OverdueWrites => {
  const lockOpen = () => db.select(columns).from(overdueEpisodes).where(isNull(overdueEpisodes.closedAt)).for('update');
  return {
    open: async (id) => {
      await db.insert(overdueEpisodes).values({ id, openedAt: clock, nextAlertAt: clock }).onConflictDoNothing();
      return only(await lockOpen());
    },
    lock: async () => firstOrNull(await lockOpen()),
    note: async (id, { worstMs, nextInMs }) => {
      const alerted = { alerts: sql`${overdueEpisodes.alerts} + 1`, nextAlertAt: clockPlus(sql`${nextInMs}`) };
      await db
        .update(overdueEpisodes)
        .set({
          worstMs: sql`greatest(${overdueEpisodes.worstMs}, ${Math.round(worstMs)})`,
          ...(nextInMs === null ? {} : alerted),
        })
        .where(eq(overdueEpisodes.id, id));
    },
    close: async (id) => {
      await db.update(overdueEpisodes).set({ closedAt: clock }).where(eq(overdueEpisodes.id, id));
    },
  };
};
