/** Access that is approved now and begins later: at its time, judged again, cancellable before, whatever is restarted in between. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { openSession, storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { forgetFacts } from '../support/facts.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const reason = 'move the archive after the batch';
let world: World;
let story: Story;
let app: App;

beforeAll(async () => {
  world = await startWorld();
  story = storyOf(world);
  app = await world.start();
});
afterAll(() => world.stop());

type Row = { id: string; grant_id: string | null; state: string | null; cause: string | null; early: boolean | null };
const latest = async (): Promise<Row> => {
  const [row] = await world.sql<Row>(
    `select r.id, g.id as grant_id, g.state, g.end_cause as cause, g.activated_at < g.starts_at as early
     from requests r left join grants g on g.request_id = r.id order by r.created_at desc limit 1`,
  );
  if (!row) throw new Error('there is no request');
  return row;
};

const approved = async (who: string, start: string): Promise<void> => {
  const message = await story.ask(who, `orders-db read 30m from ${start} ${reason} ${start}`);
  expect(seen(message)).toContain(' from <!date^');
  await world.slack.as('olga').click(message, 'approve');
  await story.dm(who, 'Starts <!date^');
};

/** What was approved for hours from now begins now: a start a few seconds away comes too soon for a busy machine. */
const beginsNow = async (): Promise<void> => {
  await world.sql('update grants set starts_at = now(), next_attempt_at = now() where id = $1', [
    (await latest()).grant_id,
  ]);
};

test('it begins at its time and not before, and its clock starts there', async () => {
  const message = await story.ask('ada', `orders-db read 30m from 10s ${reason}`);
  await world.slack.as('olga').click(message, 'approve');
  const { url } = await story.credentials('ada');
  await world.slack.as('ada').close();
  const { client } = await openSession(url);
  await client.end();
  expect(await latest()).toMatchObject({ state: 'active', early: false });
  const [times] = await world.sql<{ rest: number }>(
    `select extract(epoch from expires_at - starts_at)::float as rest from grants where id = $1`,
    [(await latest()).grant_id],
  );
  expect(times?.rest).toBeGreaterThanOrEqual(1800);
  await world.slack.as('ada').command('/prod-access', 'done', 'general');
  await until(async () => (await latest()).state === 'removed', 'the end');
});

test('the requester cancels it before it begins; nobody gets in', async () => {
  const { slack } = world;
  const logins = await world.logins();
  await approved('ada', '2h');
  expect((await latest()).state).toBe('activating');
  expect(await world.logins()).toEqual(logins);
  const mine = await story.dm('ada', 'cancel_request');
  await slack.as('ada').click(mine, 'cancel_request');
  expect(seen(await story.dm('ada', 'Not begun'))).toContain('cancelled before it began');
  await expect.poll(latest).toMatchObject({ state: 'removed', cause: 'cancelled' });
  await approved('ada', '3h');
  const { grant_id: grantId } = await latest();
  await slack.as('oscar').command('/prod-access', `cancel ${grantId}`, 'general');
  await story.privately('oscar', 'another person');
  await slack.as('ada').command('/prod-access', `cancel ${grantId}`, 'general');
  await until(async () => (await latest()).cause === 'cancelled', 'the cancellation');
});

test('who left before the start gets nothing', async () => {
  const { slack } = world;
  await approved('oscar', '2h');
  const oscar = slack.state.people.get('U0OSCAR');
  if (!oscar) throw new Error('there is no Oscar');
  oscar.isDeleted = true;
  await forgetFacts(world);
  await beginsNow();
  await until(async () => (await latest()).state === 'removed', 'the refusal');
  expect(await latest()).toMatchObject({ cause: 'not_started' });
  expect(
    await world.sql('select activated_at, end_reason from grants where id = $1', [(await latest()).grant_id]),
  ).toEqual([{ activated_at: null, end_reason: expect.stringContaining('deactivated') }]);
  oscar.isDeleted = false;
});

test('a denial that came in between holds at the start', async () => {
  const before = readFileSync(world.policyPath, 'utf8');
  await approved('ada', '2h');
  writeFileSync(
    world.policyPath,
    before.replace(
      'rules:',
      'rules:\n  - name: Freeze\n    match: { roles: ["*/read"] }\n    when: now > timestamp("2020-01-01T00:00:00Z")\n    deny: Not this week.',
    ),
  );
  await app.reloadPolicy();
  await beginsNow();
  expect(seen(await story.dm('ada', 'Not this week'))).toMatch(/it could not begin|Not set up/);
  await expect.poll(latest).toMatchObject({ state: 'removed', cause: 'not_started' });
  writeFileSync(world.policyPath, before);
  await app.reloadPolicy();
});

test('a process that was away when the time came starts it afterwards', async () => {
  await approved('ada', '2h');
  await app.stop();
  await beginsNow();
  app = await world.start();
  await story.dm('ada', (await latest()).grant_id ?? 'no grant');
  await until(async () => (await latest()).state === 'active', 'the access');
});

test('what could not start within the time to claim lapses', async () => {
  await approved('rita', '1h');
  const { grant_id: id } = await latest();
  await world.sql(
    `update grants set starts_at = now() - interval '61 minutes', created_at = now() - interval '2 hours', next_attempt_at = now() where id = $1`,
    [id],
  );
  await until(async () => (await latest()).cause === 'abandoned', 'the lapse');
});

test.each([
  ['from 25:00', 'no time to begin'],
  ['from tomorrow', 'no time to begin'],
  ['from Monday', 'no time to begin'],
  ['from 22:00 IST', 'no time to begin'],
  ['from 24.12.2026', 'no time to begin'],
  ['from 2020-01-01 9:00', 'passed already'],
  ['from 40d', 'too far away'],
])('a start written "%s" is answered with what is wrong', async (start, answer) => {
  const before = (await world.sql('select 1 from requests')).length;
  await world.slack.as('ada').command('/prod-access', `orders-db read 30m ${start} ${reason}`, 'general');
  await story.privately('ada', answer);
  expect(await world.sql('select 1 from requests')).toHaveLength(before);
});

const typed = readFileSync(new URL('../support/cases/typed-starts.txt', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => (line.startsWith('orders-db') ? [line.split('|')[0]?.trim() ?? ''] : []));

test.each(typed)('%s', async (text) => {
  const all = async () =>
    world.sql<{ reason: string; ms: string; at: Date | null }>(
      'select reason, duration_ms as ms, starts_at as at from requests order by created_at desc',
    );
  const before = (await all()).length;
  await world.slack.as('rita').command('/prod-access', text, 'general');
  await until(async () => (await all()).length > before, 'the request');
  const [row] = await all();
  expect(text.endsWith(row?.reason ?? 'nothing')).toBe(true);
  expect(row?.reason).not.toMatch(/from|pm|UTC|Monday|30m|\d:/);
  expect(Number(row?.ms)).toBe(text.includes('1h 30m') ? 5_400_000 : 1_800_000);
  expect(row?.at === null).toBe(!text.includes(' from '));
});

test('the form has a start of its own, and a start that has passed is told under it', async () => {
  const { slack } = world;
  const ada = slack.as('ada');
  await ada.command('/prod-access', '', 'general');
  await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('Orders database'));
  await ada.select('target', 'orders-db');
  await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('Read-write'));
  await ada.select('role', 'read');
  await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('Everything else needs one owner'));
  await ada.type('reason', 'archive from the form');
  await ada.click('modal', 'start_later');
  await slack.waitFor(() => JSON.stringify(ada.modal() ?? null).includes('datetimepicker'));
  const seconds = Math.floor(Date.now() / 1000);
  await ada.select('start', seconds - 600);
  expect((await ada.submit()).errors).toEqual({ start: expect.stringContaining('passed already') });
  await ada.select('start', seconds + 7200);
  expect((await ada.submit()).ok).toBe(true);
  expect(seen(await story.inChannel('archive from the form'))).toContain(`from <!date^${seconds + 7200}^`);
});
