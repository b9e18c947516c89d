/** What a chaos run looks for is found where it is so: each planted once, in a world where all is well. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { CHAOS_RULES } from './chaos-rules.ts';
import { noOrphans, startCopies } from './copies.ts';
import { findIncidentLies } from './incident-truth.ts';
import { findOtherEnds, findOutlived, findUnended } from './watch-ends.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld(CHAOS_RULES);
  await world.start();
});
afterAll(() => world.stop());

/** Oscar is in, because of an incident in a channel of this name. */
const readsIn = async (name: string): Promise<string> => {
  const { slack, sql } = world;
  slack.as('rita').createChannel(name);
  slack.as('rita').invite(name, 'oscar');
  await slack.waitFor(() =>
    slack
      .as('rita')
      .messages(name)
      .some(({ text }) => text.startsWith('Incident ')),
  );
  await slack.as('oscar').command('/prod-access', 'orders-db read 30m look at the stuck orders', name);
  const [grant] = await until(async () => {
    const rows = await sql<{ id: string }>(
      `select g.id from grants g join requests r on r.id = g.request_id join incidents i on i.id = r.incident_id
       where g.state = 'active' and i.channel_name = $1`,
      [name],
    );
    return rows.length > 0 && rows;
  }, 'the access');
  return grant?.id ?? '';
};

test('an end in the target that is not the store’s', async () => {
  const id = await readsIn('inc-1-orders');
  expect(await findOtherEnds(world)).toEqual([]);
  const [login = ''] = (await world.logins()).filter((name) => name.includes(id));
  await world.targetSql(`alter role "${login}" valid until 'infinity'`);
  expect(await findOtherEnds(world)).toEqual([expect.stringContaining(`grant ${id} ends at`)]);
});

test('access that outlived its incident, an end that is late, and a message that says what is not so', async () => {
  const id = await readsIn('inc-2-orders');
  const change = (set: string) => world.sql(`update incidents set ${set} where channel_name = 'inc-2-orders'`);
  expect([await findOutlived(world), await findUnended(world, 0)]).toEqual([[], []]);
  const silent = '(#inc-2-orders, open) does not say that no one has access';
  await until(
    async () => (await findIncidentLies(world)).some((lie) => lie.includes(silent)),
    'what is live to be shown',
  );
  await change(`state = 'closed', closed_at = now(), close_cause = 'command', ends_at = now() + interval '1 hour'`);
  expect(await findUnended(world, 0)).toEqual([]);
  expect(await findUnended(world, -2 * 3_600_000)).toHaveLength(1);
  await change('ended_at = now()');
  expect(await findOutlived(world)).toEqual([expect.stringContaining(`grant ${id} outlived incident`)]);
  await world.sql('update grants set kept_at = now() where id = $1', [id]);
  expect(await findOutlived(world)).toEqual([]);
  const lies = await findIncidentLies(world);
  expect(lies).toContainEqual(expect.stringContaining('(#inc-2-orders, closed) says Open since'));
  expect(lies).toContainEqual(expect.stringContaining('(#inc-2-orders) has no timeline'));
});

test('a copy that nobody noted, until it is known why', async () => {
  const { slack } = world;
  const copies = startCopies(world);
  await fetch(`${slack.apiUrl}chat.postMessage`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${slack.botToken}`,
      'content-type': 'application/json',
      'user-agent': '@slack:web-api/8.0.0 latchkey-0-7/24.0.0 linux/6',
    },
    body: JSON.stringify({
      channel: 'C0ACCESS',
      text: 'x',
      metadata: { event_type: 'latchkey_request', event_payload: { request_id: 'r1', kind: 'approval' } },
    }),
  });
  const found = async () => (await copies.classify(world)).counts;
  expect(await found()).toEqual({ ...noOrphans(), unexplained: 1 });
  copies.died('latchkey-1-7');
  copies.wrote('latchkey-0-7', '"kind":"notify","subject":"r2","msg":"work failed; it will be tried again"');
  expect(await found()).toEqual({ ...noOrphans(), unexplained: 1 });
  copies.wrote('latchkey-0-7', '"kind":"notify","subject":"r1","msg":"work failed; it will be tried again"');
  expect(await found()).toEqual({ ...noOrphans(), unsaved: 1 });
  copies.died('latchkey-0-7');
  expect(await found()).toEqual({ ...noOrphans(), 'process killed': 1 });
});
