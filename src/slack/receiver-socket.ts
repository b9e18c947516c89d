/**
 * Slack over a WebSocket. Bolt's own reconnecting drops a rejected promise when the address for the next connection is refused,
 * which ends the process, or never tries again; so it is switched off and done here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SocketModeReceiver } from '@slack/bolt';
import type { Receiver } from '@slack/bolt';
import type { Log } from '../lib/log.ts';
import { slackLogger } from './client.ts';
import { startErrorOf } from './start-error.ts';

const RECONNECT_MIN_MS = 250;
const RECONNECT_MAX_MS = 15_000;
const OPEN_TIMEOUT_MS = 10_000;

export type SocketReceiver = { receiver: Receiver; isConnected(): boolean };

export const createSocketReceiver = (settings: { appToken: string; apiUrl: string | null; log: Log }): SocketReceiver => {
  const { appToken, apiUrl, log } = settings;
  const bolt = new SocketModeReceiver({
    appToken,
    logger: slackLogger(log),
    autoReconnectEnabled: false,
    installerOptions: {
      clientOptions: {
        ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
        timeout: OPEN_TIMEOUT_MS,
        retryConfig: { retries: 1, minTimeout: 200 },
        rejectRateLimitedCalls: true,
      },
    },
  });
  return supervise(bolt, log);
};

const supervise = (bolt: SocketModeReceiver, log: Log): SocketReceiver => {
  const stopping = new AbortController();
  let isConnected = false;
  let isConnecting = false;

  const connect = async (): Promise<void> => {
    isConnecting = true;
    try {
      await bolt.start();
      isConnected = true;
    } finally {
      isConnecting = false;
    }
  };

  const reconnect = async (): Promise<void> => {
    for (let waitMs = RECONNECT_MIN_MS; !stopping.signal.aborted; waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS)) {
      try {
        await connect();
        log.info({}, 'connected to Slack again');
        return;
      } catch (error) {
        log.warn({ err: startErrorOf('SLACK_APP_TOKEN', error), waitMs }, 'not connected to Slack');
      }
      // The wait ends early, by an abort, only when the process stops.
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  // A connection that ends while it is being made rejects `start`, and whoever called that decides.
  bolt.client.on('disconnected', () => {
    const wasConnected = isConnected;
    isConnected = false;
    if (!wasConnected || isConnecting || stopping.signal.aborted) return;
    log.info({}, 'the connection to Slack ended');
    void reconnect();
  });

  return {
    isConnected: () => isConnected,
    receiver: {
      init: (app) => bolt.init(app),
      start: async () => {
        try {
          await connect();
        } catch (error) {
          throw startErrorOf('SLACK_APP_TOKEN', error);
        }
      },
      stop: async () => {
        stopping.abort();
        await bolt.client.disconnect();
      },
    },
  };
};
