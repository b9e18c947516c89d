/** Deciding: who may, who may not, and what everybody hears. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blocksOf } from '../../sandbox/src/slack/messages.ts';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
let story: Story;
beforeAll(async () => {
  world = await startWorld();
  story = storyOf(world);
  // Two web and worker processes' worth of app: whichever gets the click, the outcome is one.
  await world.start();
  await world.start();
});
afterAll(() => world.stop());
let reason = '';
beforeEach(({ task }) => {
  reason = `look into ${task.id.replaceAll(/\W/g, ' ')} of today`;
});

const latest = async (): Promise<{ id: string; state: string; grants: number; votes: number }> => {
  const [row] = await world.sql<{ id: string; state: string; grants: number; votes: number }>(
    `select r.id, r.state, (select count(*)::int from grants g where g.request_id = r.id) as grants,
      (select count(*)::int from votes v where v.request_id = r.id) as votes from requests r order by r.created_at desc limit 1`,
  );
  if (!row) throw new Error('there is no request');
  return row;
};

test('a denial asks why, tells the requester, and takes the buttons away', async () => {
  const { slack } = world;
  const message = await story.ask('ada', `orders-db read 30m ${reason}`);
  await slack.as('olga').click(message, 'deny');
  await slack.waitFor(() => slack.as('olga').modal());
  const empty = await slack.as('olga').submit();
  expect(JSON.stringify(empty)).toMatch(/error|required/i);
  await slack.as('olga').type('reason', 'the replica has the same rows');
  await slack.as('olga').submit();
  await story.dm('ada', 'the replica has the same rows');
  await story.inChannel('Denied');
  expect(
    JSON.stringify(
      slack
        .as('olga')
        .messages('prod-access')
        .find(({ ts }) => ts === message.ts),
    ),
  ).not.toContain('"approve"');
  expect(await latest()).toMatchObject({ state: 'denied', grants: 0, votes: 1 });
});

test('a cancelled request can no longer be approved', async () => {
  const { slack } = world;
  const message = await story.ask('ada', `orders-db read 30m ${reason}`);
  await slack.as('ada').command('/prod-access', `cancel ${(await latest()).id}`, 'general');
  await until(async () => (await latest()).state === 'cancelled', 'the cancellation');
  await slack.as('olga').clickStale(message, 'approve');
  await story.privately('olga', 'cancelled', 'prod-access');
  expect(await latest()).toMatchObject({ state: 'cancelled', grants: 0, votes: 0 });
});

test('nobody approves their own request, in any identity', async () => {
  const { slack } = world;
  const message = await story.ask('olga', `orders-db read 30m ${reason}`);
  await slack.as('olga').click(message, 'approve');
  await story.privately('olga', 'own request', 'prod-access');
  // The same human under a second account: another user id, the same mailbox.
  slack.addPerson({ id: 'U0OLGA2', name: 'olga2', realName: 'Olga Two', email: 'Olga+ops@acme.test' });
  slack.state.channels.get('C0ACCESS')?.members.add('U0OLGA2');
  await slack.as('U0OLGA2').click(message, 'approve');
  await story.privately('U0OLGA2', 'own request', 'prod-access');
  expect(await latest()).toMatchObject({ state: 'pending', grants: 0, votes: 0 });
  expect((await story.events()).filter((type) => type === 'vote.refused')).not.toEqual([]);
});

test('who may not approve is told so, and nothing changes', async () => {
  const { slack } = world;
  const message = await story.ask('ada', `orders-db read 30m ${reason}`);
  await slack.as('oscar').click(message, 'approve');
  const answer = await story.privately('oscar', 'owners', 'prod-access');
  expect(seen(answer)).not.toContain('went wrong');
  expect(await latest()).toMatchObject({ state: 'pending', grants: 0, votes: 0 });
});

test('two approvers at the same instant through two processes make one decision and one login', async () => {
  const { slack } = world;
  const before = await world.logins();
  const message = await story.ask('ada', `orders-db read 30m ${reason}`);
  await Promise.all([slack.as('olga').click(message, 'approve'), slack.as('sam').click(message, 'approve')]);
  await story.dm('ada', 'show_credentials');
  expect(await latest()).toMatchObject({ state: 'approved', grants: 1 });
  expect(await world.logins()).toHaveLength(before.length + 1);
  await slack.waitFor(() =>
    ['olga', 'sam'].some((who) =>
      slack
        .as(who)
        .messages('prod-access')
        .some((one) => one.ephemeralFor && seen(one).includes('already')),
    ),
  );
});

test('twenty clicks at once are one vote', async () => {
  const { slack } = world;
  const before = await world.logins();
  const message = await story.ask('ada', `orders-db read 30m ${reason}`);
  await Promise.all(Array.from({ length: 20 }, () => slack.as('olga').click(message, 'approve')));
  await until(async () => (await world.logins()).length > before.length, 'the login');
  expect(await latest()).toMatchObject({ state: 'approved', grants: 1, votes: 1 });
  expect(await world.logins()).toHaveLength(before.length + 1);
});

test('an owner revokes a grant, its session is cut; others are refused', async () => {
  const { slack } = world;
  const message = await story.ask('rita', `orders-db read 30m ${reason}`);
  await slack.as('olga').click(message, 'approve');
  const { url } = await story.credentials('rita');
  const { isCut } = await openSession(url);
  const { id } = await latest();
  await slack.as('oscar').command('/prod-access', `revoke ${id}`, 'general');
  await story.privately('oscar', 'owner');
  await slack.as('olga').command('/prod-access', `revoke ${id} maintenance begins`, 'general');
  await isCut;
  await story.dm('rita', 'maintenance begins');
  await untilRemoved(world);
  expect(await world.sql('select end_cause, end_outcome from grants where request_id = $1', [id])).toEqual([
    { end_cause: 'revoked', end_outcome: 'removed' },
  ]);
});

test('another person sees no credentials', async () => {
  const { slack } = world;
  const message = await story.ask('ada', `orders-db read 30m ${reason}`);
  await slack.as('olga').click(message, 'approve');
  const { id } = await latest();
  const grant = await until(
    async () =>
      (await world.sql<{ id: string }>(`select id from grants where request_id = $1 and state = 'active'`, [id]))[0],
    'the grant',
  );
  const granted = await story.dm('ada', grant.id);
  await slack.as('oscar').clickStale(granted, 'show_credentials', grant.id);
  await until(async () => (await story.events()).includes('credentials.refused'), 'the refusal');
  expect(JSON.stringify(slack.as('oscar').modals())).not.toContain('postgresql://');
});

test('text made to break things shows as text, to ten thousand characters', async () => {
  const { slack } = world;
  const hostile = `<!channel> <@U0SAM> \`\`\` *bold* <https://evil.test|click> & </script> ${'x<&>'.repeat(700)}`;
  const message = await story.ask('ada', `orders-db read 30m ${hostile}`);
  const shown = JSON.stringify(blocksOf(message));
  expect(shown).toContain('&lt;!channel&gt;');
  expect(shown).not.toContain('<!channel>');
  expect(shown).not.toContain('<https://evil.test');
  const before = slack.as('olga').messages('prod-access').length;
  await slack.as('ada').command('/prod-access', `orders-db read 30m ${'<!channel>`'.repeat(1_000)}`, 'general');
  await story.privately('ada', 'too long');
  expect(slack.as('olga').messages('prod-access')).toHaveLength(before);
});

test.each([
  ['0m', 'no duration'],
  ['-5m', 'no duration'],
  ['9h', 'too long'],
])('a duration of %s is answered with what is wrong', async (typed, answer) => {
  const before = (await world.sql('select 1 from requests')).length;
  await world.slack.as('ada').command('/prod-access', `orders-db read ${typed} ${reason}`, 'general');
  await story.privately('ada', answer);
  expect(await world.sql('select 1 from requests')).toHaveLength(before);
});

test('a word where the duration belongs is part of the reason, and the usual time is asked for', async () => {
  const message = await story.ask('ada', `orders-db read banana ${reason}`);
  expect(seen(message)).toContain('30m');
});
