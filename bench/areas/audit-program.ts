/** Appending to, sealing and verifying an audit log, beside plain inserts and plain hashing. A process of its own: its memory is measured. */
import pg from 'pg';
import { EMPTY_HEAD } from '../../src/store/audit/chain.ts';
import { addLeaf, emptyEdge, inclusionPlan } from '../../src/lib/transparency/tree.ts';
import {
  OPEN_TAG,
  PERSONAL_TAG,
  SALT_BYTES,
  chainHashOf,
  commitmentTo,
  leafOf,
  personalTextOf,
} from '../../src/store/audit/leaf.ts';
import type { Salted } from '../../src/store/audit/leaf.ts';
import { readPlans } from '../../src/store/audit/tree.ts';
import { sealEvents } from '../../src/store/audit/seal.ts';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { measureSealing } from './sealing.ts';
import { startSealer } from '../../src/work/timers.ts';
import { createLog } from '../../src/lib/log.ts';
import { answerCalls } from '../child.ts';
import { assertThat, byCallers, forMs, median, spreadOf } from '../measure.ts';
import type { Spread } from '../measure.ts';

const CALLERS = 32;
const SEAL_BATCH = 1_000;

export type Rate = { perSecond: number; times: Spread };
/** `row`: a change with a plain row beside it, by hand. The others but `insert` go through Latchkey's store. */
export type AppendKind = 'insert' | 'event' | 'state' | 'state and event' | 'state and row';
export type AppendInput = { url: string; durationMs: number; kind: AppendKind };
/** `cpuMs`: processor time of the calling process for one; it hardly depends on who else is at work on the machine. */
export type Appended = Rate & { count: number; cpuMs: number };

const drained = async (pool: pg.Pool): Promise<number> => {
  let total = 0;
  for (let sealed = -1; sealed !== 0; total += Math.max(0, sealed)) sealed = await sealEvents(pool, SEAL_BATCH);
  return total;
};

const measured = async (durationMs: number, work: (caller: number) => Promise<void>): Promise<Appended> => {
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await byCallers(CALLERS, forMs(durationMs), async (caller) => {
    const before = performance.now();
    await work(caller);
    times.push(performance.now() - before);
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuMs = (user + system) / 1_000 / times.length;
  return { count: times.length, cpuMs, perSecond: times.length / seconds, times: spreadOf(times) };
};

const ROWS =
  'create table if not exists bench_row (id bigserial primary key, at timestamptz not null, actor text not null, data text not null)';
const INSERT_ROW = 'insert into bench_row (at, actor, data) values (clock_timestamp(), $1, $2)';

const rowOf = (caller: number): string[] => [
  JSON.stringify({ kind: 'person', id: `U${caller}` }),
  '{"kind":"approve","reason":null}',
];

/** As pgbench does it: each of the callers has a connection, one row is one transaction. */
const plainInserts = async ({ url, durationMs }: AppendInput): Promise<Appended> => {
  const pool = new pg.Pool({ connectionString: url, max: CALLERS });
  await pool.query(ROWS);
  const made = await measured(durationMs, async (caller) => {
    await pool.query({ name: 'row', text: INSERT_ROW, values: rowOf(caller) });
  });
  await pool.end();
  return made;
};

const entryOf = (caller: number) => ({
  type: 'vote.cast' as const,
  actor: { kind: 'person' as const, id: `T:U${caller}`, name: 'olga', email: 'olga@acme.test' },
  requestId: `bench${caller}`,
  grantId: null,
  target: 'orders-db',
  role: 'read',
  data: { kind: 'approve' as const, reason: null, policy: 'p'.repeat(64), onBehalfOf: null, isChanged: false },
});

const UPSERT = `with principal as (insert into principals (id, kind) values ($1, 'person') on conflict do nothing)
  insert into people (id, team_id, user_id, name, is_active) values ($1, 'T', $1, $2, true)
  on conflict (id) do update set name = excluded.name`;

/** The same change and one row in one transaction, with nothing between us and the driver. */
const plainTransactions = async ({ url, durationMs }: AppendInput): Promise<Appended> => {
  const pool = new pg.Pool({ connectionString: url, max: CALLERS });
  await pool.query(ROWS);
  let version = 0;
  const made = await measured(durationMs, async (caller) => {
    version += 1;
    const client = await pool.connect();
    await client.query('begin');
    await client.query({ name: 'state', text: UPSERT, values: [`U${caller}`, `v${version}`] });
    await client.query({ name: 'row', text: INSERT_ROW, values: rowOf(caller) });
    await client.query('commit');
    client.release();
  });
  await pool.end();
  return made;
};

/** The store's own transaction, as every use case runs it, sealed meanwhile by the process' own sealer. */
const storeTransactions = async ({ url, durationMs, kind }: AppendInput): Promise<Appended> => {
  const log = createLog('warn');
  const pool = createPool({ url, log, max: CALLERS });
  const store = createStore({ pool, log, onWork: () => undefined });
  const sealer = startSealer({ store, log });
  let version = 0;
  const made = await measured(durationMs, (caller) =>
    store.transaction(async (tx) => {
      version += 1;
      const id = `T:U${caller}`;
      const person = {
        kind: 'person' as const,
        id,
        teamId: 'T',
        userId: id,
        name: `v${version}`,
        email: null,
        timezone: null,
        isActive: true,
      };
      if (kind !== 'event') await tx.principals.upsert(person);
      if (kind !== 'state') await tx.audit.append(entryOf(caller));
    }),
  );
  await sealer.stop();
  await drained(pool);
  const report = await verifyAudit(pool);
  const isWhole = report.ok && report.unsealed === 0;
  assertThat(isWhole, `the chain is not whole: ${JSON.stringify(report.problems.slice(0, 3))}`);
  await store.close();
  return made;
};

const append = (input: AppendInput): Promise<Appended> => {
  if (input.kind === 'insert') return plainInserts(input);
  return input.kind === 'state and row' ? plainTransactions(input) : storeTransactions(input);
};

const countEvents = async (pool: pg.Pool): Promise<number> => {
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from audit_events');
  return rows[0]?.n ?? 0;
};

const FILL = `
with event as (
  insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
  select clock_timestamp(), 'vote.cast', '{"email":"olga@acme.test","id":"T0BENCH:U0OLGA","kind":"person","name":"olga"}', 'bench' || i, null,
    'orders-db', 'read', '{"kind":"approve","policy":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","reason":null}'
  from generate_series(1, $1::int) i returning id
)
insert into audit_unsealed (event_id) select id from event`;

export type Chained = {
  sealPerSecond: number;
  verifyPerSecond: number;
  verifySeconds: number;
  hashPerSecond: number;
  /** Reading what proves one event, somewhere in the log. */
  proofMs: number;
  grownMb: number;
  events: number;
};

const rss = (): number => process.memoryUsage().rss / 1_048_576;

const salted = (text: string): Salted => ({ text, salt: Buffer.alloc(SALT_BYTES, 7) });

/** What verification has to hash of each event, over data in memory: both commitments, the leaf, the tree above it, and the chain. */
const hashAlone = (events: number): number => {
  const actor = '{"email":"olga@acme.test","id":"T0BENCH:U0OLGA","kind":"person","name":"olga"}';
  const policy = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const personalText = salted(personalTextOf({ actor, data: `{"kind":"approve","policy":"${policy}","reason":null}` }));
  const openText = salted(
    `{"v":2,"id":"123456","at":"2026-01-01T00:00:00.123456Z","type":"vote.cast","requestId":"bench123456","grantId":null,"target":"orders-db","role":"read","requestEvent":1,"actor":{"kind":"person"},"data":{"policy":"${policy}"}}`,
  );
  const edge = emptyEdge();
  let hash = EMPTY_HEAD.hash;
  const startedAt = performance.now();
  for (let seq = 1; seq <= events; seq += 1) {
    const commitments = {
      open: commitmentTo(OPEN_TAG, openText),
      personal: commitmentTo(PERSONAL_TAG, personalText),
    };
    addLeaf(edge, leafOf(commitments));
    hash = chainHashOf(seq, hash, commitments);
  }
  assertThat(hash.length === 64 && edge.size === events, 'a hash is not a hash.');
  return events / ((performance.now() - startedAt) / 1_000);
};

const timedSeconds = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
};

const PROOFS = 200;

const proofTime = async (pool: pg.Pool, size: number): Promise<number> => {
  const times: number[] = [];
  for (let at = 0; at < PROOFS; at += 1) {
    const plan = inclusionPlan(Math.floor((at * size) / PROOFS), size);
    times.push(1_000 * (await timedSeconds(() => readPlans(pool, 0, [plan]))));
  }
  return median(times);
};

const chain = async ({ url, events }: { url: string; events: number }): Promise<Chained> => {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  for (let left = events; left > 0; left -= 50_000) await pool.query(FILL, [Math.min(50_000, left)]);
  await pool.query('analyze audit_events, audit_unsealed');
  const sealSeconds = await timedSeconds(async () =>
    assertThat((await drained(pool)) === events, 'not all events were sealed.'),
  );
  await pool.query('vacuum analyze');
  const total = await countEvents(pool);
  await verifyAudit(pool);
  globalThis.gc?.();
  const before = rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, rss())), 50);
  const verifySeconds = await timedSeconds(async () => {
    const report = await verifyAudit(pool);
    assertThat(report.ok && report.events === total && report.unsealed === 0, 'the chain does not verify.');
  });
  clearInterval(sampling);
  hashAlone(Math.min(total, 20_000));
  const hashPerSecond = hashAlone(Math.min(total, 200_000));
  const proofMs = await proofTime(pool, total);
  await pool.end();
  return {
    proofMs,
    sealPerSecond: events / sealSeconds,
    verifyPerSecond: total / verifySeconds,
    verifySeconds,
    hashPerSecond,
    grownMb: most - before,
    events: total,
  };
};

answerCalls({ append, chain, sealing: measureSealing });
