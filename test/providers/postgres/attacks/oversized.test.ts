/** A role may set what it likes on itself, of any size: nobody's end waits for that to be read. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testServices } from '../../../support/services.ts';
import { contextOf, failureOf, textWith } from '../../connection.ts';
import type { Session } from '../target.ts';
import { createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => (rig = await createRig(testServices().adminUrl)));
afterAll(async () => await rig.tearDown());

/** Unread it does no harm, and to read it takes seconds in which nothing else is done. */
const swell = async (session: Session): Promise<void> => {
  await session.query(`select set_config('local_preload_libraries', repeat('x,', 4000000), false)`);
  await session.query('alter role current_user set local_preload_libraries from current');
};

const watchThread = (): { max: () => number; stop: () => void } => {
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  return { max: () => delays.max / 1e6, stop: () => void delays.disable() };
};

test('settings of the login that are too large to be read do not hold up its end', async () => {
  const { session, end } = await rig.borrow();
  await session.query('set role none');
  await swell(session);
  // In what takes the only thread of Latchkey, nothing else is done: reading it takes more than ten seconds.
  const { max, stop } = watchThread();
  expect(await end()).toBe('removed');
  stop();
  expect(session.isCut()).toBe(true);
  expect(max()).toBeLessThan(5_000);
});

test('those of the group are taken away by the end, others wait for that, and what was there before is there again', async () => {
  const { write } = rig.target;
  await rig.target.sql(`alter role ${write} set work_mem = '7MB'`);
  const { session, end } = await rig.borrow();
  await swell(session);
  expect(await failureOf(rig.connection.grant(rig.scope, contextOf()))).toMatchObject({
    kind: 'misconfigured',
    message: textWith(`ALTER ROLE "${write}" RESET ALL;`),
  });
  const found = (await rig.connection.listLookalikes?.({ write: rig.scope }, contextOf())) ?? [];
  expect(found).toContainEqual(expect.objectContaining({ kind: 'group', name: write }));
  expect(await end()).toBe('removed');
  const [row] = await rig.target.sql<{ rolconfig: string[] }>(
    `select rolconfig from pg_roles where rolname = '${write}'`,
  );
  expect(row?.rolconfig).toEqual(['work_mem=7MB']);
});
