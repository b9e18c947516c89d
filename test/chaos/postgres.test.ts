/** Latchkey's own Postgres restarts, cuts, refuses or fills up: what was committed holds, what was not leaves nothing behind. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { until } from '../support/story.ts';
import { withClient } from '../support/world.ts';
import { ON_TIME_MS, startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let faults: FaultWorld;
let app: App;
beforeAll(async () => {
  faults = await startFaultWorld();
  app = await faults.world.start();
  await faults.world.start();
});
afterAll(() => faults.stop());

/** What "within a minute of recovery" allows. */
const RECOVERED_MS = 60_000;
const CUT = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'latchkey'`;

const asAdmin = (sql: string): Promise<unknown> => withClient(faults.services.adminUrl, (admin) => admin.query(sql));
const inDatabase = (sql: string): Promise<unknown> =>
  withClient(faults.world.database.url, (client) => client.query(sql));

test('Postgres restarts while access is live and due: it ends within a minute of its return', async () => {
  const reason = await faults.ask('ada', '1h');
  await faults.grant(reason, 'active');
  await faults.fallDue(reason, 500);
  await faults.services.postgres.stop();
  await delay(2_000);
  await faults.services.postgres.start();
  const backAt = Date.now();
  expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  expect(Date.now() - backAt).toBeLessThan(RECOVERED_MS);
  await faults.toldEnd('ada', reason);
  await faults.wellAgain();
});

test('every connection is cut, again and again, in the middle of whatever runs: nothing is half done', async () => {
  const people = ['ada', 'rita', 'oscar', 'ines', 'olga'];
  const reasons = await Promise.all(people.map((who) => faults.ask(who, '1s')));
  const grants = (): Promise<unknown[]> => faults.world.sql('select 1 from grants where state <> $1', ['removed']);
  for (let times = 0; times < 40; times += 1) {
    await asAdmin(CUT);
    await delay(40);
  }
  await until(async () => (await grants()).length === 0, 'all ends', 90_000);
  const stored = await faults.world.sql<{ reason: string }>('select reason from requests where reason = any($1)', [
    reasons,
  ]);
  // Whoever's ask was cut was told so; whoever's was stored went the whole way.
  for (const { reason } of stored) {
    const { outcome } = await faults.grant(reason, 'removed');
    // An attempt that was cut after it had removed the login leaves the next one nothing to remove.
    expect(['removed', 'already_absent']).toContain(outcome);
  }
  await faults.wellAgain();
});

test('Postgres is read-only for a while: a person is told that it did not work, and live access ends when it can be written', async () => {
  const { name } = faults.world.database;
  const reason = await faults.ask('ada', '1h');
  await faults.grant(reason, 'active');
  await faults.fallDue(reason, 500);
  await asAdmin(`alter database ${name} set default_transaction_read_only = on`);
  await asAdmin(CUT);
  const refused = await faults.ask('rita', '2s');
  await faults.story.privately('rita', 'Something went wrong on our side');
  const readyz = await fetch(`http://127.0.0.1:${app.metricsPort}/readyz`);
  expect(readyz.status).toBe(503);
  expect(await readyz.text()).toContain('Postgres takes no writes: it is read-only.');
  await delay(2_000);
  expect(await faults.world.sql('select 1 from requests where reason = $1', [refused])).toEqual([]);
  await asAdmin(`alter database ${name} reset default_transaction_read_only`);
  await asAdmin(CUT);
  const ended = await faults.grant(reason, 'removed');
  expect(ended.lateMs).toBeLessThan(RECOVERED_MS);
  await faults.toldEnd('ada', reason);
  await faults.wellAgain();
});

/** A write fails as Postgres says it, until `remove()`. */
const failing = async (table: string, fault: { code: string; chance: number }): Promise<() => Promise<unknown>> => {
  await inDatabase(`create function fail_now() returns trigger language plpgsql as $$
    begin if random() < ${fault.chance} then raise exception 'made to fail' using errcode = '${fault.code}'; end if; return new; end $$;
    create trigger made_to_fail before insert or update on ${table} for each row execute function fail_now()`);
  return () => inDatabase(`drop trigger made_to_fail on ${table}; drop function fail_now()`);
};

test('a third of all writes of grants fail to serialise: each is run again, and each request goes its whole way', async () => {
  const fix = await failing('grants', { code: '40001', chance: 0.33 });
  const people = ['ada', 'rita', 'oscar', 'ines'];
  const reasons = await Promise.all(people.map((who) => faults.ask(who, '1s')));
  await until(
    async () => (await faults.world.sql('select 1 from requests where reason = any($1)', [reasons])).length > 0,
    'one that came through',
  );
  await delay(2_000);
  await fix();
  const stored = await faults.world.sql<{ reason: string }>('select reason from requests where reason = any($1)', [
    reasons,
  ]);
  for (const { reason } of stored) expect(await faults.grant(reason, 'removed')).toMatchObject({ outcome: 'removed' });
  await faults.wellAgain();
});

test('the disk is full, as Postgres says it: nothing changes that cannot be recorded, and access that is due ends when it can', async () => {
  const reason = await faults.ask('ada', '1h');
  await faults.grant(reason, 'active');
  const fix = await failing('audit_events', { code: '53100', chance: 1 });
  await faults.fallDue(reason);
  await faults.ask('rita', '2s');
  await faults.story.privately('rita', 'Something went wrong on our side');
  await delay(2_000);
  // No change of state without its audit event: what cannot be recorded does not happen.
  expect(await faults.grant(reason, 'active')).toMatchObject({ outcome: null });
  await fix();
  const ended = await faults.grant(reason, 'removed');
  expect(ended.lateMs).toBeLessThan(RECOVERED_MS);
  await faults.toldEnd('ada', reason);
  await faults.wellAgain();
});

test('a slow commit elsewhere does not hold up an end', async () => {
  const reason = await faults.ask('ada', '1h');
  const { id } = await faults.grant(reason, 'active');
  await withClient(faults.world.database.url, async (other) => {
    await other.query('begin');
    await other.query('select 1 from grants where id <> $1 for update', [id]);
    await faults.fallDue(reason);
    const ended = await faults.grant(reason, 'removed');
    expect(ended.lateMs).toBeLessThan(ON_TIME_MS);
    await other.query('rollback');
  });
  await faults.wellAgain();
});
