/** What an incident's close does: access of many people, with logins and open sessions, ends together, and the timeline is posted. */
import { assertThat, median, spreadOf } from '../measure.ts';
import type { Spread } from '../measure.ts';
import { ms, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import type { Closed, CloseInput, Prompts, Room } from '../load/incident.ts';
import { rowsFrom } from '../setup/servers.ts';
import { assertEnded, endedOf, insertGrants, makeLogins, openSessions, untilAllRemoved } from './ending.ts';
import type { Wave } from './ending.ts';
import type { World } from './world.ts';

/** What 1,000 that are due at one moment are given in the area `end`. */
const GOAL_MS = 300;
export const WARNING_S = 3;

/** Milliseconds after the warning was over. */
export type CloseRound = { late: Spread; cut: Spread; timelineMs: number; filesMs: number };

/** Each holder is notified of the end, so each grant has its own. */
const TIE = `
with principal as (
  insert into principals (id, kind) select 'T0BENCH:U0HOLD' || i, 'person' from generate_series(1, $2::int) i on conflict do nothing
), holder as (
  insert into people (id, team_id, user_id, name, email, timezone, is_active)
  select 'T0BENCH:U0HOLD' || i, 'T0BENCH', 'U0HOLD' || i, 'u0hold' || i, 'u0hold' || i || '@acme.test', null, true
  from generate_series(1, $2::int) i on conflict do nothing
), request as (
  update requests set incident_id = $1, requester_id = 'T0BENCH:U0HOLD' || right(id, 10)::int where id like $3 || '%'
)
update grants set grantee_id = 'T0BENCH:U0HOLD' || right(id, 10)::int where id like $3 || '%'`;

const tie = ({ storeUrl }: World, wave: Wave, incidentId: string): Promise<unknown> =>
  rowsFrom(storeUrl, TIE, [incidentId, wave.count, wave.prefix]);

type Incident = { id: string; endsAt: Date; endedAt: Date | null; closeCause: string };

const incidentOf = async ({ storeUrl }: World, { channelId }: Room): Promise<Incident> => {
  const [incident, ...others] = await rowsFrom<Incident>(
    storeUrl,
    `select id, ends_at as "endsAt", ended_at as "endedAt", close_cause as "closeCause" from incidents where channel_id = $1`,
    [channelId],
  );
  if (!incident || others.length > 0)
    throw new Error(`Channel ${channelId} has ${others.length + 1} incidents or none.`);
  return incident;
};

/** Of the incident, because of it, notified once; and each grant as any other that ends. */
const assertClosed = async (world: World, wave: Wave, { id, endedAt, closeCause }: Incident): Promise<void> => {
  assertThat(
    endedAt !== null && closeCause === 'renamed',
    `the incident was closed as ${closeCause}, ended ${endedAt?.toISOString() ?? 'never'}.`,
  );
  const [grants] = await rowsFrom<{ n: number }>(
    world.storeUrl,
    `select count(*)::int as n from grants where id like $1 || '%' and state = 'removed' and end_cause = 'incident_closed'`,
    [wave.prefix],
  );
  assertThat(grants?.n === wave.count, `${grants?.n} of ${wave.count} grants ended with the incident.`);
  const events = await rowsFrom<{ type: string; n: number }>(
    world.storeUrl,
    `select type, count(*)::int as n from audit_events
     where type in ('incident.closed', 'incident.ended') and data::jsonb ->> 'incident' = $1 group by 1 order by 1`,
    [id],
  );
  const counts = events.map(({ type, n }) => `${n} ${type}`).join();
  assertThat(counts === '1 incident.closed,1 incident.ended', `the events of the close were ${counts}.`);
};

const closeOne = async (world: World, url: string, wave: Wave): Promise<CloseRound> => {
  const { rooms } = await world.load.call<Prompts>('prompts', { url, count: 1 });
  const [room] = rooms;
  if (!room) throw new Error('No incident was made.');
  const { id } = await incidentOf(world, room);
  await makeLogins(world.target, wave);
  await insertGrants(world, wave, null);
  await tie(world, wave, id);
  const sessions = await openSessions(world.target, wave);
  const { timelineAt, filesAt } = await world.load.call<Closed>('close', { url, room } satisfies CloseInput);
  const incident = await incidentOf(world, room);
  const overAt = incident.endsAt.getTime();
  const cut = (await Promise.all(sessions.map(({ cutAt }) => cutAt))).map((at) => at - overAt);
  await untilAllRemoved(world, wave.prefix);
  const ended = await endedOf(world, wave, incident.endsAt);
  await assertEnded(world, wave, { ended, sessions: sessions.length });
  await assertClosed(world, wave, incident);
  return {
    late: spreadOf(ended.map(({ lateMs }) => lateMs)),
    cut: spreadOf(cut),
    timelineMs: timelineAt - overAt,
    filesMs: filesAt - overAt,
  };
};

const rowsOf = (rounds: CloseRound[], count: number): Row[] => {
  const middle = (of: (round: CloseRound) => number): string => ms(median(rounds.map(of)));
  const limit = `after a warning of ${shown(WARNING_S)} s, ${rounds.length} times`;
  return [
    rowOf('incident', {
      what: `${count} end at a close, p99 late`,
      unit: 'ms',
      value: median(rounds.map(({ late }) => late.p99)),
      goal: { is: 'at most', value: GOAL_MS },
      ours: `p50 ${middle(({ late }) => late.p50)}, sessions cut p50 ${middle(({ cut }) => cut.p50)}, p99 ${middle(({ cut }) => cut.p99)}`,
      limit,
    }),
    rowOf('incident', {
      what: `timeline of ${count} posted`,
      unit: 'ms',
      value: median(rounds.map(({ timelineMs }) => timelineMs)),
      goal: null,
      ours: `with both files ${middle(({ filesMs }) => filesMs)}`,
      limit,
    }),
  ];
};

type Closes = { rows: Row[]; rounds: CloseRound[] };

export const measureCloses = async (
  world: World,
  url: string,
  { grants, closes }: { grants: number; closes: number },
): Promise<Closes> => {
  const rounds: CloseRound[] = [];
  for (let round = 0; round < closes; round += 1)
    rounds.push(await closeOne(world, url, { prefix: `i${'abcdefghjk'[round] ?? 'z'}`, count: grants }));
  return { rows: rowsOf(rounds, grants), rounds };
};
