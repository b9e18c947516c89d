/** The target is away, hangs, is locked or was tampered with: no login too many, none too long, and nothing is called ended before it is. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPrivatePostgres } from '../support/services.ts';
import type { PrivateServer } from '../support/services.ts';
import { startProxy } from '../support/proxy.ts';
import type { Proxy } from '../support/proxy.ts';
import { openSession, until } from '../support/story.ts';
import { seen, withClient } from '../support/world.ts';
import { ON_TIME_MS, startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';

let production: PrivateServer;
let proxy: Proxy;
let faults: FaultWorld;
beforeAll(async () => {
  production = await startPrivatePostgres();
  proxy = await startProxy(production.port);
  faults = await startFaultWorld({ targetAdminUrl: production.url });
  const { world } = faults;
  world.env['ORDERS_DB_ADMIN_URL'] = proxy.urlOf(world.env['ORDERS_DB_ADMIN_URL'] ?? '');
  await world.start();
});
afterAll(async () => {
  await faults.stop();
  await proxy.close();
  await production.remove();
});

const RECOVERED_MS = 60_000;

const isTried = (reason: string, state: string): Promise<unknown> =>
  until(async () => (await faults.grant(reason, state)).attempts > 0, `a failed attempt on "${reason}"`, 60_000);

test('down at the grant: nothing is called given; one login is made when it is back, and its time begins then', async () => {
  proxy.cut();
  const reason = await faults.ask('ada', '2s');
  await isTried(reason, 'activating');
  expect(await faults.world.logins()).toEqual([]);
  expect(
    faults.world.slack
      .as('ada')
      .dmsWithApp()
      .some((told) => seen(told).includes('*Active*')),
  ).toBe(false);
  proxy.fix();
  const ended = await faults.grant(reason, 'removed');
  expect(ended).toMatchObject({ outcome: 'removed' });
  expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
  await faults.toldEnd('ada', reason);
  await faults.wellAgain();
});

test('down at the end of several: each is tried until it is true, and ends within a minute of the return', async () => {
  const people = ['ada', 'rita', 'oscar'];
  const reasons = await Promise.all(people.map((who) => faults.ask(who, '1h')));
  for (const reason of reasons) await faults.grant(reason, 'active');
  proxy.cut();
  for (const reason of reasons) await faults.fallDue(reason);
  for (const reason of reasons) await isTried(reason, 'ending');
  expect(await faults.world.logins()).toHaveLength(people.length);
  proxy.fix();
  const backAt = Date.now();
  for (const reason of reasons) expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  expect(Date.now() - backAt).toBeLessThan(RECOVERED_MS);
  await faults.wellAgain();
});

test('it takes the words and never answers, at a grant and at an end: both are given up in time, and made good', async () => {
  const before = await faults.ask('ada', '1h');
  await faults.grant(before, 'active');
  proxy.silence();
  await faults.fallDue(before);
  const meanwhile = await faults.ask('rita', '2s');
  await isTried(before, 'ending');
  await isTried(meanwhile, 'activating');
  proxy.fix();
  expect(await faults.grant(before, 'removed')).toMatchObject({ outcome: 'removed' });
  expect(await faults.grant(meanwhile, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.wellAgain();
});

test('it is slow: everything takes longer and nothing happens twice', async () => {
  proxy.slowDown(150);
  const reason = await faults.ask('ada', '2s');
  expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed', attempts: 0 });
  proxy.fix();
  await faults.wellAgain();
});

test('somebody holds a lock on all roles when access is due: it ends once the lock is gone, the session with it', async () => {
  const reason = await faults.ask('ada', '1h');
  await faults.grant(reason, 'active');
  const { isCut } = await openSession((await faults.story.credentials('ada')).url);
  await withClient(faults.world.target.adminUrl, async (admin) => {
    await admin.query('begin');
    await admin.query('lock table pg_authid in share mode');
    await faults.fallDue(reason);
    await faults.grant(reason, 'ending');
    expect(await faults.world.logins()).toHaveLength(1);
    await admin.query('rollback');
  });
  await isCut;
  expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.wellAgain();
});

test('a login that was made a superuser by hand, with a session open: the admins are told what to run, and it ends after that', async () => {
  const reason = await faults.ask('ines', '1h');
  await faults.grant(reason, 'active');
  const { isCut } = await openSession((await faults.story.credentials('ines')).url);
  const [login = ''] = await faults.world.logins();
  await faults.world.targetSql(`alter role "${login}" superuser`);
  await faults.fallDue(reason);
  const told = await faults.story.dm('sam', 'NOSUPERUSER');
  expect(seen(told)).not.toContain('*Ended*');
  await faults.world.targetSql(`alter role "${login}" nosuperuser`);
  expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  await isCut;
  await faults.wellAgain();
});

test('a login that owns tables by an administrator’s hand: they go to the group, and it ends', async () => {
  const reason = await faults.ask('rita', '1h');
  await faults.grant(reason, 'active');
  const [login = ''] = await faults.world.logins();
  await faults.world.targetSql(`create table kept (id int); alter table kept owner to "${login}"`);
  await faults.fallDue(reason);
  expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  expect(await faults.world.targetSql(`select 1 from pg_tables where tablename = 'kept'`)).toHaveLength(1);
  await faults.wellAgain();
});
