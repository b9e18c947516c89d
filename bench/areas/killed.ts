/** Runners that are killed with `kill -9`: how long their access stays, with the word of GitHub that the job ended and without. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunnerJob } from '../load/runner.ts';
import { assertThat, spreadOf } from '../measure.ts';
import { rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import { rowsFrom } from '../setup/servers.ts';
import type { World } from './world.ts';

export type Killed = { byEventMs: number[]; bySilenceMs: number[] };

/** `exec` as it is started, without its command. */
export type Runner = { world: World; url: string; program: string; args: string[] };

const LIMIT_MS = 180_000;
const POLL_MS = 20;

const until = async <T>(look: () => Promise<T | null>, what: string): Promise<T> => {
  const endsAt = performance.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    assertThat(performance.now() < endsAt, `waited in vain for ${what}.`);
    await delay(POLL_MS);
  }
};

type Held = { child: ChildProcess; grant: string };

/** A job in its own group, until the server has heard its first heartbeat. */
const hold = async ({ world, url, program, args }: Runner, { id, token }: RunnerJob): Promise<Held> => {
  const env = { PATH: process.env['PATH'] ?? '', LATCHKEY_URL: url, LATCHKEY_ID_TOKEN: token, GITHUB_ACTIONS: 'true' };
  const child = spawn(program, [...args, '--', 'sleep', '600'], { env, stdio: 'ignore', detached: true });
  const grant = await until(async () => {
    const [row] = await rowsFrom<{ id: string }>(
      world.storeUrl,
      `select g.id from grants g join heartbeats h on h.grant_id = g.id join requests r on r.id = g.request_id
       where r.job ->> 'key' like '%' || $1 || '%'`,
      [String(id)],
    );
    return row?.id ?? null;
  }, `the first heartbeat of job ${id}`);
  return { child, grant };
};

/** By the clock of the store, from just before the kill. */
const killedAt = async ({ storeUrl }: World): Promise<Date> => {
  const [row] = await rowsFrom<{ at: Date }>(storeUrl, 'select clock_timestamp() as at');
  assertThat(row !== undefined, 'the store has no clock.');
  return row?.at ?? new Date();
};

const closedAfter = ({ storeUrl }: World, grant: string, at: Date): Promise<number> =>
  until(async () => {
    const [row] = await rowsFrom<{ ms: number }>(
      storeUrl,
      'select extract(epoch from closed_at - $2::timestamptz)::float8 * 1000 as ms from grants where id = $1 and closed_at is not null',
      [grant, at],
    );
    return row?.ms ?? null;
  }, 'the end of a killed job');

const kill = async (runner: Runner, isHeard: boolean): Promise<number> => {
  const { world, url } = runner;
  const job = await world.load.call<RunnerJob>('addJob', { url });
  const { child, grant } = await hold(runner, job);
  const at = await killedAt(world);
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  if (isHeard) await world.load.call('completeJob', { id: job.id });
  return closedAfter(world, grant, at);
};

/** One after the other with the event; those without it at once, since each takes a minute. */
export const measureKilled = async (
  runner: Runner,
  { byEvent, bySilence }: { byEvent: number; bySilence: number },
): Promise<Killed> => {
  const byEventMs: number[] = [];
  for (let index = 0; index < byEvent; index += 1) byEventMs.push(await kill(runner, true));
  const bySilenceMs = await Promise.all(Array.from({ length: bySilence }, () => kill(runner, false)));
  return { byEventMs, bySilenceMs };
};

const rowFor = (what: string, times: number[], goalS: number): Row => {
  const { count, p50, max } = spreadOf(times);
  return rowOf('pipeline', {
    what: `kill -9 of a job until closed, ${what}`,
    unit: 's',
    value: max / 1_000,
    goal: { is: 'at most', value: goalS },
    ours: `the latest of ${count}; p50 ${shown(p50 / 1_000)} s`,
    limit: '',
  });
};

/** None for what was not measured. */
export const killedRows = ({ byEventMs, bySilenceMs }: Killed): Row[] => [
  ...(byEventMs.length > 0 ? [rowFor('with GitHub’s event', byEventMs, 5)] : []),
  ...(bySilenceMs.length > 0 ? [rowFor('by its silence', bySilenceMs, 75)] : []),
];
