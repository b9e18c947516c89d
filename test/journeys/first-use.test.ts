/** Whether access was used: seen while somebody is in, noted once though two processes look, and told in the timeline of the incident. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Timeline } from '../../src/domain/incidents/timeline.ts';
import { incidentRules, incidentsOf, ON_CALL } from '../support/incident.ts';
import type { Incidents } from '../support/incident.ts';
import { openSession, storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const CHANNEL = 'inc-80-orders';

let world: World;
let room: Incidents;
let story: Story;
beforeEach(async () => {
  world = await startWorld({ rules: incidentRules('', '2s'), groups: ON_CALL });
  room = incidentsOf(world);
  story = storyOf(world);
  await Promise.all([world.start(), world.start()]);
});
afterEach(() => world.stop());

type Row = { person: string; grant: string; at: Date | null };
/** Of Oscar, who goes in, and of Ada, who does not. */
const grantsOf = async (name: string): Promise<Row> => {
  const rows = await world.sql<Row>(
    `select p.name as person, g.id as grant, g.first_used_at as at from grants g join people p on p.id = g.grantee_id where p.name = $1`,
    [name],
  );
  const [row] = rows;
  if (!row || rows.length > 1) throw new Error(`${rows.length} grants of ${name}`);
  return row;
};
const uses = (): Promise<{ grant: string; data: string; at: Date }[]> =>
  world.sql(`select grant_id as grant, data, at from audit_events where type = 'grant.used' order by id`);

test('who logged in is noted once, who did not is "not seen in use", and the timeline says both', async () => {
  const { slack } = world;
  slack.as('rita').createChannel(CHANNEL);
  for (const who of ['oscar', 'ada', 'olga']) slack.as('rita').invite(CHANNEL, who);
  await slack.as('oscar').click(await room.prompt(CHANNEL, 'read now'), 'incident_read');
  await room.prompt(CHANNEL, '🟢 oscar · *Orders database · Read only* · until');
  await slack.as('ada').command('/prod-access', 'orders-db read 30m look at the stuck orders', CHANNEL);
  await slack.as('olga').click(await story.inChannel('look at the stuck orders'), 'approve');
  await room.prompt(CHANNEL, '🟢 ada · *Orders database · Read only* · until');

  const session = await openSession((await story.credentials('oscar')).url);
  await until(async () => (await uses()).length > 0, 'the look that sees the session');
  const oscar = await grantsOf('oscar');
  expect((await grantsOf('ada')).at).toBeNull();
  await slack.as('olga').command('/prod-access', 'who orders-db', 'general');
  const inside = seen(await story.privately('olga', 'who has access now'));
  expect(inside.match(/First seen in use|Not seen in use/g)).toHaveLength(2);

  // Ada's is still to be seen, so that the target is asked again while Oscar is in. Time passes:
  await world.sql('update use_looks set next_at = clock_timestamp()');
  await until(
    async () => (await world.sql('select from use_looks where next_at > clock_timestamp()')).length > 0,
    'another look',
  );
  await slack.as('rita').command('/prod-access', 'incident close', CHANNEL);
  await session.isCut;
  const told = await room.said(CHANNEL, 'Timeline ·');
  await slack.waitFor(() =>
    slack
      .as('rita')
      .thread(CHANNEL, told.ts)
      .find((one) => one.files !== undefined),
  );
  expect(await uses()).toMatchObject([{ grant: oscar.grant }]);
  const [use] = await uses();
  expect(JSON.parse(use?.data ?? '')).toMatchObject({ since: oscar.at?.toISOString() });

  const [markdown = '', json = ''] = [...slack.state.files.values()].map(({ bytes }) => bytes.toString());
  const { access, events } = JSON.parse(json) as Timeline;
  const usedBy = Object.fromEntries(
    access.map(({ who, firstUsedAt, isUseTold }) => [who.name, { firstUsedAt, isUseTold }]),
  );
  expect(usedBy).toEqual({
    oscar: { firstUsedAt: oscar.at?.toISOString(), isUseTold: true },
    ada: { firstUsedAt: null, isUseTold: true },
  });
  expect(events.filter(({ what }) => what === 'first seen in use')).toMatchObject([{ who: 'oscar' }]);
  expect(markdown).toMatch(/First seen in use: \d{4}-/);
  expect(markdown).toContain('\n- Not seen in use\n');
  expect(seen(await story.dm('oscar', 'its incident was closed'))).toContain('First seen in use');
  expect(seen(await story.dm('ada', 'its incident was closed'))).toContain('Not seen in use.');
});
