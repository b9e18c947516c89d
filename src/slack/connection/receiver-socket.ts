/**
 * Slack over WebSockets: two for each process, so that one that Slack refreshes, or that breaks, turns nobody away while it is opened again.
 * Bolt's own reconnecting drops a rejected promise when the address for the next connection is refused, which ends the process, or never
 * tries again; so it is switched off and done here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SocketModeReceiver } from '@slack/bolt';
import type { Receiver } from '@slack/bolt';
import type { Pace } from '../../application/identity/fact-ports.ts';
import type { Log } from '../../lib/log.ts';
import { slackFailureOf } from './failures.ts';
import { slackLogger } from './logger.ts';
import { startErrorOf } from './start-error.ts';

const RECONNECT_MIN_MS = 250;
const RECONNECT_MAX_MS = 15_000;
const RETRY_AFTER_MAX_MS = 60_000;
const OPEN_TIMEOUT_MS = 10_000;

/**
 * Slack: docs.slack.dev/apis/events-api/using-socket-mode, "Using multiple connections": an app may have up to ten, and each payload goes to
 * one of them. Two leave room for five processes.
 */
export const SOCKETS = 2;

/**
 * Slack promises one new connection a minute for all processes of an app (tier 1). The one that a process hears by is opened at once, whatever
 * the others did; one beside it takes its turn.
 */
const METHOD = 'apps.connections.open';
const SPARE = { everyMs: 60_000, burst: 1 };
/** As many processes as Slack's ten connections are for have opened theirs by then, at one a minute. */
const SPARE_WAIT_MAX_MS = 600_000;
/** A process whose other connection is lost meanwhile does not wait any longer. */
const SPARE_LOOK_MS = 250;

/** `interrupted`: one connection ended, what was on it may be lost, and another still hears. */
export type LineState = 'connected' | 'interrupted' | 'lost';

export type SocketReceiver = { receiver: Receiver; isConnected(): boolean };

type SocketSettings = {
  appToken: string;
  apiUrl: string | null;
  /** Null: Slack's limits are not kept, and a spare connection is opened at once. */
  pace: Pace | null;
  log: Log;
  onLine: (state: LineState) => void;
};

const createBoltReceiver = ({ appToken, apiUrl, log }: SocketSettings): SocketModeReceiver =>
  new SocketModeReceiver({
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

const createLines = (settings: SocketSettings, stopping: AbortController): Line[] => {
  const lines: Line[] = [];
  const isAnyUp = (): boolean => lines.some(({ isConnected }) => isConnected);
  for (let made = 0; made < SOCKETS; made += 1) {
    const line: Line = {
      bolt: createBoltReceiver(settings),
      isConnected: false,
      isConnecting: false,
      isFirst: false,
      stopping,
      hasOther: () => lines.some((other) => other !== line && (other.isConnected || other.isFirst)),
      set: (isConnected) => {
        const was = { isUp: line.isConnected, isAnyUp: isAnyUp() };
        line.isConnected = isConnected;
        if (isConnected && !was.isAnyUp) settings.onLine('connected');
        if (!isConnected && was.isUp) settings.onLine(isAnyUp() ? 'interrupted' : 'lost');
      },
    };
    keepUp(line, settings);
    lines.push(line);
  }
  return lines;
};

export const createSocketReceiver = (settings: SocketSettings): SocketReceiver => {
  const stopping = new AbortController();
  const lines = createLines(settings, stopping);
  const [first, ...spare] = lines as [Line, ...Line[]];
  let opening: Promise<unknown> = Promise.resolve();
  return {
    isConnected: () => lines.some(({ isConnected }) => isConnected),
    receiver: {
      init: (app) => {
        for (const { bolt } of lines) bolt.init(app);
      },
      start: async () => {
        try {
          await takeTurn(first, settings);
          await connect(first);
        } catch (error) {
          throw startErrorOf('SLACK_APP_TOKEN', error);
        }
        opening = Promise.all(spare.map((line) => reconnect(line, settings)));
      },
      stop: async () => {
        stopping.abort();
        await Promise.all(lines.map(({ bolt }) => bolt.client.disconnect()));
        await opening;
      },
    },
  };
};

/** Whether one connection stands, as Bolt's client and our own attempts leave it. */
type Line = {
  bolt: SocketModeReceiver;
  isConnected: boolean;
  isConnecting: boolean;
  /** It is being opened while no other stands. */
  isFirst: boolean;
  stopping: AbortController;
  hasOther(): boolean;
  set(isConnected: boolean): void;
};

const keepUp = (line: Line, settings: SocketSettings): void => {
  const { log } = settings;
  // A connection that ends while it is being made rejects `start`, and the one who called that decides.
  line.bolt.client.on('disconnected', () => {
    const isLost = line.isConnected && !line.isConnecting && !line.stopping.signal.aborted;
    line.set(false);
    if (!isLost) return;
    log.info({}, 'a connection to Slack ended');
    reconnect(line, settings).catch((error: unknown) => log.error({ err: error }, 'reconnecting to Slack failed'));
  });
};

const connect = async (line: Line): Promise<void> => {
  line.isConnecting = true;
  try {
    await line.bolt.start();
    line.set(true);
  } finally {
    line.isConnecting = false;
    line.isFirst = false;
  }
};

/** Waits for the turn of a spare connection. Without a word from the database it is everybody's turn: being heard matters more than a limit. */
const takeTurn = async (line: Line, { pace, log }: SocketSettings): Promise<void> => {
  const isSpare = line.hasOther();
  line.isFirst = !isSpare;
  if (!pace) return;
  try {
    const { waitMs } = await pace.reserve(METHOD, { ...SPARE, mostMs: isSpare ? SPARE_WAIT_MAX_MS : 0 });
    if (!isSpare) return;
    const untilMs = performance.now() + Math.min(waitMs, SPARE_WAIT_MAX_MS);
    const leftMs = (): number => untilMs - performance.now();
    while (leftMs() > 0 && line.hasOther()) {
      await delay(Math.min(SPARE_LOOK_MS, leftMs()), undefined, { signal: line.stopping.signal });
    }
  } catch (error) {
    if (!line.stopping.signal.aborted) log.warn({ err: error }, 'no turn was taken for a connection to Slack');
  }
};

/** Slack allows few new connections a minute: sooner, each try is refused and counted. */
const retryAfterOf = (error: unknown): number => {
  const failure = slackFailureOf(error);
  return failure?.kind === 'rate_limited' ? Math.min(failure.retryInMs, RETRY_AFTER_MAX_MS) : 0;
};

/** Never gives up while the process runs: a token that is refused today may be fixed at Slack tomorrow. */
const reconnect = async (line: Line, settings: SocketSettings): Promise<void> => {
  const { log } = settings;
  const { signal } = line.stopping;
  for (let waitMs = RECONNECT_MIN_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS)) {
    let askedMs = 0;
    await takeTurn(line, settings);
    if (signal.aborted) return;
    try {
      await connect(line);
      // The stop came while the address was being fetched, and found no connection to close.
      if (signal.aborted) await line.bolt.client.disconnect();
      else log.info({}, 'connected to Slack');
      return;
    } catch (error) {
      log.warn({ err: startErrorOf('SLACK_APP_TOKEN', error), waitMs }, 'a connection to Slack could not be opened');
      askedMs = retryAfterOf(error);
    }
    // The wait ends early, by an abort, only when the process stops.
    await delay(Math.max(waitMs, askedMs), undefined, { signal }).catch(() => undefined);
  }
};
