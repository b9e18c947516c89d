/** The policy names channels as people do. The id is kept: a name that moved to another channel is not followed. */
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
  - name: Needs an owner
    approvals: [{ from: owners }]
limits: { open_requests: 20, live_grants: 20 }
break_glass: { who: [sre], roles: ["*/write"], max: 45m, tell: ["#loud"], review_within: 24h, reviewers: [security] }
admins: [security]
`,
  });
  story = storyOf(world);
  world.slack.as('sam').createChannel('loud');
  world.slack.addBotTo('loud');
  app = await world.start();
});
afterEach(() => world.stop());

const restart = async (): Promise<void> => {
  await app.stop();
  app = await world.start();
};
const ask = (why: string): Promise<unknown> =>
  world.slack.as('ada').command('/prod-access', `orders-db read 30m ${why}`, 'general');
const says = (who: string, channel: string, text: string): Promise<boolean> =>
  until(
    () =>
      Promise.resolve(
        world.slack
          .as(who)
          .messages(channel)
          .some((message) => seen(message).includes(text)),
      ),
    `"${text}" in ${channel}`,
  );
const notices = (): string[] =>
  world.slack
    .as('sam')
    .dmsWithApp()
    .map(seen)
    .filter((text) => text.includes('belongs to another channel now'));
/** Somebody else makes a channel of that name and invites the app. */
const take = (name: string): void => {
  world.slack.as('ines').createChannel(name);
  world.slack.addBotTo(name);
};

const breakGlass = async (why: string): Promise<void> => {
  const rita = world.slack.as('rita');
  await rita.command('/prod-access', `break-glass orders-db write 20m ${why}`, 'general');
  const isFilled = (text: string): boolean => text.includes('Take access now') && text.includes('"submit":{');
  await world.slack.waitFor(() => rita.modals().find((view) => isFilled(JSON.stringify(view))), {
    what: 'the view that asks once more',
  });
  await rita.submit();
  await rita.close();
};

test('a renamed channel is the same channel, also after a restart', async () => {
  await ask('look at the first order');
  await says('olga', 'C0ACCESS', 'look at the first order');
  world.slack.as('sam').rename('prod-access', 'access-of-old');
  await restart();
  await ask('look at the second order');
  await says('olga', 'C0ACCESS', 'look at the second order');
  expect(notices()).toEqual([]);
});

test('a name that another channel took is not followed: owners get direct messages, admins read why, once', async () => {
  await ask('look at the first order');
  await says('olga', 'C0ACCESS', 'look at the first order');
  world.slack.as('sam').rename('prod-access', 'access-of-old');
  take('prod-access');
  await restart();
  await ask('look at the second order');
  await story.dm('olga', 'look at the second order');
  await until(() => Promise.resolve(notices().length > 0), 'admins are notified');
  expect(notices()[0]).toContain('Write the id of the right channel in the policy');
  await restart();
  await ask('look at the third order');
  await story.dm('olga', 'look at the third order');
  const stranger = world.slack.as('ines').messages('prod-access').map(seen).join('\n');
  expect(stranger).not.toContain('order');
  const old = world.slack.as('olga').messages('C0ACCESS').map(seen).join('\n');
  expect(old).not.toMatch(/second|third/);
  expect(notices()).toHaveLength(1);

  world.slack.as('ines').rename('prod-access', 'something-else');
  world.slack.as('sam').rename('C0ACCESS', 'prod-access');
  await restart();
  await ask('look at the fourth order');
  await says('olga', 'C0ACCESS', 'look at the fourth order');
  await until(() => Promise.resolve(notices()[0]?.includes('has its name #prod-access back')), 'the notice is closed');
});

test('a channel of break-glass whose name was taken is not written to; the admins are, and read why', async () => {
  await breakGlass('repair the first order by hand');
  await says('sam', 'loud', 'repair the first order by hand');
  world.slack.as('sam').rename('loud', 'quiet');
  take('loud');
  await restart();
  await breakGlass('repair the second order by hand');
  await story.dm('sam', 'repair the second order by hand');
  await until(() => Promise.resolve(notices().length === 1), 'admins are notified');
  expect(world.slack.as('ines').messages('loud').map(seen).join('\n')).not.toContain('second order');
});
