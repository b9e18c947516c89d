/** How late access really ends: many grants due at one moment among many others, logins and open sessions in a real target. */
import { setTimeout as delay } from 'node:timers/promises';
import { assertThat, median, spreadOf } from '../measure.ts';
import type { Spread } from '../measure.ts';
import { ms, rowOf } from '../rows.ts';
import type { Row } from '../rows.ts';
import { rowsFrom } from '../setup/servers.ts';
import {
  assertEnded,
  endedOf,
  insertGrants,
  makeLogins,
  openSessions,
  putOffReconciling,
  untilAllRemoved,
  untilAllNotified,
} from './ending.ts';
import type { Wave } from './ending.ts';
import { createWorld } from './world.ts';
import type { Bench, Measured, World } from './world.ts';

const GOALS_MS: Record<number, number> = { 1: 50, 1_000: 150, 10_000: 1_000 };
const REMOVED_GOALS_S: Record<number, number> = { 1_000: 2, 10_000: 60 };
const RECOVERY_GOAL_S = 2;
const SESSIONS_MAX = 20;
const LEAD_MS = 1_000;
const LEAD_PER_GRANT_MS = 2;

type Round = { late: Spread; removedMs: number; cutMs: number[] };

const runWave = async (world: World, wave: Wave): Promise<Round> => {
  await makeLogins(world.target, wave);
  const sessions = await openSessions(world.target, wave, SESSIONS_MAX);
  const dueInMs = LEAD_MS + wave.count * LEAD_PER_GRANT_MS;
  await insertGrants(world, wave, dueInMs);
  const [grant] = await rowsFrom<{ at: Date }>(
    world.storeUrl,
    'select min(expires_at) as at from grants where id like $1',
    [`${wave.prefix}%`],
  );
  const dueAt = grant?.at.getTime() ?? Number.NaN;
  assertThat(dueAt > Date.now(), 'the grants were due before they were all stored.');
  await delay(Math.max(0, dueAt - Date.now()));
  await untilAllRemoved(world, wave.prefix);
  const ended = await endedOf(world, wave);
  await assertEnded(world, wave, { ended, sessions: sessions.length });
  const cutMs = (await Promise.all(sessions.map(({ cutAt }) => cutAt))).map((at) => at - dueAt);
  await untilAllNotified(world);
  const removedMs = Math.max(...ended.map((one) => one.removedMs));
  return { late: spreadOf(ended.map(({ lateMs }) => lateMs)), removedMs, cutMs };
};

const rowFor = (count: number, rounds: Round[], live: number): Row => {
  // One grant a round: the rounds together are the spread.
  const p99 =
    count === 1 ? spreadOf(rounds.map(({ late }) => late.max)).p99 : median(rounds.map(({ late }) => late.p99));
  const goal = GOALS_MS[count];
  const cut = spreadOf(rounds.flatMap(({ cutMs }) => cutMs));
  return rowOf('end', {
    what: `${count.toLocaleString('en-US')} due at once, closed: p99 late`,
    unit: 'ms',
    value: p99,
    goal: goal === undefined ? null : { is: 'at most', value: goal },
    ours: `p50 ${ms(median(rounds.map(({ late }) => late.p50)))}, sessions cut p50 ${ms(cut.p50)}, p99 ${ms(cut.p99)}`,
    limit: `among ${live.toLocaleString('en-US')} live, ${rounds.length} times`,
  });
};

const removedRowFor = (count: number, rounds: Round[], live: number): Row => {
  const goal = REMOVED_GOALS_S[count];
  return rowOf('end', {
    what: `${count.toLocaleString('en-US')} due at once, all removed`,
    unit: 's',
    value: median(rounds.map(({ removedMs }) => removedMs)) / 1_000,
    goal: goal === undefined ? null : { is: 'at most', value: goal },
    ours: 'from when they were due until the last absence was recorded',
    limit: `among ${live.toLocaleString('en-US')} live, ${rounds.length} times`,
  });
};

const recover = async (world: World, count: number): Promise<Row> => {
  const wave = { prefix: 'z', count };
  await makeLogins(world.target, wave);
  await insertGrants(world, wave, -60_000);
  const startedAt = Date.now();
  await world.start();
  await untilAllRemoved(world, wave.prefix);
  const ended = await endedOf(world, wave);
  await assertEnded(world, wave, { ended, sessions: 0 });
  const [last] = await rowsFrom<{ at: Date }>(
    world.storeUrl,
    `select max(closed_at) as at from grants where id like 'z%'`,
  );
  const seconds = ((last?.at.getTime() ?? Number.NaN) - startedAt) / 1_000;
  return rowOf('end', {
    what: `${count.toLocaleString('en-US')} overdue at a start, all closed`,
    unit: 's',
    value: seconds,
    goal: { is: 'at most', value: RECOVERY_GOAL_S },
    ours: 'from the start of the process',
    limit: '',
  });
};

export const measureEnd = async (bench: Bench): Promise<Measured> => {
  const { live, due, overdue } = bench.sizes;
  const world = await createWorld(bench);
  await putOffReconciling(world);
  await insertGrants(world, { prefix: 'm', count: live }, null);
  const app = await world.start();
  const rows: Row[] = [];
  const details: Record<string, unknown> = {};
  for (const [at, { count, times }] of due.entries()) {
    const rounds: Round[] = [];
    for (let round = 0; round < times; round += 1) {
      const prefix = `${'abcdefgh'[at] ?? 'k'}${'abcdefghjkmnpqrstvwxyz'[round % 22] ?? 'a'}${Math.floor(round / 22)}`;
      rounds.push(await runWave(world, { prefix, count }));
    }
    rows.push(rowFor(count, rounds, live), removedRowFor(count, rounds, live));
    details[`due${count}`] = rounds;
  }
  await app.stop();
  rows.push(await recover(world, overdue));
  await world.stop();
  return { rows, details };
};
