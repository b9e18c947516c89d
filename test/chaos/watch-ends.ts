/** What must hold of ends at any moment: the target's is the store's, and no access outlives the incident it was given for. */
import type { World } from '../support/world.ts';

type Sources = Pick<World, 'sql' | 'targetSql'>;

/** Timestamps cross from one Postgres to the other by the millisecond. */
const SAME_MS = 2;

/** Nobody has them in hand, and no end is being moved. */
const SETTLED = `select g.id, (extract(epoch from g.expires_at) * 1000)::float as "endsMs" from grants g
  where g.state = 'active' and coalesce(g.lease_until, '-infinity') <= now()
    and not exists (select from extensions e where e.grant_id = g.id and e.state = 'moving')`;

const LOGINS = `select rolname as name, (extract(epoch from rolvaliduntil) * 1000)::float as "untilMs" from pg_roles where rolname like 'lk\\_%'`;

/** A difference may be one of the moment; who sees the same one twice in a row has found something. */
export const findOtherEnds = async ({ sql, targetSql }: Sources): Promise<string[]> => {
  const [grants, logins] = await Promise.all([
    sql<{ id: string; endsMs: number }>(SETTLED),
    targetSql<{ name: string; untilMs: number | null }>(LOGINS),
  ]);
  const untils = new Map(logins.map(({ name, untilMs }) => [name.split('_')[1] ?? '', untilMs]));
  return grants.flatMap(({ id, endsMs }) => {
    const untilMs = untils.get(id);
    if (untilMs === undefined || (untilMs !== null && Math.abs(untilMs - endsMs) <= SAME_MS)) return [];
    return [`grant ${id} ends at ${endsMs} in the store and at ${untilMs} in the target`];
  });
};

/** One statement, so one moment: the end of an incident takes all of it at once. */
const OUTLIVED = `select g.id, i.id as incident from grants g join requests r on r.id = g.request_id join incidents i on i.id = r.incident_id
  where g.state = 'active' and i.state = 'closed' and i.ended_at is not null and coalesce(g.kept_at, '-infinity') < i.closed_at`;

export const findOutlived = async ({ sql }: Sources): Promise<string[]> => {
  const rows = await sql<{ id: string; incident: string }>(OUTLIVED);
  return rows.map(({ id, incident }) => `grant ${id} outlived incident ${incident}, and nobody kept it`);
};

const UNENDED = `select id from incidents where state = 'closed' and ended_at is null
  and ends_at < now() - $1::double precision * interval '1 millisecond'`;

export const findUnended = async ({ sql }: Sources, lateMs: number): Promise<string[]> => {
  const rows = await sql<{ id: string }>(UNENDED, [lateMs]);
  return rows.map(({ id }) => `the end of incident ${id} is more than a minute late, and all was well for a minute`);
};
