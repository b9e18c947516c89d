/** One look-up for all processes that need the same; what is read is dated before the call, and not before it may begin. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createFinder, createKeptLoader } from '../../src/directory/kept.ts';
import type { KeptKind, KeptLoader } from '../../src/directory/kept.ts';
import { createSlackMemory, CROWDED_SECONDS, HEARD_SECONDS } from '../../src/store/slack-facts.ts';
import type { SlackMemory } from '../../src/store/slack-facts.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

const TEAM = 'T1';
const SCHEDULE = 'pagerduty P1';

let database: TestDatabase;
let pool: pg.Pool;
let memory: SlackMemory;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 5 });
  memory = createSlackMemory(pool);
});
afterAll(() => pool.end());
beforeEach(() => pool.query('truncate slack_facts, slack_streams, slack_stream_gaps'));

type Reads = { count: number; asOf: string[] };

/** A process with its own memory. */
const startProcess = (
  reads: Reads,
  {
    load = async () => 'oscar',
    ready = async () => undefined,
    kind = 'on_call',
    hasRoom = async () => true,
  }: Partial<Pick<KeptKind<string>, 'kind' | 'ready' | 'hasRoom'>> & { load?: () => Promise<string> } = {},
): KeptLoader<string> => {
  const settings = { facts: memory.facts, teamId: () => TEAM, log: createLog('silent') };
  return createKeptLoader(
    { ...settings, find: createFinder(settings) },
    {
      ...{ kind, ready, hasRoom },
      load: (_key, asOf) => {
        reads.count += 1;
        reads.asOf.push(asOf);
        return load();
      },
    },
  );
};

test('two processes that need the same schedule at once ask once', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  const load = () => delay(150, 'oscar');
  const [one, other] = [startProcess(reads, { load }), startProcess(reads, { load })];
  const asked = [one, other, one, other].map((each) => each.fresh(SCHEDULE));
  expect(await Promise.all(asked)).toEqual(['oscar', 'oscar', 'oscar', 'oscar']);
  expect(await other.recent(SCHEDULE)).toBe('oscar');
  expect(reads.count).toBe(1);
});

test('one that looked before the other had read it, and claims it after, reads it not again', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  const [one, other] = [startProcess(reads), startProcess(reads)];
  const { claim } = memory.facts;
  vi.spyOn(memory.facts, 'claim')
    .mockImplementationOnce(async (...of) => {
      await other.fresh(SCHEDULE);
      return await claim(...of);
    })
    .mockImplementation(claim);
  expect(await one.fresh(SCHEDULE)).toBe('oscar');
  expect(reads.count).toBe(1);
  expect(await claim(TEAM, { kind: 'on_call', key: SCHEDULE })).toBe(true);
});

test('when it fails for one, the other tries for itself', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  const one = startProcess(reads, { load: () => delay(100).then(() => Promise.reject(new Error('down'))) });
  const other = startProcess(reads);
  const failing = one.fresh(SCHEDULE).catch((error: unknown) => String(error));
  await delay(30);
  expect(await other.fresh(SCHEDULE)).toBe('oscar');
  expect(await failing).toContain('down');
  expect(reads.count).toBe(2);
});

test('what changed while it was read is read again by the next, also by one who came meanwhile', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  let now = 'oscar';
  const load = async () => {
    const read = now;
    await delay(150);
    return read;
  };
  const one = startProcess(reads, { load });
  const first = one.fresh(SCHEDULE);
  await delay(50);
  now = 'rita';
  await memory.facts.forget(TEAM, [{ kind: 'on_call', key: SCHEDULE }]);
  const other = startProcess(reads, { load }).fresh(SCHEDULE);
  expect(await other).toBe('rita');
  await first;
  expect(await one.fresh(SCHEDULE)).toBe('rita');
});

test('a call that waits for its turn is shared, and dated when it begins', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  const one = startProcess(reads, { ready: () => delay(300) });
  const { rows } = await pool.query<{ now: string }>(
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now',
  );
  await Promise.all([one.fresh(SCHEDULE), one.recent(SCHEDULE)]);
  expect(reads.count).toBe(1);
  expect(Number(BigInt(reads.asOf[0] ?? '0') - BigInt(rows[0]?.now ?? '0'))).toBeGreaterThan(290_000);
});

/** What was read so long ago. */
const pass = (seconds: number): Promise<unknown> =>
  pool.query(`update slack_facts set read_at = read_at - $1 * interval '1 second'`, [seconds]);

test('what only shows takes no call that a decision needs: it shows what was read minutes ago', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  let now = 'oscar';
  let hasRoom = true;
  const one = startProcess(reads, { kind: 'user', load: async () => now, hasRoom: async () => hasRoom });
  await one.fresh('U1');
  now = 'rita';
  hasRoom = false;
  await pass(HEARD_SECONDS + 1);
  expect(await one.recent('U1')).toBe('oscar');
  expect(reads.count).toBe(1);
  expect(await one.young('U1')).toBe('rita');
  now = 'omar';
  await pass(HEARD_SECONDS + 1);
  expect(await one.fresh('U1')).toBe('omar');
  now = 'dana';
  await pass(HEARD_SECONDS + 1);
  hasRoom = true;
  expect(await one.recent('U1')).toBe('dana');
  now = 'ada';
  hasRoom = false;
  await pass(CROWDED_SECONDS + 1);
  expect(await one.recent('U1')).toBe('ada');
});

test('what an event says has changed is read again, though there is no room', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  let now = 'oscar';
  const one = startProcess(reads, { kind: 'user', load: async () => now, hasRoom: async () => false });
  await one.fresh('U1');
  now = 'rita';
  await memory.facts.forget(TEAM, [{ kind: 'user', key: 'U1' }]);
  expect(await one.recent('U1')).toBe('rita');
  now = 'dana';
  await memory.facts.forgetAccount(TEAM, 'U1');
  expect(await one.lasting('U1')).toBe('dana');
});

test('a picture is read once for hours, also after a connection was lost, and by another process', async () => {
  const reads: Reads = { count: 0, asOf: [] };
  const one = startProcess(reads, { kind: 'user' });
  expect(await one.lasting('U1')).toBe('oscar');
  await pass(3_600);
  await memory.facts.distrust(TEAM);
  expect(await one.lasting('U1')).toBe('oscar');
  expect(await startProcess(reads, { kind: 'user' }).lasting('U1')).toBe('oscar');
  expect(reads.count).toBe(1);
  await one.fresh('U1');
  expect(reads.count).toBe(2);
});
