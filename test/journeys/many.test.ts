/** Many grants fall due at the same moment, one of them trouble. */
import { afterEach, expect, test } from 'vitest';
import { storyOf, until, untilRemoved } from '../support/story.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
afterEach(() => world.stop());

const RULES = `
rules:
  - name: At once
    approve: true
`;

test(`forty grants end at one moment, each once, though one login cannot be dropped with the others`, async () => {
  world = await startWorld({ rules: RULES });
  const story = storyOf(world);
  await world.start();
  await world.start();
  const { slack } = world;
  const ids = Array.from({ length: 40 }, (_, index) => `U0P${index}`);
  for (const [index, id] of ids.entries()) slack.addPerson({ id, name: `p${index}`, email: `p${index}@acme.test` });
  for (const id of ids) slack.state.channels.get('C0GENERAL')?.members.add(id);
  await Promise.all(
    ids.map((id) =>
      slack.as(id).command('/prod-access', 'orders-db write 15m look at the stuck orders OPS-1', 'general'),
    ),
  );
  await until(
    async () => (await world.sql(`select 1 from grants where state = 'active'`)).length === ids.length,
    'all grants',
    60_000,
  );
  const logins = await world.logins();
  expect(logins).toHaveLength(ids.length);
  // One of them owns a table by an administrator's hand, so that a plain drop of all together is refused.
  await withClient(world.target.url, (client) =>
    client.query(`create table kept (id int); alter table kept owner to "${logins[0] ?? ''}"`),
  );
  await world.sql(`update grants set expires_at = now() + interval '300 milliseconds'`);
  await until(
    async () => (await world.sql(`select 1 from grants where state <> 'removed'`)).length === 0,
    'all ends',
    60_000,
  );
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
  const [counted] = await world.sql<{ ended: number; grants: number; secrets: number }>(
    `select (select count(*)::int from audit_events where type = 'grant.removed') as ended, count(*)::int as grants,
      (select count(*)::int from secrets) as secrets from grants`,
  );
  expect(counted).toEqual({ ended: ids.length, grants: ids.length, secrets: 0 });
  expect((await story.events()).filter((type) => type === 'grant.failed')).toEqual([]);
});
