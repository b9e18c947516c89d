/** Before the end: one warning for each end, with what can still be done about it. After the end: one click asks again. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 2h, default: 30m }`;
const RULES = `
rules:
  - name: Reads at once
    approve: true
`;

let world: World;
let story: Story;
beforeEach(async () => {
  world = await startWorld({ roles: ROLES, rules: RULES });
  story = storyOf(world);
  await world.start();
});
afterEach(() => world.stop());

const say = (line: string): Promise<unknown> => world.slack.as('ada').command('/prod-access', line, 'general');
const get = async (duration: string): Promise<void> => {
  await say(`orders-db read ${duration} look at the stuck orders`);
  await story.dm('ada', 'show_credentials');
};
/** How long before the end the warning is due; null where there is none. */
const leadMs = async (): Promise<number | null> => {
  const [row] = await world.sql<{ lead: number | null }>(
    `select extract(epoch from expires_at - warn_at)::double precision * 1000 as lead from grants`,
  );
  return row?.lead ?? null;
};
const warnings = (): Message[] =>
  world.slack
    .as('ada')
    .dmsWithApp()
    .filter((message) => seen(message).includes('⏰'));
const warning = (text: string): Promise<Message> => story.dm('ada', text);
/** Time passes. */
const reachWarning = (): Promise<unknown[]> => world.sql(`update grants set warn_at = clock_timestamp()`);
const swept = async (): Promise<void> => {
  const marker = await world.sql<{ now: Date }>('select clock_timestamp() as now');
  await until(
    async () =>
      (await world.sql("select 1 from outbox where kind = 'notify'")).length === 0 &&
      (
        await world.sql<{ past: boolean }>(
          `select clock_timestamp() > $1::timestamptz + interval '5 seconds' as past`,
          [marker[0]?.now],
        )
      )[0]?.past,
    'two passes of the sweep',
  );
};

test.each([
  ['2h', 300_000],
  ['15m', 300_000],
  ['9m', 180_000],
  ['4m', 80_000],
])('access for %s is warned of %s ms ahead', async (duration, aheadMs) => {
  await get(duration);
  const lead = await leadMs();
  expect(lead).not.toBeNull();
  expect(Math.abs((lead ?? 0) - aheadMs)).toBeLessThan(5_000);
});

test('access for less than three minutes is not warned of', async () => {
  await get('2m');
  expect(await leadMs()).toBeNull();
});

test('warned once, with what can be done; extended, it says so and warns again before the new end', async () => {
  await get('30m');
  await reachWarning();
  const first = await warning('Open sessions are cut then');
  for (const words of ['+30 min', "I'm done"]) expect(seen(first)).toContain(words);
  await swept();
  expect(warnings()).toHaveLength(1);
  await world.slack.as('ada').click(first, 'extend');
  const redrawn = await warning('goes on until');
  expect(redrawn.ts).toBe(first.ts);
  expect(seen(redrawn)).not.toContain("I'm done");
  expect(await leadMs()).not.toBeNull();
  await reachWarning();
  const second = await warning('Open sessions are cut then');
  expect(second.ts).not.toBe(first.ts);
  expect(warnings()).toHaveLength(2);
  await world.slack.as('ada').click(second, 'done');
  await until(
    async () => warnings().every((message) => seen(message).includes('has ended, or is ending')),
    'both say so',
  );
});

test('what has ended meanwhile is not warned of, and asks again with one click', async () => {
  await get('30m');
  await say('done');
  const outcome = await story.dm('ada', 'ask_again');
  await reachWarning();
  await swept();
  expect(warnings()).toEqual([]);
  await world.slack.as('ada').click(outcome, 'ask_again');
  const form = await world.slack.waitFor(() => {
    const modal = JSON.stringify(world.slack.as('ada').modal() ?? null);
    return modal.includes('look at the stuck orders') && modal;
  });
  expect(form).toContain('30m');
});

test('asking again keeps a start that still lies ahead', async () => {
  await say('orders-db read 30m from 6h move the archive');
  const waiting = await story.dm('ada', 'move the archive');
  await world.slack.as('ada').click(waiting, 'cancel_request');
  const outcome = await story.dm('ada', 'ask_again');
  const [{ at } = { at: new Date(0) }] = await world.sql<{ at: Date }>('select starts_at as at from requests');
  await world.slack.as('ada').click(outcome, 'ask_again');
  const form = await world.slack.waitFor(() => {
    const modal = JSON.stringify(world.slack.as('ada').modal() ?? null);
    return modal.includes('initial_date_time') && modal;
  });
  expect(form).toContain(`"initial_date_time":${Math.floor(at.getTime() / 1000)}`);
});
