/** The same role twice at once: each lives and ends by itself, and the person is told that they have it already. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }`;
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

type Row = { id: string; state: string; outcome: string | null; activated: Date | null; ended: Date | null };
const grants = (): Promise<Row[]> =>
  world.sql(
    `select id, state, end_outcome as outcome, activated_at as activated, closed_at as ended from grants order by created_at`,
  );
const say = (line: string): Promise<unknown> => world.slack.as('ada').command('/prod-access', line, 'general');
const allAre = (count: number, state: string): Promise<Row[]> =>
  until(async () => {
    const rows = await grants();
    return rows.filter((row) => row.state === state).length === count && rows;
  }, `${count} grants that are ${state}`);

test('the end of the first leaves the second and its sessions alone, and the last end leaves nothing', async () => {
  await say('orders-db read 30m look at the stuck orders');
  const first = await story.credentials('ada');
  await world.slack.as('ada').close();
  await say('orders-db read 20m look at the other orders');
  await story.privately('ada', 'You have this already, until');
  const [one, two] = await allAre(2, 'active');
  expect(await world.logins()).toHaveLength(2);
  // The newest message with a button is the second grant's.
  const second = await until(async () => {
    const { url } = await story.credentials('ada');
    await world.slack.as('ada').close();
    return url !== first.url && url.includes(two?.id ?? '-') && url;
  }, 'the second credentials');
  const [old, young] = [await openSession(first.url), await openSession(second)];
  await say(`done ${one?.id ?? ''}`);
  await old.isCut;
  await allAre(1, 'removed');
  expect((await young.client.query('select count(*) as n from orders')).rows).toEqual([{ n: '2' }]);
  await withClient(second, async (again) => {
    expect((await again.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
  expect(await world.logins()).toHaveLength(1);
  await say(`done ${two?.id ?? ''}`);
  await young.isCut;
  expect((await allAre(2, 'removed')).map(({ outcome }) => outcome)).toEqual(['removed', 'removed']);
  expect(await world.logins()).toEqual([]);
});

test('two that end at the same moment leave nothing', async () => {
  await say('orders-db read 30m look at the stuck orders');
  await say('orders-db read 30m look at the other orders');
  await allAre(2, 'active');
  await world.sql(`update grants set expires_at = clock_timestamp() + interval '300 milliseconds'`);
  await allAre(2, 'removed');
  expect(await world.logins()).toEqual([]);
});

test('back to back: the next begins as the first ends, and no login is left over', async () => {
  await say('orders-db read 4s look at the stuck orders');
  await allAre(1, 'active');
  await say('orders-db read 4s from 1h look at the other orders');
  await until(async () => (await grants()).length === 2, 'the second grant');
  // The second is planned for exactly the moment when the first ends.
  await world.sql(
    `with first as (select min(expires_at) as at from grants where state <> 'activating')
     update grants set starts_at = first.at, next_attempt_at = first.at from first where state = 'activating'`,
  );
  const [one, two] = await allAre(2, 'removed');
  const gapMs = (two?.activated?.getTime() ?? Infinity) - (one?.ended?.getTime() ?? 0);
  // The sweep comes by every two seconds; its alarm was set for an hour away before the test moved it.
  expect(gapMs).toBeLessThan(10_000);
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});

test('the form says that there is access already, and asks all the same', async () => {
  await say('orders-db read 30m look at the stuck orders');
  await allAre(1, 'active');
  await say('');
  const ada = world.slack.as('ada');
  const shown = (): string => JSON.stringify(ada.modal() ?? null);
  await world.slack.waitFor(() => shown().includes('You have this already, until'));
  await ada.type('reason', 'look at the other orders');
  await ada.submit();
  await allAre(2, 'active');
  expect(await world.logins()).toHaveLength(2);
});
