/**
 * Slack over a WebSocket. Bolt's own reconnecting drops a rejected promise when the address for the next connection is refused,
 * which ends the process, or never tries again; so it is switched off and done here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SocketModeReceiver } from '@slack/bolt';
import type { Receiver } from '@slack/bolt';
import type { Log } from '../../lib/log.ts';
import { slackLogger } from './client.ts';
import { startErrorOf } from './start-error.ts';

const RECONNECT_MIN_MS = 250;
const RECONNECT_MAX_MS = 15_000;
const OPEN_TIMEOUT_MS = 10_000;

export type SocketReceiver = { receiver: Receiver; isConnected(): boolean };

export const createSocketReceiver = (settings: {
  appToken: string;
  apiUrl: string | null;
  log: Log;
  /** Called when the connection stands, and when it no longer does. */
  onLine: (isConnected: boolean) => void;
}): SocketReceiver => {
  const { appToken, apiUrl, log, onLine } = settings;
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
  return supervise(bolt, { log, onLine });
};

/** Whether the connection stands, as Bolt's client and our own attempts leave it. */
type Line = {
  isConnected: boolean;
  isConnecting: boolean;
  stopping: AbortController;
  onLine: (isConnected: boolean) => void;
};

const supervise = (bolt: SocketModeReceiver, { log, onLine }: { log: Log; onLine: Line['onLine'] }): SocketReceiver => {
  const line: Line = { isConnected: false, isConnecting: false, stopping: new AbortController(), onLine };
  // A connection that ends while it is being made rejects `start`, and whoever called that decides.
  bolt.client.on('disconnected', () => {
    const isLost = line.isConnected && !line.isConnecting && !line.stopping.signal.aborted;
    line.isConnected = false;
    line.onLine(false);
    if (!isLost) return;
    log.info({}, 'the connection to Slack ended');
    reconnect(bolt, line, log).catch((error: unknown) => log.error({ err: error }, 'reconnecting to Slack failed'));
  });
  return {
    isConnected: () => line.isConnected,
    receiver: {
      init: (app) => bolt.init(app),
      start: async () => {
        try {
          await connect(bolt, line);
        } catch (error) {
          throw startErrorOf('SLACK_APP_TOKEN', error);
        }
      },
      stop: async () => {
        line.stopping.abort();
        await bolt.client.disconnect();
      },
    },
  };
};

const connect = async (bolt: SocketModeReceiver, line: Line): Promise<void> => {
  line.isConnecting = true;
  try {
    await bolt.start();
    line.isConnected = true;
    line.onLine(true);
  } finally {
    line.isConnecting = false;
  }
};

/** Never gives up while the process runs: a token that is refused today may be mended at Slack tomorrow. */
const reconnect = async (bolt: SocketModeReceiver, line: Line, log: Log): Promise<void> => {
  const { signal } = line.stopping;
  for (let waitMs = RECONNECT_MIN_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS)) {
    try {
      await connect(bolt, line);
      // The stop came while the address was being fetched, and found no connection to close.
      if (signal.aborted) await bolt.client.disconnect();
      else log.info({}, 'connected to Slack again');
      return;
    } catch (error) {
      log.warn({ err: startErrorOf('SLACK_APP_TOKEN', error), waitMs }, 'not connected to Slack');
    }
    // The wait ends early, by an abort, only when the process stops.
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
};
