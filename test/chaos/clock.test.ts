/** The clocks of the app's machines are ten minutes off, one each way: decisions and deadlines follow the database's clock. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { SOCKETS } from '../../src/slack/connection/receiver-socket.ts';
import { SHIFTED_CLOCK, startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { until } from '../support/story.ts';
import { ON_TIME_MS, startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';
import { findLies } from './truth.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TEN_MINUTES_MS = 600_000;

let faults: FaultWorld;
const running: AppProcess[] = [];
const start = async (shiftMs: number): Promise<void> => {
  const env = { ...faults.world.env, CLOCK_SHIFT_MS: String(shiftMs) };
  running.push(await startProcess(env, [], SHIFTED_CLOCK));
};
beforeAll(async () => {
  faults = await startFaultWorld();
  await Promise.all([start(TEN_MINUTES_MS), start(-TEN_MINUTES_MS)]);
  await faults.world.slack.waitFor(() => faults.world.slack.connectionCount() === 2 * SOCKETS);
});
afterAll(async () => {
  await Promise.all(running.map((app) => app.kill()));
  await faults.stop();
});

type Deadline = { id: string; left: number };

test('access is given for its time, by the database’s clock and the target’s, and ends on time', async () => {
  const { world } = faults;
  for (const who of ['ada', 'rita', 'oscar', 'ines']) {
    const reason = await faults.ask(who, '4s');
    const { id } = await faults.grant(reason, 'active');
    const [deadline] = await world.targetSql<Deadline>(
      `select rolname as id, extract(epoch from rolvaliduntil - now())::float as left from pg_roles where rolname like 'lk\\_' || $1 || '\\_%'`,
      [id],
    );
    expect(deadline?.left).toBeGreaterThan(-1);
    expect(deadline?.left).toBeLessThanOrEqual(4);
    const ended = await faults.grant(reason, 'removed');
    expect(ended.lateMs).toBeGreaterThanOrEqual(0);
    expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
    await faults.toldEnd(who, reason);
  }
  await faults.wellAgain();
  expect(await findLies(world)).toEqual([]);
});

test('a request lapses when its time is over by the database’s clock, and not ten minutes before', async () => {
  const { world, story } = faults;
  const message = await story.ask('ada', 'orders-db read 5s look at the stuck orders');
  await world.slack.as('olga').click(message, 'approve');
  await until(
    async () => (await world.sql(`select 1 from grants where role = 'read' and state = 'removed'`)).length,
    'the end of what was approved although one clock is ahead',
  );
  const late = await story.ask('rita', 'orders-db read 5s look at the others');
  await world.sql(`update requests set lapses_at = now() + interval '1 second' where state = 'pending'`);
  await until(async () => (await world.sql(`select 1 from requests where state = 'lapsed'`)).length, 'the lapse');
  await world.slack.as('olga').clickStale(late, 'approve');
  await faults.wellAgain();
  expect(await world.sql(`select 1 from requests where state = 'lapsed'`)).toHaveLength(1);
});
