/** The channel of an incident is deleted: the incident is over, its access ends, and whom it concerns hears of it elsewhere. */
import { afterEach, expect, it } from 'vitest';
import { incidentRules, incidentsOf, ON_CALL } from '../support/incident.ts';
import type { Incidents } from '../support/incident.ts';
import { until, untilRemoved } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

let world: World;
let room: Incidents;

afterEach(async () => {
  await world.stop();
});

const open = async (more = '', options: WorldOptions = {}): Promise<void> => {
  world = await startWorld({ rules: incidentRules(more, '2s'), groups: ON_CALL, ...options });
  room = incidentsOf(world);
  await world.start();
};

const readNow = async (name: string): Promise<void> => {
  const { slack } = world;
  slack.as('rita').createChannel(name);
  slack.as('oscar').join(name);
  await slack.as('oscar').click(await room.prompt(name, 'read now'), 'incident_read');
  await room.prompt(name, '🟢 oscar · *Orders database · Read only* · until');
};

const logins = (n: number): Promise<unknown> =>
  until(async () => (await world.logins()).length === n, `${n} logins in the target`);

const incidents = () =>
  world.sql<{ state: string; cause: string }>('select state, close_cause as cause from incidents order by opened_at');

/** No message is on its way: an edit that meets the deletion halfway is refused, and rightly. */
const isAllDrawn = async (): Promise<boolean> => {
  const [{ n } = { n: 1 }] = await world.sql<{ n: number }>(
    `select count(*)::integer as n from incidents i join messages m on m.subject_kind = 'incident' and m.subject_id = i.id
     where exists (select from message_leases) or m.ts is null or m.rendered_version <
       i.version + (select coalesce(sum(version), 0) from requests where incident_id = i.id)`,
  );
  return n === 0;
};

const filesUnder = (channel: string, ts: string) =>
  world.slack.waitFor(() =>
    world.slack
      .as('rita')
      .thread(channel, ts)
      .find(({ files }) => files !== undefined),
  );

it('ends what was taken for it, warned directly, and the timeline goes where the access was and says why', async () => {
  await open();
  await readNow('inc-90-orders');
  await until(isAllDrawn, 'the prompt as it stays');
  const { slack } = world;
  const id = slack.channelId('inc-90-orders');
  slack.as('rita').deleteChannel('inc-90-orders');
  await room.dm('oscar', 'Keep mine until it expires');
  await logins(0);
  const told = await room.said('prod-access', 'Timeline ·');
  expect(seen(told)).toContain('Posted here because #inc-90-orders was archived or deleted');
  expect(seen(told)).toContain('with the incident');
  await filesUnder('prod-access', told.ts);
  expect(await incidents()).toEqual([{ state: 'closed', cause: 'archived' }]);
  // Nothing is written into what is not there, and nobody is told that a channel is missing.
  const refused = slack.calls().filter(({ args, answer }) => args['channel'] === id && answer['ok'] === false);
  expect(refused.filter(({ method }) => method.startsWith('chat.'))).toEqual([]);
});

it('tells the holders where the target has no channel, and leaves the access with on_close: keep', async () => {
  await open(', on_close: keep', { channel: null });
  await readNow('inc-91-orders');
  world.slack.as('ada').join('inc-91-orders');
  await world.slack.as('ada').command('/prod-access', 'orders-db read 30m look at the stuck orders', 'inc-91-orders');
  await room.prompt('inc-91-orders', 'Waits for approval');
  world.slack.as('rita').deleteChannel('inc-91-orders');
  const told = await room.dm('oscar', 'Timeline ·');
  // Nor does it wait for whoever still asks.
  expect(seen(told)).toContain('waits for approval');
  expect(seen(told)).toContain('Posted here because #inc-91-orders was archived or deleted');
  expect(seen(told)).toContain('until');
  expect(await world.logins()).toHaveLength(1);
  expect(seen(await room.dm('oscar', "You're in: "))).not.toContain('with the incident');
});

it('tells whoever opened it and whoever asked, where nobody got in', async () => {
  await open();
  const { slack } = world;
  slack.as('rita').createChannel('inc-92-orders');
  await room.prompt('inc-92-orders', 'Request access');
  slack.as('ada').join('inc-92-orders');
  await slack.as('ada').command('/prod-access', 'orders-db read 30m look at the stuck orders', 'inc-92-orders');
  await room.prompt('inc-92-orders', 'Waits for approval');
  slack.as('rita').deleteChannel('inc-92-orders');
  for (const who of ['rita', 'ada']) {
    const told = await room.dm(who, 'Timeline ·');
    expect(seen(told)).toContain('No one got in.');
    expect(seen(told)).toContain('Posted here because #inc-92-orders was archived or deleted');
  }
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});

it('is found out by looking where nobody heard of it, at the second look', async () => {
  world = await startWorld({ rules: incidentRules('', '2s'), groups: ON_CALL });
  room = incidentsOf(world);
  const app = await world.start();
  await readNow('inc-95-orders');
  await app.stop();
  world.slack.as('rita').deleteChannel('inc-95-orders');
  await world.start();
  await until(async () => (await incidents())[0]?.state === 'closed', 'the close');
  await room.dm('oscar', 'Keep mine until it expires');
  await logins(0);
  expect(await incidents()).toEqual([{ state: 'closed', cause: 'archived' }]);
});
