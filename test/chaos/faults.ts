/** What goes wrong in a chaos run: one entry each. A fault resolves when it is over and everything it broke is whole again. */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { withClient } from '../support/world.ts';
import type { ChaosWorld } from './chaos-world.ts';
import type { Random } from './random.ts';

export type Fault = {
  name: string;
  weight: number;
  /** Only one at a time of what breaks the same thing. */
  of: 'app' | 'redis' | 'postgres' | 'target' | 'slack';
  run(chaos: ChaosWorld, random: Random): Promise<void>;
};

const withRedis = async (chaos: ChaosWorld, work: (redis: Redis) => Promise<unknown>): Promise<void> => {
  const redis = new Redis(chaos.services.redis.url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await work(redis);
  } finally {
    redis.disconnect();
  }
};

const killOne = async (chaos: ChaosWorld, random: Random): Promise<void> => {
  const slot = random.int(0, 1);
  const downMs = random.int(0, 2_000);
  const clockShiftMs = random.pick([0, 0, 600_000, -600_000]);
  await chaos.killApp(slot);
  await delay(downMs);
  await chaos.startApp(slot, clockShiftMs);
};

const killBoth = async (chaos: ChaosWorld, random: Random): Promise<void> => {
  const downMs = random.int(0, 3_000);
  await Promise.all([chaos.killApp(0), chaos.killApp(1)]);
  await delay(downMs);
  await Promise.all([chaos.startApp(0), chaos.startApp(1)]);
};

const redisEmpty = async ({ services }: ChaosWorld, random: Random): Promise<void> => {
  const downMs = random.int(0, 3_000);
  await services.redis.kill();
  await delay(downMs);
  await services.redis.start();
};

const redisFull = async (chaos: ChaosWorld, random: Random): Promise<void> => {
  const fullMs = random.int(500, 3_000);
  await withRedis(chaos, async (redis) => {
    await redis.config('SET', 'maxmemory', '1');
    await delay(fullMs);
    await redis.config('SET', 'maxmemory', '0');
  });
};

const postgresRestart = async ({ services }: ChaosWorld, random: Random): Promise<void> => {
  const downMs = random.int(0, 2_000);
  await (random.isChance(0.5) ? services.postgres.stop() : services.postgres.kill());
  await delay(downMs);
  await services.postgres.start();
};

const CUT = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'latchkey'`;

const cut = async (adminUrl: string, random: Random): Promise<void> => {
  const times = random.int(1, 8);
  for (let time = 0; time < times; time += 1) {
    await withClient(adminUrl, (admin) => admin.query(CUT));
    await delay(random.int(5, 150));
  }
};

const readOnly = async ({ services, world }: ChaosWorld, random: Random): Promise<void> => {
  const readOnlyMs = random.int(300, 3_000);
  const { name } = world.database;
  await withClient(services.adminUrl, (admin) =>
    admin.query(`alter database ${name} set default_transaction_read_only = on`),
  );
  await withClient(services.adminUrl, (admin) => admin.query(CUT));
  await delay(readOnlyMs);
  await withClient(services.adminUrl, (admin) =>
    admin.query(`alter database ${name} reset default_transaction_read_only`),
  );
  await withClient(services.adminUrl, (admin) => admin.query(CUT));
};

const targetDown = async ({ production }: ChaosWorld, random: Random): Promise<void> => {
  const downMs = random.int(100, 5_000);
  await production.stop();
  await delay(downMs);
  await production.start();
};

/** Nobody can make, change or drop a role meanwhile. */
const targetLocked = async ({ world }: ChaosWorld, random: Random): Promise<void> => {
  const lockedMs = random.int(200, 3_000);
  await withClient(world.target.adminUrl, async (admin) => {
    await admin.query('begin');
    await admin.query('lock table pg_authid in share mode');
    await delay(lockedMs);
    await admin.query('rollback');
  });
};

const slackDown = async ({ world: { slack } }: ChaosWorld, random: Random): Promise<void> => {
  const downMs = random.int(200, 3_000);
  await slack.faults.down(random.pick(['refused', 500, 503] as const));
  await delay(downMs);
  await slack.faults.up();
};

const slackRefuses = async ({ world: { slack } }: ChaosWorld, random: Random): Promise<void> => {
  const method = random.pick(['chat.postMessage', 'chat.update', '*']);
  const times = random.int(1, 4);
  const how = random.int(0, 3);
  if (how === 0) slack.faults.ratelimit(method, 1, times);
  if (how === 1) slack.faults.fail(method, 'internal_error', times);
  if (how === 2) slack.faults.dropResponse(random.pick(['chat.postMessage', 'chat.update']), times);
  if (how === 3) slack.faults.delay('chat.postMessage', random.int(50, 1_500));
  await delay(random.int(200, 2_000));
  slack.faults.clear();
};

const slackEvents = async ({ world: { slack } }: ChaosWorld, random: Random): Promise<void> => {
  const how = random.int(0, 3);
  if (how === 0) slack.faults.duplicateEvents(random.int(1, 5));
  if (how === 1) slack.faults.delayEvents(random.int(50, 1_000));
  if (how === 2) slack.faults.dropSockets();
  if (how === 3) slack.faults.disconnectSockets();
  await delay(random.int(200, 1_000));
  slack.faults.clear();
};

export const FAULTS: Fault[] = [
  { name: 'one process killed', weight: 6, of: 'app', run: killOne },
  { name: 'both processes killed', weight: 2, of: 'app', run: killBoth },
  { name: 'Redis killed and empty', weight: 2, of: 'redis', run: redisEmpty },
  {
    name: 'Redis flushed',
    weight: 3,
    of: 'redis',
    run: (chaos) => withRedis(chaos, (redis) => redis.flushall()),
  },
  { name: 'Redis full', weight: 2, of: 'redis', run: redisFull },
  {
    name: 'Redis pauses',
    weight: 2,
    of: 'redis',
    run: (chaos, random) => withRedis(chaos, (redis) => redis.call('CLIENT', 'PAUSE', String(random.int(200, 6_000)))),
  },
  { name: 'Postgres restarted', weight: 2, of: 'postgres', run: postgresRestart },
  { name: 'Postgres cuts', weight: 4, of: 'postgres', run: (chaos, random) => cut(chaos.services.adminUrl, random) },
  { name: 'Postgres is read-only', weight: 2, of: 'postgres', run: readOnly },
  { name: 'target down', weight: 3, of: 'target', run: targetDown },
  { name: 'target cuts', weight: 3, of: 'target', run: (chaos, random) => cut(chaos.world.target.adminUrl, random) },
  { name: 'target locked', weight: 2, of: 'target', run: targetLocked },
  { name: 'Slack down', weight: 3, of: 'slack', run: slackDown },
  { name: 'Slack refuses', weight: 4, of: 'slack', run: slackRefuses },
  { name: 'Slack mistreats events', weight: 3, of: 'slack', run: slackEvents },
];
