/** Access that does not end is told to those who can help, with what is open and what to run; and it closes itself. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startPrivatePostgres } from '../support/services.ts';
import type { PrivateServer } from '../support/services.ts';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
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
/** A server of its own: a login that is no longer ours to touch would be news in whatever else looks at this one. */
let production: PrivateServer;
beforeAll(async () => {
  production = await startPrivatePostgres();
});
afterEach(() => world.stop());
afterAll(() => production.remove());
const begin = async (options: WorldOptions = {}): Promise<Story> => {
  world = await startWorld({ roles: SHORT, rules: ONE_OWNER, targetAdminUrl: production.url, ...options });
  return storyOf(world);
};
const hasEnded = async (): Promise<boolean> =>
  (await world.sql<{ state: string }>('select state from grants')).every(({ state }) => state === 'removed');

/** The statements of the message, as somebody would copy them. */
const statementsIn = (text: string): string[] =>
  (/```\\n(.*?)\\n```/s.exec(text)?.[1] ?? '').replaceAll('\\"', '"').split('\\n').filter(Boolean);

test('a target that is down at the end: what is open and what to run is told, and the message closes itself with how late it was', async () => {
  const story = await begin();
  await world.start();
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 5s look at the stuck orders'), 'approve');
  const { url } = await story.credentials('ada');
  await production.stop();
  try {
    const told = await story.dm('sam', 'Access is not ending');
    const login = new URL(url).username;
    expect(seen(told)).toContain(`sessions of \`${login}\``);
    expect(seen(told)).toContain('VALID UNTIL');
    expect(seen(told)).toContain(`ALTER ROLE \\"${login}\\" NOLOGIN;`);
    await story.dm('olga', 'Access is not ending');
    await until(
      async () =>
        (await world.sql<{ kind: string }>('select last_error_kind as kind from grants'))[0]?.kind === 'unavailable',
      'the kind of the failure',
    );
  } finally {
    await production.start();
  }
  await world.sql('update grants set next_attempt_at = now()');
  await until(hasEnded, 'the end');
  await story.dm('sam', 'late.* Nothing is left to do');
});

test('what does not fix itself is told at the first failure, and the statements that are told end the access', async () => {
  const story = await begin();
  await world.start();
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 5s look at the stuck orders'), 'approve');
  const { url } = await story.credentials('ada');
  const { isCut } = await openSession(url);
  const login = new URL(url).username;
  // Without its comment it is not ours to touch, and somebody has to look.
  await world.targetSql(`comment on role "${login}" is 'mine now'`);
  const told = await story.dm('sam', 'Access is not ending');
  // Others are told after three: the message may be drawn anew before it is read here.
  expect(seen(told)).toMatch(/(One attempt|2 attempts) failed/);
  expect(seen(told)).toContain('An administrator has to fix it');
  const statements = statementsIn(seen(told));
  expect(statements).toHaveLength(7);
  for (const statement of statements) await world.targetSql(statement);
  await isCut;
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
  await world.sql('update grants set next_attempt_at = now()');
  await until(hasEnded, 'the end');
  await story.dm('sam', '*Ended*');
});

test('all workers were down over a deadline: when one is back admins are told once how late it was, and that it is over', async () => {
  const story = await begin();
  const first = await world.start();
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 1h look at the stuck orders'), 'approve');
  await story.credentials('ada');
  await first.stop();
  await world.sql(`update grants set expires_at = now() - interval '10 minutes'`);
  await world.start();
  await until(hasEnded, 'the end');
  const told = await story.dm('sam', 'Access has not ended in time');
  expect(seen(told)).toMatch(/10m\d*s? late/);
  await story.dm('sam', 'Nothing is overdue any more');
  await story.dm('sam', 'All of it has ended');
  // The deadline was moved past the target: a look at it may come before the end, and finds that they differ.
  const news = await world.sql<{ kind: string }>(
    "select kind from announcements where kind <> 'drift_found' order by created_at",
  );
  expect(news.map(({ kind }) => kind)).toEqual(['overdue', 'overdue_resolved']);
});

test('an end that stays late is told again at growing pauses, whichever process looks', async () => {
  const story = await begin();
  await world.start();
  await world.start();
  await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 1h look at the stuck orders'), 'approve');
  const { url } = await story.credentials('ada');
  await world.targetSql(`comment on role "${new URL(url).username}" is 'mine now'`);
  await world.sql(`update grants set expires_at = now() - interval '2 minutes'`);
  const told = await story.dm('sam', 'Access has not ended in time');
  expect(seen(told)).toContain('Orders database: 1 overdue');
  const pause = async (): Promise<number> =>
    (
      await world.sql<{ pause: number }>(
        `select extract(epoch from next_alert_at - now())::float as pause from overdue_episodes`,
      )
    )[0]?.pause ?? 0;
  expect(await pause()).toBeGreaterThan(240);
  await world.sql('update overdue_episodes set next_alert_at = now()');
  await story.dm('sam', 'Still: the oldest is');
  expect(await pause()).toBeGreaterThan(500);
  const [counted] = await world.sql<{ alerts: number; told: number }>(
    `select alerts, (select count(*)::int from announcements where kind = 'overdue') as told from overdue_episodes`,
  );
  expect(counted).toEqual({ alerts: 2, told: 2 });
});

test(
  'access that is closed and cannot be removed is called closed, and nowhere still open',
  { timeout: 90_000 },
  async () => {
    const story = await begin();
    await world.start();
    await world.slack.as('olga').click(await story.ask('ada', 'orders-db read 5s look at the stuck orders'), 'approve');
    const { url } = await story.credentials('ada');
    const login = new URL(url).username;
    // It owns something in a database that Latchkey may not enter.
    const other = `closed_${login.slice(-8).replaceAll(/\W/g, '')}`;
    const admin = new URL(world.target.url);
    await world.targetSql(`create database ${other}`);
    try {
      await world.targetSql(`revoke connect on database ${other} from public`);
      const inOther = Object.assign(new URL(admin), { pathname: `/${other}` }).href;
      await withClient(inOther, (client) =>
        client.query(`create table kept (id int); alter table kept owner to "${login}"`),
      );
      const said = await story.dm('sam', '*Access is closed and not removed yet.*');
      expect(seen(said)).toContain(`*What is left:* \`${login}\` itself, which gives no access.`);
      expect(seen(said)).toContain('To remove it by hand');
      await until(
        () =>
          Promise.resolve(
            world.slack
              .as('ada')
              .dmsWithApp()
              .some((one) => seen(one).includes('No login works and no session is left')),
          ),
        'the requester reads that it is closed',
      );
      const all = [...world.slack.as('sam').dmsWithApp(), ...world.slack.as('ada').dmsWithApp()].map(seen).join('\n');
      expect(all).not.toMatch(/Still open|may still work|not yet confirmed/);
      await withClient(inOther, (client) => client.query('drop table kept'));
      await world.sql('update grants set next_attempt_at = now()');
      await until(hasEnded, 'the end');
      await story.dm('sam', '*Ended*');
    } finally {
      await world.targetSql(`drop database if exists ${other} with (force)`);
    }
  },
);
