/** A user group of the policy that Slack has no more, or has disabled, is no passing fault: the refusal says what it is, and admins are notified once. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import type { App } from '../../src/compose/app.ts';

let world: World;
let story: Story;
let app: App;
beforeEach(async () => {
  world = await startWorld({
    groups: '  old: { slack_usergroup: never-was }\n',
    rules: `
rules:
  - name: Writes need an SRE
    match: { roles: ["*/write"] }
    approvals: [{ from: sre }]
  - name: Reads need the old group
    match: { roles: ["*/read"] }
    approvals: [{ from: old }]
limits: { open_requests: 20, live_grants: 20 }
admins: [security]
`,
  });
  story = storyOf(world);
  app = await world.start();
});
afterEach(() => world.stop());

const setDisabled = (isDisabled: boolean): void => {
  const group = world.slack.state.usergroups.get('S0SRE');
  if (!group) throw new Error('there is no such user group');
  group.isDisabled = isDisabled;
  // The same members: Slack says that the group changed.
  world.slack.setUsergroup('sre', ['rita']);
};
const say = (line: string): Promise<unknown> => world.slack.as('ada').command('/prod-access', line, 'general');
const privately = (text: string): number =>
  world.slack
    .as('ada')
    .messages('general')
    .filter((message) => seen(message).includes(text)).length;
const notices = (of = 'read from it: sre'): string[] =>
  world.slack
    .as('sam')
    .dmsWithApp()
    .map(seen)
    .filter((text) => text.includes('A group of the policy cannot be read') && text.includes(of));

const gone = 'The user group sre is disabled in Slack';

test(
  'an approving user group that is disabled is named as such, who fixes it is said, and admins are notified once',
  { timeout: 120_000 },
  async () => {
    setDisabled(true);
    await say('orders-db write 20m repair order 1183 by hand');
    const refusal = seen(await story.privately('ada', gone));
    expect(refusal).toContain('an admin can enable it');
    expect(refusal).toContain('The admins were notified. Nothing was sent or changed; do it again once that is fixed.');
    expect(refusal).not.toMatch(/just now|in a moment/);
    await until(() => Promise.resolve(notices().length > 0), 'admins are notified');
    expect(notices()[0]).toContain(gone);
    expect(notices()[0]).toContain('Groups of the policy that are read from it: sre.');

    await app.stop();
    app = await world.start();
    await say('orders-db write 10m repair order 1184 by hand');
    await until(() => Promise.resolve(privately(gone) === 2), 'the second refusal');
    expect(await world.sql('select 1 from announcements where key = $1', ['group_gone:slack:sre'])).toHaveLength(1);
    await say('explain orders-db write');
    await story.privately('ada', `The group sre cannot be read: ${gone}`);
    expect(notices()).toHaveLength(1);

    // Nobody asks for anything: Latchkey looks again by itself.
    setDisabled(false);
    await until(() => Promise.resolve(notices()[0]?.includes('can be read again')), 'the notice is closed', 60_000);
    await say('orders-db write 15m repair order 1185 by hand');
    await story.inChannel('repair order 1185');

    // What is only shown may be a minute old; a process that starts looks anew, before anybody asks.
    setDisabled(true);
    await app.stop();
    app = await world.start();
    await until(() => Promise.resolve(notices().length === 2), 'the next occurrence is a notice of its own');
  },
);

test('a user group that never was is named as such, to the admins before it is needed', async () => {
  await until(() => Promise.resolve(notices('read from it: old').length > 0), 'admins are notified at the start');
  await say('orders-db read 20m look at order 1183');
  await story.privately('ada', 'Slack has no user group never-was');
  expect(notices('read from it: old')).toHaveLength(1);
});

test(
  'a group that goes while its vote is waited for is named to the approver, and on the card until it is back',
  { timeout: 120_000 },
  async () => {
    const card = await story.ask('ada', 'orders-db write 20m repair order 1183 by hand');
    setDisabled(true);
    await world.slack.as('rita').click(card, 'approve');
    await story.privately('rita', gone, 'prod-access');
    await story.inChannel('sre cannot be looked up until an admin fixes it');
    setDisabled(false);
    await until(
      () => {
        const now = world.slack
          .as('olga')
          .messages('prod-access')
          .find(({ ts }) => ts === card.ts);
        return Promise.resolve(now !== undefined && !seen(now).includes('cannot be looked up'));
      },
      'the card has the approvers again',
      60_000,
    );
    await world.slack.as('rita').click(card, 'approve');
    await story.dm('ada', 'show_credentials');
  },
);
