/** A target that no connection can be made to, since TLS does not fit: nothing was begun there, so nothing is said to be ended. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }`;
const RULES = `
rules:
  - name: One owner
    approvals: [{ from: owners }]
claim: CLAIM
admins: [security]
`;

let world: World;
let story: Story;
afterEach(() => world.stop());

const changePolicy = (from: string, to: string): void => {
  const text = readFileSync(world.policyPath, 'utf8');
  expect(text).toContain(from);
  writeFileSync(world.policyPath, text.replace(from, to));
};
const demandTls = (): void => changePolicy('ADMIN_URL}" }', 'ADMIN_URL}", sslmode: require }');

const begin = async (claim: string): Promise<void> => {
  world = await startWorld({ roles: ROLES, rules: RULES.replace('CLAIM', claim) });
  story = storyOf(world);
  demandTls();
  await Promise.all([world.start(), world.start()]);
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 15m look at order 1183'), 'approve');
};
const state = async (): Promise<string | undefined> =>
  (await world.sql<{ state: string }>('select state from grants'))[0]?.state;

test('it is said at once with its cause, never as something that ends, and comes when it is fixed', async () => {
  await begin('1h');
  const told = await story.dm('sam', 'could not be set up');
  expect(seen(told)).toContain('it has no TLS');
  await story.dm('ada', 'could not be set up yet');
  expect(await state()).toBe('activating');
  changePolicy(', sslmode: require', '');
  await until(async () => (await state()) === 'active', 'the access', 60_000);
  expect(await story.events()).not.toContain('grant.ending');
});

test('what is not fixed in time has failed: there was nothing to end', async () => {
  await begin('6s');
  await story.dm('ada', 'could not be set up yet');
  await until(async () => (await state()) === 'failed', 'the end', 60_000);
  expect(await story.events()).not.toContain('grant.ending');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});

test('what an attempt before may have left is looked for, and not taken for gone', async () => {
  await begin('1h');
  await story.dm('ada', 'could not be set up yet');
  // As a process leaves it that is killed in the middle of an attempt.
  await world.sql(`update grants set lease_until = now() - interval '1 second'`);
  await world.sql(`update grants set created_at = now() - interval '2 hours', next_attempt_at = now()`);
  await until(async () => (await state()) === 'ending', 'the end that looks', 60_000);
  changePolicy(', sslmode: require', '');
  await until(async () => (await state()) === 'removed', 'the end', 60_000);
});
