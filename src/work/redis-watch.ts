/**
 * The one place that decides whether Redis is used. Queues and workers are open only while it can be; on any fault they are closed whole, and
 * made anew when a look finds it well again, with pauses between. Work goes on from Postgres meanwhile.
 */
import type { Log } from '../lib/log.ts';
import { startLoop } from '../lib/loop.ts';
import { createInFlight } from '../lib/pending-tasks.ts';
import { faultSentence, isMetAtWork, isUsableWith, replyFaultOf } from './redis-faults.ts';
import type { RedisFault } from './redis-faults.ts';
import type { RedisProbe } from './redis-probe.ts';

const WELL_EVERY_MS = 5_000;
const FIRST_RETRY_MS = 250;
const RETRY_CAP_MS = 2_000;
const POKE_GAP_MS = 250;
/** A fault that the look does not meet holds this long before the queues are tried again; twice as long each time. */
/** What fails again so soon after it was opened is opened later each time. */
const SHORT_LIFE_MS = 10_000;
const FIRST_HOLD_MS = 5_000;
const HOLD_CAP_MS = 60_000;

export type Opened = { close(): Promise<void> };

export type RedisWatch<T extends Opened> = {
  /** What is open; null while Redis cannot be used. */
  current(): T | null;
  /** Something that was done with Redis failed, or a connection closed. */
  report(error: unknown): void;
  /** Null when all is well, else a sentence. */
  problem(): Promise<string | null>;
  /** Resolves when all that was closed before is. */
  settled(): Promise<void>;
  /** Closes what is open, and waits for what was in hand. */
  stop(): Promise<void>;
};

/** Makes the pauses before queues that failed are opened again. */
const createPause = () => {
  let openedMs = 0;
  let pauseMs = FIRST_RETRY_MS;
  let untilMs = 0;
  return {
    opened: (): void => void (openedMs = performance.now()),
    failed: (): void => {
      const nowMs = performance.now();
      pauseMs = nowMs - openedMs > SHORT_LIFE_MS ? FIRST_RETRY_MS : Math.min(pauseMs * 2, SHORT_LIFE_MS / 2);
      untilMs = nowMs + pauseMs;
    },
    leftMs: (): number => untilMs - performance.now(),
  };
};

type Options<T> = { probe: RedisProbe; open: (seen: RedisFault | null) => T; log: Log };

const createReporter = (log: Log): ((found: RedisFault | null) => void) => {
  let reported: string | null = null;
  return (found) => {
    const sentence = found && faultSentence(found);
    if (sentence === reported) return;
    reported = sentence;
    if (found) log.warn({ redis: found.code, isUsed: isUsableWith(found) }, faultSentence(found));
    else log.info({}, 'Redis is well');
  };
};

/** Remembers what was met at work and not by the look. */
const createHold = () => {
  let met: RedisFault | null = null;
  let untilMs = 0;
  let holdMs = FIRST_HOLD_MS;
  return {
    meet: (found: RedisFault): void => {
      if (!isMetAtWork(found) || met) return;
      const nowMs = performance.now();
      holdMs = nowMs - untilMs > HOLD_CAP_MS ? FIRST_HOLD_MS : Math.min(holdMs * 2, HOLD_CAP_MS);
      untilMs = nowMs + holdMs;
      met = found;
    },
    /** The look meets it as well, and so sees when it is over. */
    drop: (): void => void (met = null),
    current: (): RedisFault | null => {
      if (met && performance.now() > untilMs) met = null;
      return met;
    },
  };
};

type Core<T> = {
  opened: () => T | null;
  found: () => RedisFault | null;
  /** Gives how long to wait before the next. */
  look(): Promise<number>;
  /** What is open failed so. */
  fail(reply: RedisFault | null): void;
  close(): void;
  settled(): Promise<void>;
};

const createCore = <T extends Opened>({ probe, open, log }: Options<T>): Core<T> => {
  let opened: T | null = null;
  let found: RedisFault | null = null;
  let failures = 0;
  const [report, hold, pause] = [createReporter(log), createHold(), createPause()];
  const closing = createInFlight((error) => log.warn({ err: error }, 'the queues could not be closed in order'));
  const close = (): void => {
    if (opened) closing.add(opened.close());
    opened = null;
  };
  const look = async (): Promise<number> => {
    const seen = (await probe.look()).fault;
    if (!isUsableWith(seen)) hold.drop();
    found = isUsableWith(seen) ? (hold.current() ?? seen) : seen;
    report(found);
    if (!isUsableWith(found)) {
      close();
      failures += 1;
      return Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 10), RETRY_CAP_MS);
    }
    failures = 0;
    if (opened) return WELL_EVERY_MS;
    if (pause.leftMs() > 0) return pause.leftMs();
    pause.opened();
    opened = open(seen);
    return WELL_EVERY_MS;
  };
  const fail = (reply: RedisFault | null): void => {
    if (reply) hold.meet(reply);
    if (opened) pause.failed();
    // All of it: a connection that is made again may lead to a server that takes no work any more.
    close();
  };
  return { opened: () => opened, found: () => found, look, fail, close, settled: closing.settled };
};

export const startRedisWatch = <T extends Opened>(options: Options<T>): RedisWatch<T> => {
  const core = createCore(options);
  let onFirst = (): void => undefined;
  const first = new Promise<void>((resolve) => (onFirst = resolve));
  const loop = startLoop({
    everyMs: WELL_EVERY_MS,
    minGapMs: POKE_GAP_MS,
    run: async () => {
      const waitMs = await core.look();
      onFirst();
      return waitMs;
    },
    onError: (error) => options.log.error({ err: error }, 'the look at Redis failed; the next pass tries again'),
  });
  return {
    current: core.opened,
    report: (error) => {
      const wasOpen = core.opened() !== null;
      core.fail(replyFaultOf(error));
      if (wasOpen) loop.poke();
    },
    problem: async () => {
      await first;
      const found = core.found();
      return found && faultSentence(found);
    },
    settled: core.settled,
    stop: async () => {
      await loop.stop();
      core.close();
      options.probe.close();
      onFirst();
      await core.settled();
    },
  };
};
