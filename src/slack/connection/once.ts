/** A signed request is handled once, by one process. */
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';
import { withinMs } from '../../lib/timeout.ts';
import type { Replays } from '../../application/record/replay-ports.ts';

/** Slack waits three seconds for an acknowledgement. */
const PATIENCE_MS = 500;

export type Once = {
  /** False where it was taken before. `untilSeconds`: when its time would be refused. */
  take(key: string, untilSeconds: number): Promise<boolean>;
  /** It was not handled, and may come again. */
  giveBack(key: string): void;
};

/** Only what Slack signed gets here, so nobody else can fill this. */
const createMemory = () => {
  const until = new Map<string, number>();
  return {
    add: (key: string, untilSeconds: number): boolean => {
      const now = Date.now() / 1000;
      for (const [old, end] of until) {
        if (end >= now) break;
        until.delete(old);
      }
      if (until.has(key)) return false;
      until.set(key, untilSeconds);
      return true;
    },
    remove: (key: string) => until.delete(key),
  };
};

/**
 * What this process took it knows by itself. What others took is in Postgres; while that does not answer, the request is handled: nothing that
 * matters is done without Postgres, and a person's click is worth more than a second check of what Slack signed.
 */
export const createOnce = (replays: Replays, log: Log): Once => {
  const memory = createMemory();
  const rarely = createRarely();
  const warn = (why: string): void =>
    rarely('unknown', (leftOut) =>
      log.warn(
        { why, leftOut },
        'Postgres could not say whether another process took this request of Slack; it is handled',
      ),
    );
  return {
    take: async (key, untilSeconds) => {
      if (!memory.add(key, untilSeconds)) return false;
      const keptMs = Math.max(0, untilSeconds * 1000 - Date.now());
      try {
        const claimed = await withinMs(replays.claim(key, keptMs), PATIENCE_MS);
        // Another process has it, and may give it back: that is for Postgres to say each time.
        if (claimed.isThere && !claimed.value) memory.remove(key);
        if (claimed.isThere) return claimed.value;
        warn(`no answer within ${PATIENCE_MS} ms`);
      } catch (error) {
        warn(error instanceof Error ? error.message : String(error));
      }
      return true;
    },
    giveBack: (key) => {
      memory.remove(key);
      replays.forget(key).catch((error: unknown) => log.debug({ error: String(error) }, 'a request stays noted'));
    },
  };
};
