/** Redis goes away, forgets, fills up or hangs: access ends on time all the same, and nothing is lost or done twice. */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { until } from '../support/story.ts';
import { ON_TIME_MS, startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let faults: FaultWorld;
let app: App;
beforeAll(async () => {
  faults = await startFaultWorld();
  app = await faults.world.start();
});
afterAll(() => faults.stop());

const tell = async (...command: [string, ...string[]]): Promise<void> => {
  const redis = new Redis(faults.services.redisUrl);
  const [name, ...rest] = command;
  await redis.call(name, ...rest);
  redis.disconnect();
};

const readyz = async (): Promise<string> => (await fetch(`http://127.0.0.1:${app.metricsPort}/readyz`)).text();

test('Redis is stopped for a while: what is due ends on time, what is asked meanwhile is given when it is back', async () => {
  const before = await faults.ask('ada', '1h');
  await faults.grant(before, 'active');
  await faults.services.redis.stop();
  const meanwhile = await faults.ask('rita', '2s');
  await faults.fallDue(before);
  const ended = await faults.grant(before, 'removed');
  expect(ended).toMatchObject({ outcome: 'removed' });
  expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
  // While it is being stopped it may still accept a connection and close it, which reads otherwise until the next look.
  await vi.waitFor(async () => expect(await readyz()).toContain('Redis cannot be reached'), { timeout: 60_000 });
  await faults.services.redis.start();
  expect(await faults.grant(meanwhile, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.toldEnd('ada', before);
  await faults.toldEnd('rita', meanwhile);
  await faults.wellAgain();
});

test('Redis is emptied again and again under load: each request goes its whole way, once', async () => {
  const people = ['ada', 'rita', 'oscar', 'ines', 'olga'];
  const reasons = await Promise.all(people.map((who) => faults.ask(who, '1s')));
  for (let times = 0; times < 10; times += 1) {
    await tell('FLUSHALL');
    await delay(100);
  }
  for (const reason of reasons) expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  for (const [index, who] of people.entries()) await faults.toldEnd(who, reasons[index] ?? '');
  await faults.wellAgain();
});

test('Redis is full: nothing is lost, what is due ends on time, and readyz says what is in the way', async () => {
  const before = await faults.ask('ada', '1h');
  await faults.grant(before, 'active');
  await tell('CONFIG', 'SET', 'maxmemory', '1');
  const meanwhile = await faults.ask('rita', '2s');
  await faults.fallDue(before);
  const ended = await faults.grant(before, 'removed');
  expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
  await until(async () => (await readyz()).includes('Redis takes no work'), 'the word of it in readyz');
  await tell('CONFIG', 'SET', 'maxmemory', '0');
  expect(await faults.grant(meanwhile, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.toldEnd('ada', before);
  await faults.toldEnd('rita', meanwhile);
  await faults.wellAgain();
});

test('Redis hangs for seconds: what is due ends on time, and what waited is done once', async () => {
  const before = await faults.ask('ada', '1h');
  await faults.grant(before, 'active');
  await tell('CLIENT', 'PAUSE', '60000', 'WRITE');
  const meanwhile = await faults.ask('rita', '2s');
  await faults.fallDue(before);
  const ended = await faults.grant(before, 'removed');
  expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
  await tell('CLIENT', 'UNPAUSE');
  expect(await faults.grant(meanwhile, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.toldEnd('ada', before);
  await faults.wellAgain();
});

test('the app is stopped while Redis is away: it stops, and the next process goes on', async () => {
  const before = await faults.ask('ada', '1h');
  await faults.grant(before, 'active');
  await faults.services.redis.stop();
  await app.stop();
  await faults.services.redis.start();
  app = await faults.world.start();
  await faults.fallDue(before);
  expect(await faults.grant(before, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.toldEnd('ada', before);
  await faults.wellAgain();
});
