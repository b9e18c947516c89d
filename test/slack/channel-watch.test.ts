/** The look at the channels of open incidents: what cannot be looked at hides none of the others, and is said. */
import { WebAPIPlatformError } from '@slack/web-api';
import type { WebClient } from '@slack/web-api';
import { afterEach, expect, test } from 'vitest';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import type { Log } from '../../src/lib/log.ts';
import { createChannelWatch } from '../../src/slack/incident-channels/channel-watch.ts';
import type { ChannelWatch, WatchSettings } from '../../src/slack/incident-channels/channel-watch.ts';

const OPEN = ['C0REFUSED', 'C0FINE', 'C0LAST'];
const policy = { incidents: { channels: ['inc-*'], tool: { users: ['B0TOOL'] } } } as unknown as Policy;

let watch: ChannelWatch | null = null;
afterEach(async () => await watch?.stop());

/** Slack refuses this channel for good, as it does where an app is restricted. docs.slack.dev: conversations.info, "Errors" */
const clientThatRefuses = (refused: string): WebClient =>
  ({
    conversations: {
      info: async ({ channel }: { channel: string }) => {
        await Promise.resolve();
        if (channel === refused) throw new WebAPIPlatformError({ ok: false, error: 'access_denied' });
        return { ok: true, channel: { id: channel, name: `inc-${channel.toLowerCase()}` } };
      },
      list: async () => await Promise.resolve({ ok: true, channels: [] }),
    },
  }) as unknown as WebClient;

const watching = (handle: WatchSettings['useCases']['handleToolMessage']) => {
  const noted: string[] = [];
  const said: object[] = [];
  const note = (facts: object): void => void said.push(facts);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  watch = createChannelWatch({
    client: clientThatRefuses('C0REFUSED'),
    policy: () => policy,
    useCases: {
      syncIncidentChannel: async ({ channelId }: { channelId: string }) => {
        await Promise.resolve();
        noted.push(channelId);
      },
      handleToolMessage: handle,
    },
    store: {
      read: {
        openIncidents: async () => await Promise.resolve(OPEN.map((channelId) => ({ channelId, isPrivate: false }))),
        incidentOfChannel: async () => await Promise.resolve(null),
      },
      transaction: async () => await Promise.resolve(),
    },
    log,
  } as unknown as WatchSettings);
  return { watch, noted, said };
};

test('a channel that Slack refuses for good hides none of the later ones', async () => {
  const { watch: own, noted, said } = watching(() => Promise.reject(new Error('no message came')));
  own.start();
  await waitUntil(() => noted.includes('C0LAST'), { timeoutMs: 60_000, what: 'the last channel to be looked at' });
  expect(noted).toContain('C0FINE');
  expect(said).toContainEqual(expect.objectContaining({ key: 'C0REFUSED', code: 'access_denied' }));
});

test('a message whose handling fails keeps no channel from being looked at, and is handled again', async () => {
  let tries = 0;
  const { watch: own, noted } = watching(async () => {
    await Promise.resolve();
    tries += 1;
    throw new Error('the database is away');
  });
  const message = {
    channelId: 'C0FINE',
    authorIds: ['B0TOOL'],
    userId: null,
    text: 'resolved',
    postedAt: new Date(),
    change: null,
  };
  await own.read(message);
  expect(tries).toBe(1);
  own.start();
  await waitUntil(() => noted.includes('C0LAST'), { timeoutMs: 60_000, what: 'the last channel to be looked at' });
  expect(tries).toBeGreaterThan(1);
});
