/** What Slack tells of channels and messages: read, and fit to be kept and compared, whatever people put into topics and names. */
import { describe } from 'vitest';
import { personEvents } from '../../src/slack/door/listeners.ts';
import { userChangePayload, homePayload } from '../../src/slack/door/payloads.ts';
import { channelEvents } from '../../src/slack/incident-channels/channel-events.ts';
import { readMessage } from '../../src/slack/incident-channels/channel-messages.ts';
import { toSeen } from '../../src/slack/incident-channels/read-channel.ts';
import { z } from 'zod';
import { canBeStored, claim } from './claims.ts';
import { fuzz } from './door.ts';
import { jsonLike } from './texts.ts';

const BOT = 'U0BOT';
const EVENTS = [
  { channel: { id: 'C1', name: 'inc-42 checkout \u0000 sev1', creator: 'U0ADA' } },
  { channel: 'C1', user: BOT, inviter: 'U0ADA' },
  { user: { id: 'U0ADA', team_id: 'T1', deleted: true } },
  { user: 'U0ADA', tab: 'home' },
];
const MESSAGES = [
  { channel: 'C1', ts: '1700000000.000100', subtype: 'channel_topic', user: 'U0ADA', topic: 'checkout is slow, sev1' },
  { channel: 'G1', ts: '1700000000.000100', subtype: 'group_name', user: 'U0ADA', name: 'inc-43', old_name: 'inc-42' },
  {
    channel: 'C1',
    ts: '1',
    bot_id: 'B1',
    text: '<@U0ADA|ada> sev2',
    attachments: [{ fallback: 'x', title: '\ud800' }],
  },
];
const CHANNELS = [
  {
    id: 'C1',
    name: 'inc-42',
    topic: { value: '&lt;sev1&gt;' },
    purpose: { value: 'p' },
    created: 1,
    previous_names: [],
  },
];

/** A shape that is not Slack's is refused as such; nothing else may fail. */
const readOrNull = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch (error) {
    if (error instanceof z.ZodError) return null;
    throw error;
  }
};

const isNoLongerThan = (text: string | null | undefined, max: number): void =>
  claim((text ?? '').length).toBeLessThanOrEqual(max);

describe('what Slack tells', () => {
  fuzz({
    name: 'event of a channel',
    share: 20,
    inputs: jsonLike(EVENTS.map((event) => JSON.stringify(event))),
    run: (event) => {
      for (const { read } of channelEvents) {
        const news = readOrNull(() => read(event, BOT));
        canBeStored(news);
        isNoLongerThan(news?.name, 200);
      }
      canBeStored(readOrNull(() => userChangePayload.parse(event)));
      canBeStored(readOrNull(() => homePayload.parse(event)));
      claim(personEvents.length).toBeGreaterThan(0);
    },
  });
  fuzz({
    name: 'event of a message',
    share: 20,
    inputs: jsonLike(MESSAGES.map((message) => JSON.stringify(message))),
    run: (event) => {
      const message = readOrNull(() => readMessage(event));
      if (!message) return;
      canBeStored(message);
      isNoLongerThan(message.text, 4_000);
      isNoLongerThan(message.change?.topic, 2_000);
      isNoLongerThan(message.change?.name, 200);
      claim(Number.isNaN(message.postedAt.getTime())).toBe(false);
    },
  });
  fuzz({
    name: 'channel as it is',
    share: 10,
    inputs: jsonLike(CHANNELS.map((channel) => JSON.stringify(channel))),
    run: (channel) => {
      // Of the types that the client library promises, and with any text.
      const shape = z.object({
        id: z.string().optional(),
        name: z.string().optional(),
        topic: z.object({ value: z.string() }).optional(),
        purpose: z.object({ value: z.string() }).optional(),
      });
      const parsed = shape.safeParse(channel);
      if (!parsed.success) return;
      const seen = toSeen(parsed.data);
      canBeStored(seen && { ...seen, channelId: '' });
      isNoLongerThan(seen?.name, 200);
      isNoLongerThan(seen?.topic, 2_000);
      isNoLongerThan(seen?.purpose, 2_000);
    },
  });
});
