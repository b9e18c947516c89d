/** Things break between approval and end; access still ends, and what is said stays true. */
import { afterEach, expect, test } from 'vitest';
import { startPrivatePostgres, startPrivateRedis } from '../support/services.ts';
import { openSession, storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld, withClient } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

const SHORT = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 5s }`;
const ONE_OWNER = `
rules:
  - name: One owner
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
admins: [security]
`;

let world: World;
afterEach(() => world.stop());
const begin = async (options: WorldOptions = {}): Promise<Story> => {
  world = await startWorld({ roles: SHORT, rules: ONE_OWNER, ...options });
  return storyOf(world);
};

const grants = (): Promise<{ state: string; late: number; outcome: string | null }[]> =>
  world.sql(
    `select state, extract(epoch from closed_at - expires_at)::float as late, end_outcome as outcome from grants`,
  );
const hasEnded = async (): Promise<boolean> => (await grants()).every(({ state }) => state === 'removed');

test('Slack is down from approval to end: access comes and ends on time, and the messages arrive later', async () => {
  const story = await begin();
  await world.start();
  const { slack } = world;
  const message = await story.ask('ada', 'orders-db read 5s look at the stuck orders');
  await slack.as('olga').click(message, 'approve');
  await until(async () => (await story.state())[0]?.request === 'approved', 'the approval');
  await slack.faults.down(503);
  await until(async () => (await world.logins()).length === 1, 'the login');
  await until(hasEnded, 'the end');
  expect(await world.logins()).toEqual([]);
  expect(await grants()).toMatchObject([{ state: 'removed', outcome: 'removed' }]);
  expect(
    slack
      .as('ada')
      .dmsWithApp()
      .some((told) => seen(told).includes('*Ended*')),
  ).toBe(false);
  await slack.faults.up();
  await story.dm('ada', '*Ended*');
  await story.inChannel('*Ended*');
});

test('Redis is emptied between grant and end: access ends on time, and work goes on', async () => {
  const redis = await startPrivateRedis();
  try {
    const story = await begin({ redisUrl: redis.url });
    await world.start();
    const { slack } = world;
    await slack.as('olga').click(await story.ask('ada', 'orders-db read 5s look at the stuck orders'), 'approve');
    const { url } = await story.credentials('ada');
    const { isCut } = await openSession(url);
    await redis.kill();
    await isCut;
    await until(hasEnded, 'the end');
    expect(await world.logins()).toEqual([]);
    await redis.start();
    await story.dm('ada', '*Ended*');
    // And the next request goes its whole way.
    await slack.as('olga').click(await story.ask('rita', 'orders-db read 5s look once more at them'), 'approve');
    await story.credentials('rita');
    await world.stop();
  } finally {
    await redis.remove();
  }
  world = { ...world, stop: async () => undefined };
});

test('a login that somebody dropped by hand has ended, and is said to have been gone already', async () => {
  const story = await begin();
  await world.start();
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 5s look at the stuck orders'), 'approve');
  await story.credentials('ada');
  const [login = ''] = await world.logins();
  await world.targetSql(`drop role "${login}"`);
  await until(hasEnded, 'the end');
  expect(await grants()).toMatchObject([{ state: 'removed', outcome: 'already_absent' }]);
  const told = await story.dm('ada', 'already');
  expect(seen(told)).toContain('Ended');
});

test('a target that cannot be reached is told to those who ask, and to readyz; the app runs', async () => {
  const story = await begin();
  world.env['ORDERS_DB_ADMIN_URL'] = 'postgres://manager:not-there@127.0.0.1:1/target';
  const app = await world.start();
  const readyz = await until(async () => {
    const answer = (await (await fetch(`http://127.0.0.1:${app.metricsPort}/readyz`)).json()) as {
      status: string;
      targets: Record<string, string>;
    };
    return answer.targets['orders-db'] && answer.status === 'ready' && answer;
  }, 'the problem in readyz');
  expect(JSON.stringify(readyz)).not.toContain('not-there');
  await story.ask('ada', 'orders-db read 5s look at the stuck orders');
  await story.privately('ada', 'has a problem now');
});

test(
  'a target that is down at the end: tried again, told to admins, never called ended, and closed when it is back',
  { timeout: 90_000 },
  async () => {
    const production = await startPrivatePostgres();
    try {
      const story = await begin();
      await withClient(production.url, (client) => client.query(`create role ${world.target.groups.app_read} nologin`));
      world.env['ORDERS_DB_ADMIN_URL'] = production.url;
      const app = await world.start();
      await world.slack
        .as('olga')
        .click(await story.ask('ada', 'orders-db read 5s look at the stuck orders'), 'approve');
      const { url } = await story.credentials('ada');
      await production.stop();
      const told = await story.dm('sam', 'Access is not ending');
      expect(seen(told)).toContain('Orders database');
      expect(await grants()).toMatchObject([{ state: 'ending', outcome: null }]);
      const { status } = await fetch(`http://127.0.0.1:${app.port}/healthz`);
      expect(status).toBe(200);
      await production.start();
      // The pause before the next attempt has grown; let it be over.
      await world.sql('update grants set next_attempt_at = now()');
      await until(hasEnded, 'the end');
      await expect(withClient(url, (client) => client.query('select 1'))).rejects.toThrow(/authentication|exist/);
      await story.dm('ada', '*Ended*');
      await world.stop();
    } finally {
      await production.remove();
    }
    world = { ...world, stop: async () => undefined };
  },
);

test('a policy that is changed for a broken one is refused, and the old one stays', async () => {
  const story = await begin();
  const app = await world.start();
  const { writeFileSync, readFileSync } = await import('node:fs');
  const good = readFileSync(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, 'version: 1\nrules: [');
  await app.reloadPolicy();
  expect(await story.events()).toContain('policy.rejected');
  await story.ask('ada', 'orders-db read 5s look at the stuck orders');
  writeFileSync(world.policyPath, good.replace('One owner', 'One of the owners'));
  await app.reloadPolicy();
  expect((await story.events()).filter((type) => type === 'policy.loaded')).toHaveLength(2);
});

test('the database refuses any change of the audit log', async () => {
  await begin();
  await world.start();
  await withClient(world.database.url, async (client) => {
    await expect(client.query(`update audit_events set type = 'grant.removed'`)).rejects.toThrow(/append-only/i);
    await expect(client.query('delete from audit_events')).rejects.toThrow(/append-only/i);
    await expect(client.query('truncate audit_events cascade')).rejects.toThrow(/append-only/i);
  });
});
