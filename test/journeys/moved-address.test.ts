/** An approver's address moves to somebody else while a request waits: seen by whoever is asked, told to admins, settled by one. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RULES = `
rules:
  - name: Two of the DBAs
    approvals: [{ from: dba, count: 2 }]
pending: 4h
claim: 1h
admins: [head]
`;

let world: World;
let story: Story;
beforeEach(async () => {
  world = await startWorld({ groups: '  head: { people: [U0OSCAR] }\n', rules: RULES });
  story = storyOf(world);
  await world.start();
});
afterEach(() => world.stop());

it('an address that moves lets its new holder decide nothing until an admin confirms it', async () => {
  const { slack } = world;
  const asked = await story.ask('ada', 'orders-db read 30m checkout errors');
  expect(seen(asked)).toContain('<@U0OLGA>');
  slack.changePerson('olga', { email: 'olga.old@acme.test' });
  slack.changePerson('rita', { email: 'olga@acme.test' });

  for (const who of ['rita', 'olga']) {
    await slack.as(who).click(asked, 'approve');
    await story.privately(who, 'not an approver of this request', 'prod-access');
  }
  const news = await story.dm('oscar', 'An email address is not trusted');
  expect(seen(news)).toContain('people confirm olga@acme.test');

  await slack.as('sam').click(asked, 'approve');
  await story.inChannel('<@U0SAM> approved');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);

  await slack.as('oscar').command('/prod-access', 'people confirm olga@acme.test <@U0RITA|rita>', 'general');
  await story.privately('oscar', 'is <@U0RITA> from now on');
  await slack.as('rita').click(asked, 'approve');
  // The login is there before its grant is recorded as active.
  await expect
    .poll(story.events)
    .toEqual(expect.arrayContaining(['email_binding.conflicted', 'email_binding.confirmed', 'grant.active']));
  expect(await world.logins()).toHaveLength(1);
});
