/** A MariaDB target, end to end: asked in Slack, agreed to, used for real, cut at the end, and gone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminConnection, createTarget } from '../providers/mysql/target.ts';
import type { Target } from '../providers/mysql/target.ts';
import { createShowing, storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let target: Target;
let world: World;
let story: Story;
let credentials: ReturnType<typeof createShowing>;

const policyRoles = ({ read, write }: Target): string => `
      read: { scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }
  shop-db:
    title: Shop database
    provider: mysql
    config: { url: "\${SHOP_DB_ADMIN_URL}" }
    owners: [dba]
    channel: "#prod-access"
    roles:
      read: { title: Read only, scope: { roles: [${read}] }, max: 4h, default: 6s }
      write: { title: Read-write, scope: { roles: [${write}] }, max: 1h, default: 30m }`;

beforeAll(async () => {
  target = await createTarget();
  world = await startWorld({ roles: policyRoles(target) });
  world.env['SHOP_DB_ADMIN_URL'] = target.managerUrl;
  story = storyOf(world);
  credentials = createShowing(world, 'mysql');
  await world.start();
});
afterAll(async () => {
  await world.stop();
  await target.drop();
});

/** A session that stays open; `isCut` tells when the server ended it. */
const openSession = async (url: string) => {
  const connection = await adminConnection(url);
  const isCut = new Promise<void>((resolve) => {
    connection.on('error', () => resolve());
    connection.on('end', () => resolve());
  });
  return { isCut, rows: async (sql: string): Promise<unknown> => (await connection.query(sql))[0] };
};

const logins = async (): Promise<unknown[]> =>
  await target.sql(
    `select m.User as user from mysql.roles_mapping m where m.Role in ('${target.read}', '${target.write}') and m.User like 'lk\\_%'`,
  );

test('asked in one line, agreed to, used as the right role, cut at the end by its deadline, and gone', async () => {
  const message = await story.ask('ada', 'shop-db read 6s checkout errors after the release');
  expect(seen(message)).toContain('XA PREPARE');
  await world.slack.as('olga').click(message, 'approve');
  const { url, text } = await credentials('ada');
  for (const label of ['Host', 'Port', 'User', 'Password', 'URL', 'Command']) expect(text).toContain(`*${label}*`);
  const session = await openSession(url);
  expect(await session.rows('select current_role() as me, count(*) as n from orders')).toEqual([
    { me: target.read, n: 3 },
  ]);
  await expect(session.rows(`insert into orders values (9, 'desk')`)).rejects.toMatchObject({ errno: 1142 });
  expect(await logins()).toHaveLength(1);
  await session.isCut;
  await expect(openSession(url)).rejects.toMatchObject({ errno: expect.toBeOneOf([1045, 4151]) as number });
  const ended = await story.dm('ada', '*Ended*');
  expect(seen(ended)).toContain('XA PREPARE');
  await untilRemoved(world);
  expect(await logins()).toEqual([]);
  expect(
    await target.sql(
      `select 1 from information_schema.events where event_schema = 'latchkey' and event_definition like '%${new URL(url).username}%'`,
    ),
  ).toEqual([]);
  await untilRemoved(world);
  expect(await world.sql(`select end_outcome, end_cause from grants`)).toEqual([
    { end_outcome: 'removed', end_cause: 'expired' },
  ]);
  const [recorded] = await world.sql<{ data: string }>(`select data from audit_events where type = 'grant.removed'`);
  expect(JSON.parse(recorded?.data ?? '{}')).toMatchObject({ endsBy: 'both' });
});

test('given back early: the open session is cut at once', async () => {
  const message = await story.ask('ada', 'shop-db read 30m look at order 1183');
  await world.slack.as('olga').click(message, 'approve');
  const { url } = await credentials('ada');
  const session = await openSession(url);
  expect(await session.rows('select 1 as alive')).toEqual([{ alive: 1 }]);
  await world.slack.as('ada').click(await story.dm('ada', 'show_credentials'), 'done');
  await session.isCut;
  await story.dm('ada', 'returned');
  await expect(openSession(url)).rejects.toMatchObject({ errno: expect.toBeOneOf([1045, 4151]) as number });
  await untilRemoved(world);
  expect(await logins()).toEqual([]);
});
