/** An approved request that meets a target which needs a fix: nobody asks or approves again, and it is set up once it is fixed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [app_lost] }, max: 1h, default: 15m }`;
const RULES = `
rules:
  - name: One owner
    approvals: [{ from: owners }]
claim: CLAIM
admins: [security]
`;

let world: World;
let story: Story;
const begin = async (claim = '1h', lost = 'lost_group', processes = 2): Promise<void> => {
  world = await startWorld({ roles: ROLES.replace('app_lost', lost), rules: RULES.replace('CLAIM', claim) });
  story = storyOf(world);
  await Promise.all(Array.from({ length: processes }, () => world.start()));
};
afterEach(() => world.stop());

const lostName = `lost_${process.pid}_${Date.now()}`;
const makeGroup = async (name: string): Promise<void> => {
  await world.targetSql(`create role ${name} nologin`);
  await world.targetSql(`grant ${name} to "${new URL(world.target.managerUrl).username}" with admin option`);
};
const state = async (): Promise<string | undefined> =>
  (await world.sql<{ state: string }>('select state from grants'))[0]?.state;
const approved = async (): Promise<void> => {
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db write 15m repair order 1183'), 'approve');
};

test('admins read the cause and what to run, the requester reads that there is nothing to do, and it comes by itself when it is fixed', async () => {
  await begin('1h', lostName);
  await approved();
  const told = await story.dm('sam', 'could not be set up');
  expect(seen(told)).toContain('CREATE ROLE');
  expect(seen(told)).toContain('try_again');
  await story.dm('olga', 'could not be set up');
  const mine = await story.dm('ada', 'could not be set up yet');
  expect(seen(mine)).toContain('There is nothing for you to do');
  expect(world.slack.as('ada').dmsWithApp().map(seen).join()).not.toContain('CREATE ROLE');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
  // A click changes nothing while it is not fixed, whoever clicks; strangers may not.
  await world.slack.as('sam').click(told, 'try_again');
  await until(
    async () => world.slack.as('sam').dmsWithApp().map(seen).join().includes('It is not fixed yet'),
    'the answer',
  );
  await world.slack.as('ada').click(mine, 'try_again');
  await until(
    async () => world.slack.as('ada').dmsWithApp().map(seen).join().includes('It is not fixed yet'),
    'the answer',
  );
  expect(world.slack.as('ada').dmsWithApp().map(seen).join()).not.toContain('CREATE ROLE');
  await makeGroup(lostName);
  await until(async () => (await state()) === 'active', 'the access', 60_000);
  await story.credentials('ada');
  await story.dm('sam', '*Active* until');
  expect(await world.sql('select 1 from requests')).toHaveLength(1);
  expect(await world.sql('select 1 from votes')).toHaveLength(1);
  expect(await story.events()).toEqual(expect.arrayContaining(['grant.held', 'grant.active']));
});

test('two clicks on *Try again* after the fix make one login, and the log says who clicked', async () => {
  await begin('1h', `${lostName}b`);
  await approved();
  const told = await story.dm('sam', 'could not be set up');
  await world.sql(`update grants set next_attempt_at = now() + interval '1 hour'`);
  await makeGroup(`${lostName}b`);
  const olgas = await story.dm('olga', 'could not be set up');
  await Promise.all([
    world.slack.as('sam').click(told, 'try_again'),
    world.slack.as('sam').click(told, 'try_again'),
    world.slack.as('olga').click(olgas, 'try_again'),
  ]);
  await until(async () => (await state()) === 'active', 'the access', 60_000);
  expect(await world.sql('select 1 from grants')).toHaveLength(1);
  expect((await story.events()).filter((type) => type === 'grant.active')).toHaveLength(1);
  expect(await story.events()).toContain('grant.retry_requested');
});

const changePolicy = (before: string, after: string): void =>
  writeFileSync(world.policyPath, readFileSync(world.policyPath, 'utf8').replace(before, after));

test('another scope than people approved needs another approval: it is over, nobody got in, and one click requests it again', async () => {
  await begin('1h', `${lostName}c`);
  await approved();
  await story.dm('sam', 'could not be set up');
  changePolicy(`${lostName}c`, world.target.groups.app_write);
  await until(async () => (await state()) === 'removed', 'the end', 60_000);
  expect(await world.logins()).toEqual([]);
  // The button comes once it is over, a moment after the words.
  const told = await story.dm('ada', 'ask_again');
  expect(seen(told)).toContain('needs a new approval');
  expect(seen(told)).toContain('No one got in');
  expect(await story.events()).not.toContain('grant.rescoped');
  await world.slack.as('ada').click(told, 'ask_again');
  await world.slack.waitFor(() => JSON.stringify(world.slack.as('ada').modals()).includes('repair order 1183'), {
    what: 'the form, filled in',
  });
});

test('a wider scope is not slipped under an approval while the group is still missing', async () => {
  await begin('1h', `${lostName}f`);
  await approved();
  await story.dm('sam', 'could not be set up');
  changePolicy(`[${lostName}f]`, `[${lostName}f, ${world.target.groups.app_write}]`);
  await until(async () => (await state()) === 'removed', 'the end', 60_000);
  await makeGroup(`${lostName}f`);
  expect(await world.logins()).toEqual([]);
});

test('a fix in the policy counts where a rule approves by itself', async () => {
  await begin('1h', `${lostName}g`);
  changePolicy('rules:\n', 'rules:\n  - { name: Writes are free, match: { roles: ["*/write"] }, approve: true }\n');
  await world.slack.waitFor(() => world.slack.as('sam').dmsWithApp().map(seen).join().includes('Writes are free'), {});
  await world.slack.as('ada').command('/prod-access', 'orders-db write 15m repair order 1183', 'general');
  await story.dm('sam', 'could not be set up');
  changePolicy(`${lostName}g`, world.target.groups.app_write);
  await until(async () => (await state()) === 'active', 'the access', 60_000);
  expect(await story.events()).toContain('grant.rescoped');
});

test('a rule that forbids it meanwhile is the last word', async () => {
  await begin('1h', `${lostName}d`);
  await approved();
  await story.dm('sam', 'could not be set up');
  const text = readFileSync(world.policyPath, 'utf8');
  const denied = text.replace(
    'rules:\n',
    'rules:\n  - { name: Freeze, match: { roles: ["*/write"] }, deny: Change freeze. }\n',
  );
  writeFileSync(world.policyPath, denied.replace(`${lostName}d`, world.target.groups.app_write));
  await until(async () => (await state()) === 'removed', 'the end', 60_000);
  expect(await world.logins()).toEqual([]);
  await story.dm('ada', 'Change freeze');
});

test('what is not fixed in time is over, with nothing left in the target', async () => {
  await begin('6s', `${lostName}e`);
  await approved();
  await story.dm('ada', 'could not be set up yet');
  await until(async () => (await state()) === 'failed', 'the end', 60_000);
  await story.dm('ada', 'The owners and the admins have the cause');
  expect(world.slack.as('ada').dmsWithApp().map(seen).join()).not.toContain('CREATE ROLE');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});

test('how long an approval keeps is what its own rule said, whatever the policy says or is changed to', async () => {
  // One process: of two, the other one could decide while it still has the policy from before.
  await begin('1h', `${lostName}h`, 1);
  changePolicy('approvals: [{ from: owners }]', 'approvals: [{ from: owners }]\n    claim: 6s');
  await world.slack.waitFor(
    () => world.slack.as('sam').dmsWithApp().map(seen).join().includes('A new policy is in force'),
    {},
  );
  await approved();
  changePolicy('claim: 6s', 'claim: 2h');
  await story.dm('ada', 'could not be set up yet');
  await until(async () => (await state()) === 'failed', 'the end', 60_000);
  expect(await world.sql('select claim_ms::int as ms from grants')).toEqual([{ ms: 6_000 }]);
});

test('*End now* on the card ends live access for an owner, and for nobody who is none', async () => {
  await begin();
  const card = await story.ask('ada', 'orders-db read 30m look at order 1183');
  await world.slack.as('olga').click(card, 'approve');
  const live = await story.inChannel('end_now');
  await world.slack.as('oscar').click(live, 'end_now');
  await story.privately('oscar', 'Only admins of Latchkey and owners', 'prod-access');
  expect(await state()).toBe('active');
  await world.slack.as('olga').click(live, 'end_now');
  await until(async () => (await state()) === 'removed', 'the end');
  expect(await world.logins()).toEqual([]);
});
