/** What a message says stays true after it was posted: an extension that was overtaken, and one whose access has ended. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blocksOf } from '../../sandbox/src/slack/messages.ts';
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
admins: [security]
`,
  });
  story = storyOf(world);
  await world.start();
});
afterEach(() => world.stop());

const say = (who: string, line: string): Promise<unknown> =>
  world.slack.as(who).command('/prod-access', line, 'general');

/** Every message about more time, wherever it stands. */
const extensionCards = (): string[] =>
  [...world.slack.as('olga').messages('prod-access'), ...world.slack.as('ada').dmsWithApp()]
    .filter(({ ephemeralFor }) => ephemeralFor === undefined)
    .map(seen)
    .filter((text) => / more\*/.test(text) && /for \*\d+m more\*/.test(text));

const allSay = (pattern: RegExp, count: number): Promise<string[]> =>
  until(
    () => {
      const cards = extensionCards();
      return Promise.resolve(cards.length === count && cards.every((text) => pattern.test(text)) && cards);
    },
    `${count} messages about more time that say ${String(pattern)}: ${extensionCards().join('\n')}`,
  );

const extended = async (times: number): Promise<void> => {
  await until(async () => {
    const [row] = await world.sql<{ extensions: number }>('select extensions from grants');
    return row?.extensions === times;
  }, `the expiry moved ${times} times`);
};

test('an extension that was overtaken says so, and none says that access lasts once it was given back', async () => {
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 30m look at stuck orders'), 'approve');
  await story.dm('ada', 'show_credentials');
  await say('ada', 'extend 10m still looking');
  await world.slack.as('olga').click(await story.inChannel('10m more'), 'approve');
  await extended(1);
  await allSay(/\*Extended\*: until .* now, confirmed by the target/, 2);

  await say('ada', 'extend 5m a little more');
  await world.slack.as('olga').click(await story.inChannel('5m more'), 'approve');
  await extended(2);
  await until(
    () => Promise.resolve(extensionCards().filter((text) => text.includes('moved again')).length === 2),
    'both messages about the first extension say that it was overtaken',
  );
  await allSay(/\*Extended\*: until|\*Extended\* until .* The expiry moved again, to/, 4);

  await say('ada', 'list');
  expect(seen(await story.privately('ada', 'Your access'))).toContain('for 45m');

  await say('ada', 'done');
  const cards = await allSay(/The access ended/, 4);
  expect(cards.join('\n')).not.toMatch(/until [^.]* now|●/);
});

test('a denied extension does not go on saying that the old end stays', async () => {
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 30m look at stuck orders'), 'approve');
  await story.dm('ada', 'show_credentials');
  await say('ada', 'extend 10m still looking');
  const asked = await story.inChannel('10m more');
  await world.slack.as('olga').click(asked, 'deny');
  await world.slack.waitFor(() => world.slack.as('olga').modal(), { what: 'the form' });
  await world.slack.as('olga').type('reason', 'enough');
  await world.slack.as('olga').submit();
  await story.dm('ada', 'The old expiry stays');
  await say('ada', 'done');
  await until(() => {
    const card = world.slack
      .as('olga')
      .messages('prod-access')
      .find(({ ts }) => ts === asked.ts);
    return Promise.resolve(card !== undefined && seen(card).includes('The access ended'));
  }, 'the card says that the access ended');
});

test('both approvers are named once each, on the card and in the lists, and a push says who, what, how long and why', async () => {
  await world.stop();
  world = await startWorld({
    rules: `
rules:
  - name: Needs an owner and an SRE
    approvals: [{ from: owners }, { from: sre }]
admins: [security]
`,
  });
  story = storyOf(world);
  await world.start();
  const card = await story.ask('ada', 'orders-db write 15m set <!channel> order 1183 to paid OPS-12');
  expect(card.text).toContain(
    '<@U0ADA> requests *Orders database · Read-write* for 15m (sensitive): “set &lt;!channel&gt; order',
  );
  expect(card.text).toContain('OPS-12');
  await world.slack.as('olga').click(card, 'approve');
  await story.inChannel('<@U0OLGA> approved');
  await world.slack.as('rita').click(card, 'approve');
  const both = 'Approved by <@U0OLGA> and <@U0RITA>';
  const text = JSON.stringify(blocksOf(await story.inChannel(both)));
  expect(text.match(/<@U0OLGA>/g)).toHaveLength(1);
  await story.dm('ada', 'show_credentials');
  await say('ada', 'list');
  expect(seen(await story.privately('ada', 'Your access'))).toContain(both);
  await say('olga', 'who orders-db');
  expect(seen(await story.privately('olga', 'who has access now'))).toContain(both);
  world.slack.as('ada').openHome();
  await until(
    () => Promise.resolve(JSON.stringify(world.slack.as('ada').home() ?? null).includes(both)),
    'the home tab names both',
  );
});

test('a guess at the name of `list` is told it', async () => {
  await say('ada', 'status');
  expect(seen(await story.privately('ada', '/prod-access list'))).toContain('list');
});
