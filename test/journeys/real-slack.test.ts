/** Through a Slack that takes 120 ms for each call and keeps its documented tiers, nobody is turned away and no call is refused. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { blocksOf } from '../../sandbox/src/slack/messages.ts';
import type { Call, Message } from '../../sandbox/src/slack/types.ts';
import { slackTiming } from '../../sandbox/src/slack/config.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { storyOf, until } from '../support/story.ts';

vi.setConfig({ testTimeout: 240_000 });

let world: World;
afterEach(() => world.stop());

const RULES = `
rules:
  - name: An SRE approves
    approvals: [{ from: sre }]
limits: { open_requests: 100, live_grants: 100 }
`;
const PEOPLE = 40;
const WITHIN_MS = 60_000;

const countOf = (calls: Call[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { method } of calls) counts[method] = (counts[method] ?? 0) + 1;
  return counts;
};

const isWaiting = (message: Message): boolean => JSON.stringify(blocksOf(message)).includes('"action_id":"approve"');

/** Clicks on each approval message as it comes. */
const approveAll = async ({ slack }: World, count: number): Promise<void> => {
  const clicked = new Set<string>();
  while (clicked.size < count) {
    for (const message of slack.as('rita').messages('prod-access').filter(isWaiting)) {
      if (clicked.has(message.ts)) continue;
      clicked.add(message.ts);
      await slack.as('rita').click(message, 'approve');
    }
    await delay(50);
  }
};

test('forty people request within a minute, as in an incident, and an approver out of a user group clicks on each', async () => {
  world = await startWorld({ rules: RULES, slackConfig: { timing: slackTiming } });
  world.env['LATCHKEY_SLACK_LIMITS'] = 'keep';
  await world.start();
  const { slack } = world;
  const ids = Array.from({ length: PEOPLE }, (_, index) => `U0P${index}`);
  for (const [index, id] of ids.entries()) slack.addPerson({ id, name: `p${index}`, email: `p${index}@acme.test` });
  for (const id of ids) slack.state.channels.get('C0GENERAL')?.members.add(id);
  slack.faults.beReal();
  const firstCall = slack.calls().length;
  const calls = (): Call[] => slack.calls().slice(firstCall);
  await Promise.all([
    approveAll(world, PEOPLE),
    ...ids.map(async (id, index) => {
      await delay((index * WITHIN_MS) / PEOPLE);
      await slack.as(id).command('/prod-access', 'orders-db read 15m look at the stuck orders', 'general');
    }),
  ]);
  const active = (): Promise<{ id: string }[]> => world.sql(`select id from grants where state = 'active'`);
  await until(async () => (await active()).length === PEOPLE, `${PEOPLE} grants`, 60_000);
  expect(countOf(calls().filter(({ status }) => status === 429))).toEqual({});
  // Approval message, direct message and their changes: what was looked up is shared.
  expect(calls().filter(({ method }) => method !== 'response_url').length).toBeLessThanOrEqual(PEOPLE * 6);
  expect(countOf(calls())['usergroups.list']).toBeLessThanOrEqual(5);
  // Each requester once, the approver twice a minute; what messages show of people is kept.
  expect(countOf(calls())['users.info']).toBeLessThanOrEqual(PEOPLE * 1.3);
});

test('an approver who was taken out of the group a moment ago decides nothing, though the group was just read', async () => {
  world = await startWorld({ rules: RULES, slackConfig: { timing: slackTiming } });
  await world.start();
  const { slack } = world;
  const story = storyOf(world);
  const message = await story.ask('ada', 'orders-db read 15m look at the stuck orders');
  expect(slack.calls('usergroups.list').length).toBeGreaterThan(0);
  slack.setUsergroup('sre', ['oscar']);
  await slack.as('rita').click(message, 'approve');
  await story.privately('rita', 'an approver of this request', 'prod-access');
  expect(await story.state()).toEqual([{ request: 'pending', grant: null }]);
  await slack.as('oscar').click(message, 'approve');
  await until(async () => (await story.state())[0]?.grant === 'active', 'the grant');
});

test('after the connection was lost nothing that was read before it is believed', async () => {
  world = await startWorld({ rules: RULES, slackConfig: { timing: slackTiming } });
  await world.start();
  const { slack } = world;
  const story = storyOf(world);
  const message = await story.ask('ada', 'orders-db read 15m look at the stuck orders');
  const opened = slack.calls('apps.connections.open').length;
  slack.faults.dropSockets();
  // No event of it arrives: there is no connection to send it over.
  const sre = [...slack.state.usergroups.values()].find(({ handle }) => handle === 'sre');
  if (sre) sre.members = [slack.personId('oscar')];
  await slack.waitFor(() => slack.calls('apps.connections.open').length > opened && slack.connectionCount() > 0, {
    what: 'a new connection',
  });
  const before = slack.calls('usergroups.list').length;
  await slack.as('rita').click(message, 'approve');
  await slack.waitFor(() => slack.calls('usergroups.list').length > before, { what: 'the groups to be read again' });
  await story.privately('rita', 'an approver of this request', 'prod-access');
  expect(await story.state()).toEqual([{ request: 'pending', grant: null }]);
});
