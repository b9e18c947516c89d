/** The app as a process on a real Redis that cannot be used, in one way after another: access is given and ended on time, and one sentence says why. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CHAOS_RULES } from '../chaos/chaos-rules.ts';
import { startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { startPrivateRedis } from '../support/services.ts';
import { until } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const ON_TIME_MS = 20_000;
const WAIT_MS = 60_000;
const USER = 'bot';
const PASSWORD = 'made-up';

type Private = Awaited<ReturnType<typeof startPrivateRedis>>;
let redis: Private;
let other: Private;
let admin: Redis;
let world: World;
let app: AppProcess;

const acl = (...rules: string[]): Promise<unknown> => admin.call('ACL', 'SETUSER', USER, ...rules);
const GIVEN = ['reset', 'on', `>${PASSWORD}`, '~*', '&*', '+@all'];
const config = (name: string, value: string): Promise<unknown> => admin.config('SET', name, value);
const cut = (): Promise<unknown> => admin.call('CLIENT', 'KILL', 'USER', USER);

beforeAll(async () => {
  [redis, other] = await Promise.all([startPrivateRedis(), startPrivateRedis()]);
  admin = new Redis(redis.url);
  admin.on('error', () => undefined);
  await acl(...GIVEN);
  world = await startWorld({ ...CHAOS_RULES, redisUrl: `redis://${USER}:${PASSWORD}@127.0.0.1:${redis.port}` });
  world.slack.as('sam').invite('security', 'bot');
  app = await startProcess(world.env);
  await world.slack.waitFor(() => world.slack.connectionCount() > 0, { timeoutMs: WAIT_MS });
});
afterAll(async () => {
  await app.kill();
  admin.disconnect();
  await world.stop();
  await Promise.all([redis.remove(), other.remove()]);
});

const redisCheck = async (): Promise<string> => {
  const answer = await fetch(`http://127.0.0.1:${app.metricsPort}/readyz`);
  return ((await answer.json()) as { checks: { redis: string } }).checks.redis;
};

const says = (text: string): Promise<unknown> =>
  until(async () => (await redisCheck()).includes(text), `"${text}" in readyz`, WAIT_MS).catch(
    async (error: unknown) => {
      throw new Error(`readyz says: ${await redisCheck()}`, { cause: error });
    },
  );

let asks = 0;
const isGivenAndEnded = async (): Promise<void> => {
  asks += 1;
  const reason = `look at the orders, number ${asks}`;
  await world.slack.as('ada').command('/prod-access', `orders-db look 1s ${reason}`, 'general');
  const ended = await until(
    async () => {
      const [grant] = await world.sql<{ outcome: string; lateMs: number }>(
        `select g.end_outcome as outcome, extract(epoch from g.closed_at - g.expires_at)::float * 1000 as "lateMs"
         from grants g join requests r on r.id = g.request_id where r.reason = $1 and g.state = 'removed'`,
        [reason],
      );
      return grant;
    },
    'the end',
    WAIT_MS,
  );
  expect(ended.outcome).toBe('removed');
  expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
};

const TICKS_PER_S = 100;
/** Processor time of the app, which is idle but for Redis and one grant. */
const usedMs = (): number => {
  const fields = readFileSync(`/proc/${app.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_S;
};
const isCalm = async (): Promise<void> => {
  if (process.platform !== 'linux') return;
  const before = usedMs();
  await delay(2_000);
  expect(usedMs() - before).toBeLessThan(1_200);
};

type Fault = { name: string; says: string; cause: () => Promise<unknown>; fix: () => Promise<unknown> };

const lacks = (what: string, ...rules: string[]): Fault => ({
  name: `the user lacks ${what}`,
  says: 'The user of Redis lacks a right',
  cause: () => acl(...rules),
  fix: () => acl(...GIVEN),
});

let endless: Redis | null = null;

const FAULTS: Fault[] = [
  lacks('EVALSHA', '-evalsha'),
  lacks('a command that only scripts use', '-zadd'),
  lacks('the command on which workers wait', '-bzpopmin'),
  lacks('the keys', 'resetkeys', '~elsewhere:*'),
  {
    name: 'the password was changed',
    says: 'Redis refuses the user or password',
    cause: async () => {
      await acl('resetpass', '>another');
      await cut();
    },
    fix: () => acl(...GIVEN),
  },
  {
    name: 'the primary became a replica and stays up',
    says: 'Redis is a read-only replica',
    cause: async () => {
      await config('masterauth', new URL(other.url).password);
      await admin.call('REPLICAOF', '127.0.0.1', String(other.port));
    },
    // A full copy takes users and data from the other.
    fix: async () => {
      await admin.call('REPLICAOF', 'NO', 'ONE');
      await acl(...GIVEN);
    },
  },
  {
    name: 'its memory is full',
    says: 'Redis takes no work: its memory is full',
    cause: () => config('maxmemory', '1'),
    fix: () => config('maxmemory', '0'),
  },
  {
    name: 'it may evict jobs',
    says: 'Redis may evict jobs: set maxmemory-policy to noeviction (it is allkeys-lru).',
    cause: () => config('maxmemory-policy', 'allkeys-lru'),
    fix: () => config('maxmemory-policy', 'noeviction'),
  },
  {
    name: 'it has too few replicas',
    says: 'it has too few replicas',
    cause: () => config('min-replicas-to-write', '1'),
    fix: () => config('min-replicas-to-write', '0'),
  },
  {
    name: 'the script of somebody never ends',
    says: 'Redis is busy with the script of somebody',
    cause: async () => {
      await config('lua-time-limit', '100');
      endless = new Redis(redis.url);
      endless.on('error', () => undefined);
      endless.eval('while true do end', 0).catch(() => undefined);
    },
    fix: async () => {
      await admin.call('SCRIPT', 'KILL');
      endless?.disconnect();
    },
  },
  {
    name: 'it has no connection left',
    says: 'Redis has no connection left for Latchkey',
    cause: async () => {
      await config('maxclients', '1');
      await cut();
    },
    fix: () => config('maxclients', '10000'),
  },
  {
    name: 'the key of a queue holds something else',
    says: 'Keys of Latchkey in Redis hold something else',
    cause: async () => {
      await admin.del(`${world.env['LATCHKEY_REDIS_PREFIX']}:end:meta`);
      await admin.set(`${world.env['LATCHKEY_REDIS_PREFIX']}:end:meta`, 'of somebody else');
    },
    fix: () => admin.del(`${world.env['LATCHKEY_REDIS_PREFIX']}:end:meta`),
  },
  {
    name: 'it hangs',
    says: 'Redis does not answer in time',
    cause: () => admin.call('CLIENT', 'PAUSE', '120000', 'WRITE'),
    fix: () => admin.call('CLIENT', 'UNPAUSE'),
  },
  {
    name: 'it is stopped',
    says: 'Redis cannot be reached with REDIS_URL (ECONNREFUSED)',
    cause: () => redis.stop(),
    fix: async () => {
      await redis.start();
      await until(() => acl(...GIVEN).then(() => true), 'the user', WAIT_MS);
    },
  },
];

test.each(FAULTS)('$name: access is given and ended on time, readyz says why, and it is used again', async (fault) => {
  await says('ok');
  await fault.cause();
  await says(fault.says);
  // What one grant costs is far below what a busy loop would.
  await Promise.all([isGivenAndEnded(), isCalm()]);
  await says(fault.says);
  await fault.fix();
  await says('ok');
  expect(await redisCheck()).toBe('ok');
  await isGivenAndEnded();
});

test('without INFO and CONFIG it is well, and connections that are cut again and again are made anew', async () => {
  await acl('-@dangerous');
  for (let times = 0; times < 5; times += 1) {
    await cut();
    await delay(300);
  }
  await isGivenAndEnded();
  await says('ok');
  expect(await redisCheck()).toBe('ok');
  await isCalm();
  await acl(...GIVEN);
});

test('each line of the log is JSON, and each fault was said once', () => {
  const lines = app.out().trim().split('\n');
  const read = lines.map((line) => JSON.parse(line) as { redis?: string; msg: string });
  const said = read.filter(({ redis: code }) => code === 'full' || code === 'busy' || code === 'may_evict');
  expect(said.map(({ redis: code }) => code)).toEqual(['full', 'may_evict', 'busy']);
});

test('a stop in the middle of a fault is clean', async () => {
  await acl('-evalsha');
  await says('The user of Redis lacks a right (EVALSHA)');
  expect(await app.stop()).toBe(0);
  expect(app.out()).not.toMatch(/unhandled|UnhandledPromise/i);
});
