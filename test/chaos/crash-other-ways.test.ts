/** Killed with SIGKILL at each named point of break-glass and of more time: one login or none, the state and the audit chain whole, each message once. */
import { expect, test } from 'vitest';
import { GLASS, crashGlassAt, expectedGlass } from './crash-glass.ts';
import { MORE_TIME, crashMoreAt, expectedMore } from './crash-more-time.ts';
import { OTHER_WAYS_RULES } from './crash-rules.ts';
import { testTheChain, useCrashWorld } from './crash-world.ts';

const mortal = useCrashWorld(OTHER_WAYS_RULES, async ({ world }) => {
  world.slack.as('sam').invite('security', 'bot');
});

test.each(GLASS)('killed at $name: taken once, told and reviewed once, ended once', async (point) => {
  expect(await crashGlassAt(mortal.world, mortal.app, point)).toEqual(expectedGlass(point));
});

test.each(MORE_TIME)('killed at $name: target and store hold to one end, and it ends once', async (point) => {
  expect(await crashMoreAt(mortal.world, mortal.app, point)).toEqual(expectedMore(point));
});

testTheChain(mortal);
