/** Killed with SIGKILL at each named point from the access to its end: one login or none, the state and the audit chain whole, each message once. */
import { expect, test } from 'vitest';
import { UNTIL_ENDED } from './crash-points.ts';
import { CRASH_RULES } from './crash-rules.ts';
import { testTheChain, useCrashWorld } from './crash-world.ts';
import { crashAt, expected } from './crash.ts';

const mortal = useCrashWorld(CRASH_RULES);

test.each(UNTIL_ENDED)('killed at $name: nothing is lost, nothing is there twice', async (point) => {
  expect(await crashAt(mortal.world, mortal.app, point)).toEqual(expected(point));
});

testTheChain(mortal);
