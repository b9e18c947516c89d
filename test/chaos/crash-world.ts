/** One world for the tests of a file, and in it a process that dies and is started again. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runCli } from '../support/process.ts';
import { startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';
import { createRestarts } from './restarts.ts';
import type { Restarts } from './restarts.ts';

export type CrashWorld = { world: World; app: Restarts };

/** There once the tests run. */
export const useCrashWorld = (options: WorldOptions, prepare?: (mortal: CrashWorld) => Promise<void>): CrashWorld => {
  // Each test starts a process, which alone takes a while on a busy machine.
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  const mortal = {} as CrashWorld;
  beforeAll(async () => {
    mortal.world = await startWorld(options);
    mortal.app = createRestarts(mortal.world);
    await mortal.app.start();
    await prepare?.(mortal);
  });
  beforeEach(async () => {
    if (mortal.app.isGone()) await mortal.app.start();
  });
  afterAll(async () => {
    await mortal.app.stop();
    await mortal.world.stop();
  });
  return mortal;
};

export const testTheChain = (mortal: CrashWorld): void =>
  test('after all these deaths the audit chain is whole', async () => {
    const verified = await runCli(['audit', 'verify'], mortal.world.env);
    expect(verified).toMatchObject({ code: 0, err: '' });
    expect(verified.out).toContain('is whole');
  });
