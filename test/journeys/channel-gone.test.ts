/** A channel of the policy that Latchkey cannot post in: approvers get direct messages, and admins read why, once for each occurrence. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';

let world: World;
let story: Story;
beforeEach(async () => {
  world = await startWorld({
    rules: `
rules:
  - name: Needs an owner
    approvals: [{ from: owners }]
limits: { open_requests: 20, live_grants: 20 }
admins: [security]
`,
  });
  story = storyOf(world);
  await world.start();
});
afterEach(() => world.stop());

const ask = (why: string): Promise<unknown> =>
  world.slack.as('ada').command('/prod-access', `orders-db read 30m ${why}`, 'general');
const notices = (): string[] =>
  world.slack
    .as('sam')
    .dmsWithApp()
    .map(seen)
    .filter((text) => text.includes('cannot post in a channel of the policy'));

test(
  'an archived channel is told to admins once, until it is restored; the next time again',
  { timeout: 400_000 },
  async () => {
    await ask('look at order zero');
    await story.inChannel('look at order zero');
    world.slack.as('sam').archive('prod-access');
    await ask('look at the first order');
    await story.dm('olga', 'look at the first order');
    await until(() => Promise.resolve(notices().length === 1), 'admins are notified');
    expect(notices()[0]).toContain('#prod-access is archived: restore it');
    await ask('look at the second order');
    await story.dm('olga', 'look at the second order');
    expect(await world.sql('select 1 from announcements where kind = $1', ['channel_gone'])).toHaveLength(1);

    world.slack.as('sam').unarchive('prod-access');
    await until(() => Promise.resolve(notices()[0]?.includes('can post in #prod-access again')), 'it is over', 180_000);
    await ask('look at the third order');
    await story.inChannel('look at the third order');

    world.slack.as('sam').archive('prod-access');
    await ask('look at the fourth order');
    await until(() => Promise.resolve(notices().length === 2), 'the next occurrence is a notice of its own');
  },
);

test('a channel that never was is told to admins, too', { timeout: 400_000 }, async () => {
  const text = readFileSync(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, text.replace('"#prod-access"', '"#never-was"'));
  await story.dm('sam', 'A new policy is in force');
  // Before anybody asks for anything.
  await until(() => Promise.resolve(notices().length === 1), 'admins are notified', 180_000);
  await ask('look at the first order');
  await story.dm('olga', 'look at the first order');
  expect(notices()).toHaveLength(1);
  expect(notices()[0]).toContain('#never-was is not there for Latchkey');
  expect(notices()[0]).toContain('The policy names it here: target orders-db.');
  writeFileSync(world.policyPath, text);
  await until(
    () => Promise.resolve(notices()[0]?.includes('does not name #never-was any more')),
    'it is over',
    180_000,
  );
});
