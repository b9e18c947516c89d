/** Killed with SIGKILL at each named point from the access to its end: one login or none, the state and the audit chain whole, each message once. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCli } from '../support/process.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { UNTIL_ENDED } from './crash-points.ts';
import { CRASH_RULES } from './crash-rules.ts';
import { crashAt, expected } from './crash.ts';
import { createRestarts } from './restarts.ts';
import type { Restarts } from './restarts.ts';

// Each starts a process, which alone takes a while on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: World;
let app: Restarts;
beforeAll(async () => {
  world = await startWorld(CRASH_RULES);
  app = createRestarts(world);
  await app.start();
});
afterAll(async () => {
  await app.stop();
  await world.stop();
});

test.each(UNTIL_ENDED)('killed at $name: nothing is lost, nothing is there twice', async (point) => {
  if (app.isGone()) await app.start();
  expect(await crashAt(world, app, point)).toEqual(expected(point));
});

test('after all these deaths the audit chain is whole', async () => {
  const verified = await runCli(['audit', 'verify'], world.env);
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(verified.out).toContain('is whole');
});
