/** Whoever leaves loses everything that waits and lives: at once by the event, within a day without it, and never because of a failed look-up. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { forgetFacts } from '../support/facts.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RULES = `
rules:
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    approvals: [{ from: owners }, { from: sre }]
  - name: Reads at once
    approve: true
pending: 4h
claim: 1h
admins: [security]
`;
const why = 'look at the stuck orders';

let world: World;
let story: Story;
beforeEach(async () => {
  world = await startWorld({ rules: RULES });
  story = storyOf(world);
  await world.start();
  await world.start();
});
afterEach(() => world.stop());

const say = (who: string, text: string) => world.slack.as(who).command('/prod-access', text, 'general');
const count = async (where: string): Promise<number> =>
  (await world.sql<{ n: number }>(`select count(*)::int as n from ${where}`))[0]?.n ?? -1;

/** Olga has access, a request that waits, a vote on another's, a pre-approval that she gave, and stands in for Sam. */
const involve = async (): Promise<void> => {
  await say('olga', `orders-db read 30m ${why}`);
  await until(async () => (await count(`grants where state = 'active'`)) === 1, 'the grant');
  const message = await story.ask('ada', `orders-db write 15m ${why} OPS-1`);
  await world.slack.as('olga').click(message, 'approve');
  await until(async () => (await count('votes')) === 1, 'the vote');
  await say('olga', `orders-db write 15m ${why} OPS-2`);
  await say('olga', 'allow <@U0ADA|ada> orders-db write for 2d');
  await say('sam', 'away until tomorrow <@U0OLGA|olga>');
  await until(async () => (await count('pre_approvals')) === 1 && (await count('absences')) === 1, 'the rest');
  await until(async () => (await count(`requests where state = 'pending'`)) === 2, 'her request');
};

const isOut = async (): Promise<void> => {
  await until(async () => (await count(`grants where state = 'removed'`)) === 1, 'the end');
  await until(async () => (await count('votes')) === 0, 'the vote to be void');
  expect(await world.logins()).toEqual([]);
  expect(
    await world.sql(`select requester_id like '%U0ADA' as ada, state from requests where role = 'write' order by 1`),
  ).toEqual([
    { ada: false, state: 'cancelled' },
    { ada: true, state: 'pending' },
  ]);
  expect(await count('pre_approvals where revoked_at is null')).toBe(0);
  expect(await count('absences where delegate_id is not null')).toBe(0);
  expect(await count(`people where user_id = 'U0OLGA' and is_active`)).toBe(0);
};

test('the event takes out all of it at once', async () => {
  await involve();
  world.slack.changePerson('olga', { isDeleted: true });
  await isOut();
  const events = await story.events();
  for (const type of ['request.cancelled', 'vote.voided', 'pre_approval.withdrawn', 'absence.ended', 'grant.removed'])
    expect(events).toContain(type);
});

test('without the event the daily check finds it, and a failed look-up or one strange answer takes nothing from anybody', async () => {
  await involve();
  const checkNow = async (): Promise<unknown[]> => {
    await forgetFacts(world);
    return world.sql('update account_checks set next_at = now()');
  };
  await until(async () => (await count('account_checks')) >= 3, 'the checks');
  world.slack.faults.fail('users.info', 'internal_error', 100);
  await checkNow();
  await until(
    async () => (await count(`account_checks where next_at < now() + interval '1 hour' and next_at > now()`)) >= 3,
    'the failed look-ups to be put off',
    30_000,
  );
  world.slack.faults.clear();
  world.slack.faults.fail('users.info', 'user_not_found', 20);
  await checkNow();
  await until(async () => (await count('account_checks where misses > 0')) > 0, 'a strange answer to be noted');
  world.slack.faults.clear();
  expect(await count(`grants where state = 'active'`)).toBe(1);
  expect(await count(`requests where state = 'pending'`)).toBe(2);

  const olga = world.slack.state.people.get('U0OLGA');
  if (olga) olga.isDeleted = true;
  await checkNow();
  await isOut();
});
