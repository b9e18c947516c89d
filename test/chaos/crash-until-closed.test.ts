/** Killed with SIGKILL at each named point of an incident's end: one login or none, the state and the audit chain whole, each message once. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCli } from '../support/process.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { INCIDENT, bystanders, crashIncidentAt, expectedIncident } from './crash-incident.ts';
import { OTHER_WAYS_RULES } from './crash-rules.ts';
import { createRestarts } from './restarts.ts';
import type { Restarts } from './restarts.ts';

// Each starts a process, which alone takes a while on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: World;
let app: Restarts;
/** What no end of an incident may touch. */
let beside: string[];
beforeAll(async () => {
  world = await startWorld(OTHER_WAYS_RULES);
  app = createRestarts(world);
  await app.start();
  beside = await bystanders(world, app);
});
afterAll(async () => {
  await app.stop();
  await world.stop();
});

test.each(INCIDENT)('killed at $name: what was given for the incident ends once, and nothing else', async (point) => {
  if (app.isGone()) await app.start();
  expect(await crashIncidentAt(world, app, { point, beside })).toEqual(expectedIncident(point, beside));
});

test('after all these deaths the audit chain is whole', async () => {
  const verified = await runCli(['audit', 'verify'], world.env);
  expect(verified).toMatchObject({ code: 0, err: '' });
  expect(verified.out).toContain('is whole');
});
