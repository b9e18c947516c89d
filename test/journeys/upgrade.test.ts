/** A new version takes over, over a migration or beside the old one: access that is live ends when it should, and nothing that waits is lost. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SOCKETS } from '../../src/slack/connection/receiver-socket.ts';
import { asOfMigration, migrationNames } from '../support/old-schema.ts';
import { runCli, startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { openSession, storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 4h, default: 30m }`;
const RULES = `
rules:
  - { name: Reads at once, match: { roles: ["*/read"] }, approve: true }
  - { name: Writes need an owner, match: { roles: ["*/write"] }, approvals: [{ from: owners }] }
`;

// Each test starts several processes: on a busy machine that alone takes a while.
vi.setConfig({ testTimeout: 600_000 });

let world: World;
let story: Story;
const running: AppProcess[] = [];
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  world = await startWorld({ roles: ROLES, rules: RULES });
  story = storyOf(world);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.kill()));
  for (const close of closing.splice(0)) await close();
  await world.stop();
});

const start = async (env: Record<string, string> = {}): Promise<AppProcess> => {
  const before = world.slack.connectionCount();
  const app = await startProcess({ ...world.env, ...env });
  running.push(app);
  await world.slack.waitFor(() => world.slack.connectionCount() >= before + SOCKETS);
  return app;
};
type Rows = <Row extends object>(text: string) => Promise<Row[]>;
const rowsAt =
  (url: string): Rows =>
  (text) =>
    withClient(url, async (client) => (await client.query(text)).rows as never);
const read = (duration: string, why: string): Promise<unknown> =>
  world.slack.as('ada').command('/prod-access', `orders-db read ${duration} ${why}`, 'general');
const activeGrants = (rows: Rows, count: number): Promise<unknown> =>
  until(
    async () => (await rows(`select 1 from grants where state = 'active'`)).length === count,
    `${count} active grants`,
    60_000,
  );
const allEnded = (rows: Rows): Promise<unknown> =>
  until(
    async () => (await rows(`select 1 from grants where state <> 'removed'`)).length === 0,
    'the end of all grants',
    90_000,
  );
/** Each end is recorded once, and whole seconds late at most on a machine that does other things too. */
const endedOnceAndOnTime = async (rows: Rows, since: Date): Promise<void> => {
  const ends = await rows<{ times: string }>(
    `select count(*) as times from audit_events where type = 'grant.removed' group by grant_id`,
  );
  expect(ends.map(({ times }) => times)).toEqual(ends.map(() => '1'));
  const late = await rows<{ late_ms: number }>(
    `select extract(epoch from closed_at - greatest(expires_at, '${since.toISOString()}'))::double precision * 1000 as late_ms from grants`,
  );
  for (const { late_ms: lateMs } of late) expect(lateMs).toBeLessThan(10_000);
};

const names = migrationNames();
const [first = '', second = ''] = names;
const beforeLast = names.at(-2) ?? '';

describe.each([[second], [beforeLast]])('from the schema of %s', (last) => {
  test('live access survives the migration and ends on time; what waits is decided after it', async () => {
    expect(first).toMatch(/^0000/);
    const today = rowsAt(world.database.url);
    const old = await start();
    await read('1h', 'ends soon after the upgrade');
    await read('30m', 'goes on after the upgrade');
    await activeGrants(today, 2);
    await read('2s', 'ends while nothing runs');
    const message = await story.ask('ada', 'orders-db write 30m waits for an answer all the while');
    await activeGrants(today, 3);
    await old.kill();
    const before = await asOfMigration(world.database.url, last);
    closing.push(before.drop);
    const env = { DATABASE_URL: before.url };
    const rows = rowsAt(before.url);
    const refused = await runCli(['serve'], { ...world.env, ...env });
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain('latchkey migrate');
    expect(await runCli(['migrate'], { ...world.env, ...env })).toMatchObject({ code: 0 });
    // Everybody is a principal by the id they had, and whatever they had is theirs.
    expect(await rows(`select id, kind from principals except select id, 'person' from people`)).toEqual([]);
    expect(
      await rows(`select p.kind, count(*)::int as n from grants g join principals p on p.id = g.grantee_id group by 1`),
    ).toEqual([{ kind: 'person', n: 3 }]);
    await rows(`update grants set expires_at = clock_timestamp() + interval '5 seconds' where duration_ms = 3600000`);
    await start(env);
    const startedAt = new Date();
    await until(
      async () => (await rows(`select 1 from grants where state = 'removed'`)).length >= 1,
      'the end that fell due while nothing ran',
      60_000,
    );
    await world.slack.as('olga').click(message, 'approve');
    await until(
      async () => (await rows(`select 1 from grants where role = 'write' and state = 'active'`)).length,
      'the access that waited',
      60_000,
    );
    expect((await world.logins()).length).toBeGreaterThan(1);
    await rows(`update grants set expires_at = clock_timestamp() where state = 'active' and duration_ms = 1800000`);
    await allEnded(rows);
    await endedOnceAndOnTime(rows, startedAt);
    expect(await world.logins()).toEqual([]);
    expect(await runCli(['audit', 'verify'], { ...world.env, ...env })).toMatchObject({ code: 0 });
  });
});

test('a rolling restart cuts no session, loses no request, and ends everything once', async () => {
  const rows = rowsAt(world.database.url);
  const old = await start();
  await read('30m', 'in use while the processes change');
  const { url } = await story.credentials('ada');
  const { client, isCut } = await openSession(url);
  const message = await story.ask('ada', 'orders-db write 30m asked of the old process');
  const young = await start();
  expect(await old.stop()).toBe(0);
  expect((await client.query('select count(*) as n from orders')).rows).toEqual([{ n: '2' }]);
  await world.slack.as('olga').click(message, 'approve');
  await activeGrants(rows, 2);
  const since = new Date();
  await rows(`update grants set expires_at = clock_timestamp()`);
  await isCut;
  await allEnded(rows);
  await endedOnceAndOnTime(rows, since);
  expect(await world.logins()).toEqual([]);
  expect(await young.stop()).toBe(0);
});
