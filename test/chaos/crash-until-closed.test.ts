/** Killed with SIGKILL at each named point of an incident's end: one login or none, the state and the audit chain whole, each message once. */
import { expect, test } from 'vitest';
import { INCIDENT, bystanders, crashIncidentAt, expectedIncident } from './crash-incident.ts';
import { OTHER_WAYS_RULES } from './crash-rules.ts';
import { testTheChain, useCrashWorld } from './crash-world.ts';

/** What no end of an incident may touch. */
let beside: string[];
const mortal = useCrashWorld(OTHER_WAYS_RULES, async ({ world, app }) => {
  beside = await bystanders(world, app);
});

test.each(INCIDENT)('killed at $name: what was given for the incident ends once, and nothing else', async (point) => {
  const crashed = await crashIncidentAt(mortal.world, mortal.app, { point, beside });
  expect(crashed).toEqual(expectedIncident(point, beside));
});

testTheChain(mortal);
