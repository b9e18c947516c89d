/** `latchkey doctor` looks at everything that the policy names outside of Latchkey, whatever place of the schema names it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examineSchedules } from '../../src/directory/on-call/examine.ts';
import { namedPlaces } from '../../src/domain/policy/named-places.ts';
import { createLog } from '../../src/lib/log.ts';
import { examineSlack } from '../../src/slack/examine.ts';
import { ALSO_NAMED, NAMED, namedPolicy } from '../support/named-policy.ts';
import { startSlack } from '../support/slack.ts';
import type { Slack } from '../support/slack.ts';
import { policyOf } from './some-policy.ts';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack();
});
afterAll(() => slack.close());

it('says of each that it is not there', async () => {
  const { botToken, apiUrl } = slack;
  const policy = policyOf(namedPolicy());
  const slackOnly = { botToken, apiUrl, appToken: null, policy, keptChannels: null, log: createLog('silent') };
  const schedules = namedPlaces(policy).flatMap((place) =>
    place.kind === 'schedule' ? [{ ...place, name: place.group }] : [],
  );
  const onCall = await examineSchedules({ pagerduty: null, opsgenie: null }, schedules);
  const { findings } = await examineSlack(slackOnly);
  const said = [...findings, ...onCall].map(({ message }) => message);
  const names = [...Object.values(NAMED), ...Object.values(ALSO_NAMED)];
  expect(names.filter((name) => !said.some((message) => message.includes(name)))).toEqual([]);
});
