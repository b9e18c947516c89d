/** Killed with SIGKILL at each named point of break-glass and of more time: one login or none, the state and the audit chain whole, each message once. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCli } from '../support/process.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { GLASS, crashGlassAt, expectedGlass } from './crash-glass.ts';
import { MORE_TIME, crashMoreAt, expectedMore } from './crash-more-time.ts';
import { OTHER_WAYS_RULES } from './crash-rules.ts';
import { createRestarts } from './restarts.ts';
import type { Restarts } from './restarts.ts';

// Each starts a process, which alone takes a while on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: World;
let app: Restarts;
beforeAll(async () => {
  world = await startWorld(OTHER_WAYS_RULES);
  world.slack.as('sam').invite('security', 'bot');
  app = createRestarts(world);
  await app.start();
});
afterAll(async () => {
  await app.stop();
  await world.stop();
});

test.each(GLASS)('killed at $name: taken once, told and reviewed once, ended once', async (point) => {
  if (app.isGone()) await app.start();
  expect(await crashGlassAt(world, app, point)).toEqual(expectedGlass(point));
});

test.each(MORE_TIME)('killed at $name: target and store hold to one end, and it ends once', async (point) => {
  if (app.isGone()) await app.start();
  expect(await crashMoreAt(world, app, point)).toEqual(expectedMore(point));
});

test('after all these deaths the audit chain is whole', async () => {
  const verified = await runCli(['audit', 'verify'], world.env);
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(verified.out).toContain('is whole');
});
