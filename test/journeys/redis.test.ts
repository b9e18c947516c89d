/** A Redis target, end to end: requested in Slack, approved, used for real, cut at the end, and gone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTarget, enterBy, untilCut } from '../providers/redis/target.ts';
import type { Target } from '../providers/redis/target.ts';
import { createShowing, storyOf, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let target: Target;
let world: World;
let story: Story;
let credentials: ReturnType<typeof createShowing>;

const ROLES = `
      read: { scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }
  cache:
    title: Session cache
    provider: redis
    config: { nodes: ["\${CACHE_URL}", "\${CACHE_2_URL}"] }
    owners: [dba]
    channel: "#prod-access"
    roles:
      read: { title: Read only, scope: { keys: ["app:*"], commands: ["+@read"], channels: [] }, max: 4h, default: 6s }
      drain: { title: Read and drain, scope: { keys: ["app:*"], commands: ["+@read", "+set", "+blpop"] }, max: 1h, default: 30m }`;

beforeAll(async () => {
  target = await createTarget({ nodes: 2 });
  world = await startWorld({ roles: ROLES });
  const [one = '', two = ''] = target.urls;
  Object.assign(world.env, { CACHE_URL: one, CACHE_2_URL: two });
  story = storyOf(world);
  credentials = createShowing(world, 'redis');
  await world.start();
});
afterAll(async () => {
  await world.stop();
  await target.drop();
});

const users = async (): Promise<string[]> => {
  const all = await Promise.all(target.nodes.map(async ({ admin }) => (await admin.call('ACL', 'USERS')) as string[]));
  return all.flat().filter((name) => name.startsWith('lk_'));
};

test('requested in one line, approved, used as the role says, cut at its expiry, and gone on every node', async () => {
  const message = await story.ask('ada', 'cache read 6s checkout errors after the release');
  expect(seen(message)).toContain('Latchkey ends it; the target does not end it by itself.');
  await world.slack.as('olga').click(message, 'approve');
  const { url, text } = await credentials('ada');
  for (const label of ['Host', 'Port', 'User', 'Password', 'URL', 'Command']) expect(text).toContain(`*${label}*`);
  expect(text).toContain('--askpass');
  const session = await enterBy(url);
  expect(await session.redis.get('app:order:2')).toBe('order 2');
  await expect(session.redis.set('app:order:2', 'x')).rejects.toThrow(/NOPERM/);
  await expect(session.redis.get('other:secret')).rejects.toThrow(/NOPERM/);
  expect(await users()).toHaveLength(2);
  await untilCut(session);
  await story.dm('ada', '*Ended*');
  await expect(enterBy(url)).rejects.toThrow(/./);
  await untilRemoved(world);
  expect(await users()).toEqual([]);
  for (const node of target.nodes) expect(node.aclFile()).not.toContain('user lk_');
  expect(await world.sql(`select end_outcome, end_cause from grants`)).toEqual([
    { end_outcome: 'removed', end_cause: 'expired' },
  ]);
  const [recorded] = await world.sql<{ data: string }>(`select data from audit_events where type = 'grant.removed'`);
  expect(JSON.parse(recorded?.data ?? '{}')).toMatchObject({ endsBy: 'revoke' });
});

test('given back early: a connection that waits is cut at once, and what remains was said', async () => {
  const message = await story.ask('ada', 'cache drain 30m look at order 1183');
  expect(seen(message)).toContain('Keys that were written or changed stay');
  await world.slack.as('olga').click(message, 'approve');
  const { url } = await credentials('ada');
  const session = await enterBy(url);
  expect(await session.redis.set('app:order:1', 'by hand')).toBe('OK');
  session.redis.blpop('app:nothing', 0).catch(() => undefined);
  await world.slack.as('ada').click(await story.dm('ada', 'show_credentials'), 'done');
  await untilCut(session);
  await story.dm('ada', 'returned');
  await expect(enterBy(url)).rejects.toThrow(/./);
  await untilRemoved(world);
  expect(await users()).toEqual([]);
});
