/** Connections to Redis: one that fails fast for handing out work, and options for the workers, which wait for ever. */
import { Redis } from 'ioredis';
import type { Log } from '../lib/log.ts';

const COMMAND_TIMEOUT_MS = 5_000;
const RECONNECT_CAP_MS = 2_000;

const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_CAP_MS);

/** An address may lead to the new primary while the old one stays up as a replica: only a new connection gets there. */
const reconnectOnError = (error: Error): boolean => /\bREADONLY\b/.test(error.message);

/** Nothing here needs INFO, which a Redis user may be refused: BullMQ would ask for it again without a pause. */
export const WITHOUT_INFO = { skipVersionCheck: true };

/** Says it once when Redis goes away and once when it is back, not at every attempt to reach it. */
const tellChanges = (redis: Redis, log: Log): Redis => {
  let isDown = false;
  redis.on('error', (error: Error) => {
    if (!isDown) log.warn({ error: error.message }, 'Redis cannot be reached; work waits in Postgres');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) log.info({}, 'Redis is back');
    isDown = false;
  });
  return redis;
};

/** For adding jobs: a command fails at once while Redis is away, so that the work stays in the outbox. */
export const connectForDispatch = (url: string, log: Log): Redis =>
  tellChanges(
    new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableReadyCheck: false,
      reconnectOnError,
      retryStrategy,
    }),
    log,
  );

/** For workers, as BullMQ demands: blocking commands are never given up. */
export const connectForWork = (url: string, log: Log): Redis =>
  tellChanges(
    new Redis(url, { maxRetriesPerRequest: null, enableReadyCheck: false, reconnectOnError, retryStrategy }),
    log,
  );
