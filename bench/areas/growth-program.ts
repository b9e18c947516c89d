/** One operation of each kind again and again, at a size of the database that the caller has made. */
import type pg from 'pg';
import { sealEvents } from '../../src/store/audit/seal.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Store } from '../../src/application/deps.ts';
import { answerCalls } from '../child.ts';
import { assertThat, eachOf, median } from '../measure.ts';

const SEAL_BATCH = 1_000;
const WARM_UP = 200;

export type AuditGrowth = { appendMs: number; sealMsPerEvent: number };
export type GrantGrowth = { deadlineMs: number; dueMs: number; stalledMs: number; viewMs: number; openMs: number };
export type GrowthInput = { url: string; events: number; calls: number };

const entry = {
  type: 'vote.cast' as const,
  actor: { kind: 'person' as const, id: 'T:U0OLGA', name: 'olga', email: 'olga@acme.test' },
  requestId: 'bench',
  grantId: null,
  target: 'orders-db',
  role: 'read',
  data: { kind: 'approve' as const, reason: null, policy: 'p'.repeat(64), onBehalfOf: null, isChanged: false },
};

const FILL = `
with event as (
  insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
  select clock_timestamp(), 'vote.cast', '{"id":"T:U0OLGA","kind":"person"}', 'bench' || i, null, 'orders-db', 'read', '{"kind":"approve"}'
  from generate_series(1, $1::int) i returning id
)
insert into audit_unsealed (event_id) select id from event`;

const open = (url: string): { pool: pg.Pool; store: Store & { close(): Promise<void> } } => {
  const log = createLog('warn');
  const pool = createPool({ url, log, max: 4 });
  return { pool, store: createStore({ pool, log, onWork: () => undefined }) };
};

const sealAll = async (pool: pg.Pool): Promise<number> => {
  let total = 0;
  for (let sealed = -1; sealed !== 0; total += Math.max(0, sealed)) sealed = await sealEvents(pool, SEAL_BATCH);
  return total;
};

const middle = async (calls: number, work: () => Promise<unknown>): Promise<number> => {
  await eachOf(Math.min(WARM_UP, calls), work);
  return median(await eachOf(calls, work));
};

/** Grows the log to `events`, then appends and seals on top of them. */
const audit = async ({ url, events, calls }: GrowthInput): Promise<AuditGrowth> => {
  const { pool, store } = open(url);
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from audit_events');
  for (let left = events - (rows[0]?.n ?? 0); left > 0; left -= 50_000)
    await pool.query(FILL, [Math.min(50_000, left)]);
  await sealAll(pool);
  await pool.query('vacuum analyze audit_events, audit_unsealed, audit_chain');
  const appendMs = await middle(calls, () => store.transaction((tx) => tx.audit.append(entry)));
  await sealAll(pool);
  await pool.query(FILL, [SEAL_BATCH]);
  const startedAt = performance.now();
  const sealed = await sealAll(pool);
  const sealMsPerEvent = (performance.now() - startedAt) / sealed;
  assertThat(sealed === SEAL_BATCH, `${sealed} events were sealed instead of ${SEAL_BATCH}.`);
  await store.close();
  return { appendMs, sealMsPerEvent };
};

/** What the clocks look for all day, and what a message is drawn from; `requestId` is of one of the live grants. */
const openMessages = async ({ messages, read }: Store, id: string): Promise<boolean> => {
  const isClaimed = await messages.claim({ kind: 'request', id }, 0);
  await Promise.all([messages.list({ kind: 'request', id }), read.view(id)]);
  await messages.release({ kind: 'request', id });
  return isClaimed;
};

const grants = async ({
  url,
  requestId,
  calls,
}: {
  url: string;
  requestId: string;
  calls: number;
}): Promise<GrantGrowth> => {
  const { store } = open(url);
  const made = {
    deadlineMs: await middle(calls, () => store.read.msToNextDeadline()),
    dueMs: await middle(calls, () => store.transaction((tx) => tx.grants.lockDue(100))),
    stalledMs: await middle(calls, () => store.transaction((tx) => tx.grants.listStalled(100))),
    viewMs: await middle(calls, async () => {
      assertThat((await store.read.view(requestId))?.grant !== null, 'a live grant was not found.');
    }),
    openMs: await middle(calls, async () => {
      assertThat(await openMessages(store, requestId), 'the messages of a request were not opened.');
    }),
  };
  await store.close();
  return made;
};

answerCalls({ audit, grants });
