/** An incident tool opens and closes incidents by what it writes, as Slack delivers it: twice, to any process, and beside the words of others. */
import { afterEach, describe, expect, it } from 'vitest';
import { SOCKETS } from '../../src/slack/connection/receiver-socket.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { incidentRules, incidentsOf, ON_CALL } from '../support/incident.ts';
import type { Incidents } from '../support/incident.ts';
import { until } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const CLASSIC = { botId: 'B0TOOL001', username: 'firehydrant' };
const MODERN = { botId: 'B0TOOL002', appId: 'A0TOOL002', userId: 'U0TOOL002' };
const OTHER = { botId: 'B0OTHER01', appId: 'A0OTHER01', username: 'firehydrant' };
const TOOL =
  ', tool: { users: [B0TOOL001, A0TOOL002], opens: "^Incident declared", closes: "^Incident (resolved|closed)" }';

let world: World;
let room: Incidents;

afterEach(async () => {
  await world.stop();
});

const open = async (processes = 1): Promise<void> => {
  world = await startWorld({ rules: incidentRules(TOOL, '1s'), groups: ON_CALL });
  room = incidentsOf(world);
  for (let at = 0; at < processes; at += 1) await world.start();
  await world.slack.waitFor(() => world.slack.connectionCount() >= processes * SOCKETS);
};

type Told = { type: string; user: string | null };

/** What was done to incidents, and who is named for it where it is no person. */
const told = async (type: string): Promise<Told[]> => {
  const rows = await world.sql<{ data: string }>(`select data from audit_events where type = $1`, [type]);
  return rows.map(({ data }) => ({ type, user: (JSON.parse(data) as { user?: string }).user ?? null }));
};

const delivered = (message: Message): Promise<unknown> =>
  world.slack.waitFor(() =>
    world.slack
      .deliveries('events_api')
      .find(({ payload, outcome }) => outcome === 'acked' && (payload['event'] as { ts?: string }).ts === message.ts),
  );

describe('a message of the incident tool', () => {
  it('closes once, although it comes three times to two processes, and others who say the same close nothing', async () => {
    await open(2);
    const { slack } = world;
    const rita = slack.as('rita');
    rita.createChannel('inc-80-orders');
    slack.as('oscar').join('inc-80-orders');
    await slack.as('oscar').click(await room.prompt('inc-80-orders', 'read now'), 'incident_read');
    await room.prompt('inc-80-orders', '🟢 oscar · *Orders database · Read only* · until');
    const words = { text: 'Incident resolved after 12 minutes' };
    await delivered(slack.postByBot('inc-80-orders', OTHER, words));
    await delivered(rita.post('inc-80-orders', words.text));
    await delivered(slack.postByBot('inc-80-orders', CLASSIC, { text: 'Next update in 10 minutes' }));
    slack.faults.duplicateEvents(4, 3);
    slack.postByBot('inc-80-orders', CLASSIC, words);
    await room.prompt('inc-80-orders', 'its tool said so');
    await until(async () => (await world.logins()).length === 0, 'no login in the target');
    await room.said('inc-80-orders', 'Timeline ·');
    expect(await told('incident.closed')).toEqual([{ type: 'incident.closed', user: 'B0TOOL001' }]);
    expect(await told('incident.ended')).toHaveLength(1);
    const timelines = rita.messages('inc-80-orders').filter((message) => seen(message).includes('Timeline ·'));
    expect(timelines).toHaveLength(1);
  });

  it('opens one in any channel Latchkey is in, also by attachments alone, and follows the channel when it is renamed', async () => {
    await open(2);
    const { slack } = world;
    slack.as('rita').createChannel('war-room');
    slack.as('rita').invite('war-room', 'bot');
    const declared = { text: '', attachments: [{ title: 'Incident declared: orders fail', fallback: 'orders fail' }] };
    await delivered(slack.postByBot('war-room', OTHER, declared));
    slack.faults.duplicateEvents(2, 2);
    slack.postByBot('war-room', MODERN, declared);
    const prompt = await room.prompt('war-room', 'Request access');
    // The policy names the tool: its word is enough for the rules.
    expect(seen(prompt)).not.toContain('Not confirmed yet');
    slack.as('rita').rename('war-room', 'inc-81-orders');
    const renamed = await room.prompt('inc-81-orders', '#inc-81-orders');
    expect(renamed.ts).toBe(prompt.ts);
    slack.as('rita').rename('inc-81-orders', 'inc-81-orders-closed');
    await room.prompt('inc-81-orders-closed', 'is closed');
    expect(await told('incident.opened')).toEqual([{ type: 'incident.opened', user: 'A0TOOL002' }]);
    expect(room.prompts('inc-81-orders-closed')).toHaveLength(1);
  });

  it('is not lost when Slack does not show the channel at that moment', async () => {
    await open();
    const { slack } = world;
    slack.as('rita').createChannel('inc-82-orders');
    await room.prompt('inc-82-orders', 'Request access');
    slack.faults.fail('conversations.info', 'internal_error', 4);
    slack.postByBot('inc-82-orders', MODERN, { text: 'Incident closed' });
    await room.prompt('inc-82-orders', 'its tool said so');
    expect(await told('incident.closed')).toEqual([{ type: 'incident.closed', user: 'A0TOOL002' }]);
  });
});
