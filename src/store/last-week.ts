/** Figures about the last seven days, in one query over the requests of that time. */
import { sql } from 'drizzle-orm';
import type { Store } from '../application/deps.ts';
import type { LastWeek } from '../application/queries/last-week.ts';
import { only } from './statement.ts';
import type { Db } from './statement.ts';

/** What was being ended was due at the latest when that began. More time is no request of its own. */
const query = sql`
  select count(*)::int as requests,
    (percentile_cont(0.5) within group (order by extract(epoch from r.decided_at - r.created_at) * 1000)
      filter (where d.by_person_id is not null and not r.is_break_glass))::double precision as "medianWaitMs",
    count(*) filter (where r.is_break_glass)::int as "breakGlass",
    count(*) filter (where g.closed_at > least(g.expires_at, coalesce(g.ending_at, g.expires_at)) + interval '1 second')::int as "lateEnds"
  from requests r
    left join decisions d on d.request_id = r.id
    left join grants g on g.request_id = r.id
  where r.created_at > now() - interval '7 days' and r.extends_grant_id is null`;

export const lastWeekReads = (db: Db): Pick<Store['read'], 'lastWeek'> => ({
  lastWeek: async () => only((await db.execute<LastWeek>(query)).rows),
});
