/** Connections to Redis: one that fails fast for handing out work, and one for the workers, which wait for ever. */
import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';

export type RedisPlace = {
  url: string;
  /** Certificates of the authority of its server, in PEM. */
  ca: string | null;
  prefix: string;
};

const COMMAND_TIMEOUT_MS = 5_000;
const RECONNECT_CAP_MS = 2_000;

const retryStrategy = (times: number): number => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_CAP_MS);

/** Nothing here needs INFO, which a Redis user may be refused: BullMQ would call it again without a pause. */
export const WITHOUT_INFO = { skipVersionCheck: true };

/** With rediss:// the certificate and the host's name are always checked. */
export const tlsOf = ({ ca }: Pick<RedisPlace, 'ca'>): Pick<RedisOptions, 'tls'> =>
  ca === null ? {} : { tls: { ca } };

/** ioredis would write of a password that Redis does not need to the console. */
export const withoutPassword = (place: RedisPlace): RedisPlace => {
  const url = new URL(place.url);
  url.username = url.password = '';
  return { ...place, url: url.href };
};

export type Connection = { redis: Redis; /** Also those that BullMQ made from it. */ disconnect(): void };

type Onto = Pick<RedisPlace, 'url' | 'ca'>;

/** What a connection that is made anew or given up meets is heard by the watch alone. */
const connect = ({ url, ca }: Onto, options: RedisOptions, onTrouble: (error: Error | null) => void): Connection => {
  const made: Redis[] = [];
  const keep = (redis: Redis): Redis => {
    made.push(redis);
    redis.on('error', onTrouble);
    redis.on('close', () => onTrouble(null));
    return redis;
  };
  const redis = keep(new Redis(url, { ...tlsOf({ ca }), ...options, enableReadyCheck: false, retryStrategy }));
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (override) => keep(duplicate(override));
  return { redis, disconnect: () => made.forEach((one) => one.disconnect()) };
};

/** For adding jobs: a command fails at once while Redis is away, so that the work stays in the outbox. */
export const connectForDispatch = (onto: Onto, onTrouble: (error: Error | null) => void): Connection =>
  connect(onto, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS }, onTrouble);

/** For workers, as BullMQ demands: blocking commands are never given up. */
export const connectForWork = (onto: Onto, onTrouble: (error: Error | null) => void): Connection =>
  connect(onto, { maxRetriesPerRequest: null }, onTrouble);
