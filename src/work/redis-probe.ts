/** Looks whether Redis can be used: asks what it is, then does once what the queues do. On a connection of its own, which nothing else waits on. */
import { Redis } from 'ioredis';
import { WORK_KINDS } from '../application/record/outbox.ts';
import { withinMs } from '../lib/timeout.ts';
import { COMMANDS, SCRIPT, SHA, TYPES } from './probe-script.ts';
import { fault, networkFault, replyCodeOf, replyFaultOf } from './redis-faults.ts';
import type { RedisFault } from './redis-faults.ts';
import { tlsOf } from './redis.ts';
import type { RedisPlace } from './redis.ts';

const CONNECT_MS = 2_500;
/** For all questions together. */
const LOOK_MS = 5_000;
const PROBE_TTL_S = 60;

export type RedisLook = {
  fault: RedisFault | null;
  version: string | null;
  /** What its clock showed, and when it was read. */
  clock: { shownMs: number; sentAtMs: number; receivedAtMs: number } | null;
};

type RedisAddress = { url: URL; db: number; username: string; password: string; isTls: boolean };

const addressOf = (text: string): RedisAddress => {
  const url = new URL(text);
  const [username, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  const db = Number(url.pathname.replaceAll('/', '') || 0);
  const isTls = url.protocol === 'rediss:';
  // What ioredis sends by itself it only warns about on the console, or emits as an event: all that is sent here, and answered.
  url.username = url.password = url.pathname = '';
  return { url, db, username, password, isTls };
};

/** An error that Redis answers is a result here; any other is thrown. */
const answerOf = async <T>(answer: Promise<T>): Promise<{ value: T } | { refused: Error }> => {
  try {
    return { value: await answer };
  } catch (error) {
    if (error instanceof Error && replyCodeOf(error) !== null) return { refused: error };
    throw error;
  }
};

const asUnknown = (error: Error): RedisFault => replyFaultOf(error) ?? fault('unknown');

/** Null when well, else what is in the way. */
type Step = (redis: Redis) => Promise<RedisFault | null>;

const logIn =
  ({ username, password }: RedisAddress): Step =>
  async (redis) => {
    if (!password) return null;
    const answer = await answerOf(username ? redis.auth(username, password) : redis.auth(password));
    if ('value' in answer) return null;
    // A server without a password has no code of its own for that.
    return replyCodeOf(answer.refused) === 'ERR' ? passwordOrLimit(answer.refused) : asUnknown(answer.refused);
  };

const passwordOrLimit = (error: Error): RedisFault => {
  const found = asUnknown(error);
  return found.code === 'unknown' ? fault('password_unused') : found;
};

const isTooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 2);
};

/** HELLO needs no right; where it is renamed or older than HELLO, INFO may say the same. */
const whatItIs = async (redis: Redis): Promise<Record<string, string>> => {
  const hello = await answerOf(redis.call('HELLO', '2'));
  if ('value' in hello && Array.isArray(hello.value)) {
    const facts = hello.value.map(String);
    return Object.fromEntries(facts.flatMap((name, at) => (at % 2 === 0 ? [[name, facts[at + 1] ?? '']] : [])));
  }
  const info = await answerOf(redis.info());
  if (!('value' in info)) return {};
  const read = (name: string): string => new RegExp(`^${name}:(\\S+)`, 'm').exec(info.value)?.[1] ?? '';
  return { version: read('redis_version'), mode: read('redis_mode'), role: read('role') };
};

const selectDb =
  ({ db }: RedisAddress): Step =>
  async (redis) => {
    if (db === 0) return null;
    const answer = await answerOf(redis.select(db));
    if ('value' in answer) return null;
    return replyCodeOf(answer.refused) === 'ERR' ? fault('no_database') : asUnknown(answer.refused);
  };

const writeOnce =
  (prefix: string): Step =>
  async (redis) => {
    const set = await answerOf(redis.set(`${prefix}:probe`, '1', 'EX', PROBE_TTL_S));
    return 'refused' in set ? asUnknown(set.refused) : null;
  };

/** As BullMQ does: by its hash, and whole where Redis does not know it yet. */
const runScript =
  (prefix: string): Step =>
  async (redis) => {
    const kinds = WORK_KINDS.flatMap((kind) => Object.keys(TYPES).map((part) => `${prefix}:${kind}:${part}`));
    const types = WORK_KINDS.flatMap(() => Object.values(TYPES));
    const keys = [`${prefix}:probe:commands`, ...kinds];
    const rest = [...keys, JSON.stringify(COMMANDS), JSON.stringify(types)];
    const known = await answerOf(redis.evalsha(SHA, keys.length, ...rest));
    const isNew = 'refused' in known && replyCodeOf(known.refused) === 'NOSCRIPT';
    const ran = isNew ? await answerOf(redis.eval(SCRIPT, keys.length, ...rest)) : known;
    if ('refused' in ran) return asUnknown(ran.refused);
    if (ran.value !== '') return fault('wrong_type', String(ran.value));
    const waited = await answerOf(redis.bzpopmin(`${prefix}:probe:commands`, 0.01));
    return 'refused' in waited ? asUnknown(waited.refused) : null;
  };

/** Two ways to ask, each a right that a user need not have. */
const eviction: Step = async (redis) => {
  const info = await answerOf(redis.info('memory'));
  let policy = 'value' in info ? /^maxmemory_policy:(\S+)/m.exec(info.value)?.[1] : undefined;
  if (policy === undefined) {
    const config = await answerOf(redis.config('GET', 'maxmemory-policy'));
    policy = 'value' in config && Array.isArray(config.value) ? config.value.map(String)[1] : undefined;
  }
  return policy === undefined || policy === 'noeviction' ? null : fault('may_evict', `it is ${policy}`);
};

const kindFault = ({ version, mode, role }: Record<string, string>): RedisFault | null => {
  if (mode === 'sentinel') return fault('sentinel');
  if (mode === 'cluster') return fault('cluster');
  if (version && isTooOld(version)) return fault('old_version', version);
  return role === 'replica' || role === 'slave' ? fault('read_only') : null;
};

const readClock = async (redis: Redis): Promise<RedisLook['clock']> => {
  const sentAtMs = Date.now();
  const answer = await answerOf(redis.time());
  if ('refused' in answer) return null;
  const [seconds, micros] = answer.value;
  return { shownMs: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), sentAtMs, receivedAtMs: Date.now() };
};

/** `isIn`: the connection has logged in before. */
const readAll = async (
  redis: Redis,
  address: RedisAddress,
  { prefix, isIn }: { prefix: string; isIn: boolean },
): Promise<RedisLook> => {
  const login = isIn ? null : await logIn(address)(redis);
  if (login && login.code !== 'password_unused') return { fault: login, version: null, clock: null };
  const facts = await whatItIs(redis);
  const look: RedisLook = { fault: kindFault(facts), version: facts['version'] || null, clock: null };
  if (look.fault) return look;
  look.clock = await readClock(redis);
  for (const step of [selectDb(address), writeOnce(prefix), runScript(prefix), eviction]) {
    look.fault = await step(redis);
    if (look.fault) return look;
  }
  look.fault = login;
  return look;
};

export type RedisProbe = { look(): Promise<RedisLook>; close(): void };

const newConnection = (address: RedisAddress, place: RedisPlace): Redis =>
  new Redis(address.url.href, {
    ...tlsOf(place),
    lazyConnect: true,
    // Before it logs in it says nothing.
    disableClientInfo: true,
    protocol: 2,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });

const lookWith = async (
  redis: Redis,
  address: RedisAddress,
  about: { prefix: string; isIn: boolean },
): Promise<RedisLook> => {
  // What failed is reported by an event; the command only says that the connection is closed.
  let failure: Error | null = null;
  redis.removeAllListeners('error');
  redis.on('error', (error: Error) => (failure ??= error));
  try {
    if (!about.isIn) await redis.connect();
    return await readAll(redis, address, about);
  } catch (error) {
    const found = replyFaultOf(failure) ?? replyFaultOf(error) ?? networkFault(failure ?? error, address.isTls);
    return { fault: found, version: null, clock: null };
  }
};

/** The connection is kept while all is well, and made anew after any fault: the address may lead elsewhere by then. */
export const createRedisProbe = (place: RedisPlace): RedisProbe => {
  const address = addressOf(place.url);
  let kept: Redis | null = null;
  const close = (): void => {
    kept?.disconnect();
    kept = null;
  };
  const lookOnce = async (isIn: boolean): Promise<RedisLook> => {
    if (!isIn) close();
    kept ??= newConnection(address, place);
    const seen = await withinMs(lookWith(kept, address, { prefix: place.prefix, isIn }), LOOK_MS);
    const look = seen.isThere ? seen.value : { fault: fault('silent'), version: null, clock: null };
    if (look.fault && look.fault.code !== 'may_evict') close();
    return look;
  };
  return {
    close,
    look: async () => {
      const isIn = kept?.status === 'ready';
      const look = await lookOnce(isIn);
      // A connection that had logged in and is closed says that Redis stops or restarts, not what a new one would meet.
      return isIn && look.fault?.code === 'closed' ? lookOnce(false) : look;
    },
  };
};
