/** What admins were notified of says when it is over, by whom where that is known, and when. */
import { readFileSync, writeFileSync } from 'node:fs';
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
    rules: `
rules:
  - name: Writes need an SRE
    match: { roles: ["*/write"] }
    approvals: [{ from: sre }]
  - name: Needs an owner
    approvals: [{ from: owners }]
limits: { open_requests: 20, live_grants: 20 }
admins: [security]
`,
  });
  story = storyOf(world);
  app = await world.start();
});
afterEach(() => world.stop());

const policy = (): string => readFileSync(world.policyPath, 'utf8');
const write = async (text: string): Promise<void> => {
  writeFileSync(world.policyPath, text);
  await app.reloadPolicy();
};
const say = (who: string, line: string): Promise<unknown> =>
  world.slack.as(who).command('/prod-access', line, 'general');
/** The newest of the notices to Sam that begin so. */
const noticeOf = (heading: string): string | undefined =>
  world.slack
    .as('sam')
    .dmsWithApp()
    .map(seen)
    .findLast((text) => text.includes(heading));
const becomes = (heading: string, closing: string): Promise<string> =>
  until(
    () => {
      const text = noticeOf(heading);
      return Promise.resolve(text?.includes('*Since then:*') && text.includes(closing) && text);
    },
    `the notice "${heading}" says "${closing}": ${noticeOf(heading)}`,
    60_000,
  );
const isNotified = (heading: string): Promise<unknown> =>
  until(() => Promise.resolve(noticeOf(heading)), `admins are notified: ${heading}`, 60_000);

test(
  'a refused policy, by a corrected one and by the one before; a policy in force, by the next',
  { timeout: 120_000 },
  async () => {
    const first = policy();
    await write(`${first}\nnonsense: true\n`);
    await isNotified('policy file was refused');
    await write(first);
    const over = await becomes('policy file was refused', 'The policy file was corrected, and is in force.');
    expect(over).toMatch(/is in force\. \(<!date/);

    await write(`${first}\nmore nonsense: true\n`);
    await until(
      async () => (await world.sql("select 1 from announcements where kind = 'policy_rejected'")).length === 2,
      'the second refusal',
    );
    await write(`${first}remind: 20m\n`);
    await becomes('policy file was refused', 'The policy file was corrected');
    await isNotified('A new policy is in force');
    expect(noticeOf('A new policy is in force')).not.toContain('Since then');
    await write(`${first}remind: 25m\n`);
    await until(
      async () =>
        (await world.sql("select 1 from announcements where closing = 'A newer policy is in force.'")).length === 1,
      'the first of two is closed',
    );
  },
);

test('a revocation, when the last of it has ended', { timeout: 120_000 }, async () => {
  const second = policy().replace('people: [sam@acme.test]', 'people: [sam@acme.test, olga@acme.test]');
  await write(second);
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 30m look at stuck orders'), 'approve');
  await story.dm('ada', 'show_credentials');
  await say('olga', 'revoke <@U0ADA>');
  const olga = world.slack.as('olga');
  await world.slack.waitFor(() => olga.modals().find((view) => JSON.stringify(view).includes('End 1 grant')), {
    what: 'the confirmation',
  });
  await olga.submit();
  expect(await becomes('Access is being revoked', 'All of it has ended; the targets confirmed it.')).toContain(
    'revokes',
  );
});

test('a handle that another user group took, when an admin writes the id', { timeout: 120_000 }, async () => {
  const card = await story.ask('ada', 'orders-db write 20m repair order 1183');
  const { usergroups } = world.slack.state;
  const first = usergroups.get('S0SRE');
  if (first) first.handle = 'sre-old';
  usergroups.set('S0EVE', {
    id: 'S0EVE',
    teamId: 'T0LOCAL001',
    handle: 'sre',
    name: 'sre',
    members: ['U0INES'],
    isDisabled: false,
  });
  // The same members: Slack says that the group changed.
  world.slack.setUsergroup('sre-old', ['rita']);
  await world.slack.as('rita').click(card, 'approve');
  const moved = 'The handle sre was the user group S0SRE and is S0EVE now';
  const refusal = seen(await story.privately('rita', moved, 'prod-access'));
  expect(refusal).not.toMatch(/just now|in a moment/);
  await isNotified('Another Slack user group has taken a handle');
  await write(policy().replace('slack_usergroup: sre', 'slack_usergroup: S0SRE'));
  await becomes('Another Slack user group has taken a handle', 'The policy does not name the handle sre any more.');
  expect(noticeOf('A group of the policy cannot be read')).toBeUndefined();
});

const renameGroup = (from: string, to: string): Promise<unknown> =>
  world.targetSql(`alter role "${from}" rename to "${to}"`);

test('targets that do not fit, when they were fixed there', { timeout: 120_000 }, async () => {
  const group = world.target.groups.app_read;
  const notice = 'Targets cannot grant what the policy says';
  await renameGroup(group, `${group}_old`);
  await app.reportTargets();
  await isNotified(notice);
  expect(noticeOf(notice)).toContain('cannot grant read');
  await renameGroup(`${group}_old`, group);
  await becomes(notice, 'All of it is fixed.');
});

/** Where the checks of a busy machine take longer than the message waits, they have a message of their own: then the next policy says it. */
const adoptedWithoutGroup = async (group: string): Promise<string> => {
  const fitting = policy();
  for (let attempt = 1; ; attempt += 1) {
    const missing = `${group}_new${attempt}`;
    await write(fitting.replace(group, missing));
    await isNotified(missing);
    if (noticeOf('A new policy is in force')?.includes(missing)) return missing;
    if (attempt === 5) throw new Error('no message about a policy has what the checks found');
  }
};

test('a target that does not fit a new policy, in the message about the policy', { timeout: 600_000 }, async () => {
  const group = world.target.groups.app_read;
  const missing = await adoptedWithoutGroup(group);
  expect(noticeOf('A new policy is in force')).toContain('cannot grant read');
  await renameGroup(group, missing);
  await isNotified('fixed, it can grant read');
  await renameGroup(missing, group);
  // Not for long: the line says again what is wrong.
  await until(
    () => Promise.resolve(noticeOf('A new policy is in force')?.includes('cannot grant read')),
    'the line says again what is wrong',
    180_000,
  );
});
