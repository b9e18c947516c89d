import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool, createStore } from '../../src/store/client.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Store } from '../../src/application/deps.ts';
import { openTestStore } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

const LIVE = 3000;
let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
  const statements = [
    `insert into principals values ('p', 'person')`,
    `insert into people (id, team_id, user_id, name, is_active) values ('p', 'T', 'U', 'N', true)`,
    `insert into requests (id, requester_id, target, role, duration_ms, reason, state, policy_sha256, requirements, is_in_order, created_at, lapses_at,
       remind_ms, next_reminder_at, escalate_after_ms, escalate_at)
     select 'r' || n, 'p', 't', 'r', 1, 'x', 'pending', 'a', '[]', false, now(), now() + interval '1 hour',
       1, now() + interval '1 hour', 1, now() + interval '1 hour' from generate_series(1, ${LIVE}) n`,
    `insert into decisions (id, request_id, outcome, policy_sha256, decided_at) select 'd' || id, id, 'approved', 'a', now() from requests`,
    `insert into grants (id, request_id, decision_id, grantee_id, target, role, provider, scope, state, duration_ms, expires_at, activated_at, created_at,
       is_use_told)
     select 'g' || id, id, 'd' || id, 'p', 't', 'r', 'postgres', '{}', 'active', 1, now() + interval '1 hour', now(), now(),
       true from requests`,
    `insert into reviews (id, grant_id, request_id, person_id, within_ms, opened_at, due_at, next_reminder_at)
     select 'v' || id, id, request_id, 'p', 1, now(), now() + interval '1 hour', now() + interval '1 hour' from grants`,
    `insert into outbox (kind, subject_id, available_at, dispatched_at, created_at) select 'end', id, now(), now(), now() from grants`,
    `analyze`,
  ];
  for (const statement of statements) await opened.pool.query(statement);
});

afterAll(() => opened.close());

const ROWS_READ = `
select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::int as rows from pg_stat_user_tables
where relname in ('requests', 'decisions', 'grants', 'outbox', 'reviews', 'messages', 'message_leases')`;

const openMessages = async (store: Store): Promise<void> => {
  const subject = { kind: 'request', id: 'r7' } as const;
  await store.messages.claim(subject, 0);
  await Promise.all([store.messages.list(subject), store.read.view(subject.id)]);
};

/** Rows that Postgres looked at. One connection, so that its figures are complete when they are asked for. */
const rowsReadBy = async (work: (store: Store) => Promise<unknown>): Promise<number> => {
  const log = createLog('silent');
  const pool = createPool({ url: opened.url, log, max: 1 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const rowsRead = async (): Promise<number> => {
    await pool.query('select pg_stat_force_next_flush()');
    const { rows } = await pool.query<{ rows: number }>(ROWS_READ);
    return rows[0]?.rows ?? 0;
  };
  try {
    const before = await rowsRead();
    await work(store);
    return (await rowsRead()) - before;
  } finally {
    await store.close();
  }
};

test.each<[string, (store: Store) => Promise<unknown>]>([
  ['for due grants', (store) => store.transaction((tx) => tx.grants.lockDue(100))],
  ['for stalled grants', (store) => store.transaction((tx) => tx.grants.listStalled(100))],
  ['for lapsed requests', (store) => store.transaction((tx) => tx.requests.lockExpired(100))],
  ['for approvers to remind', (store) => store.transaction((tx) => tx.requests.lockToRemind(100))],
  ['for silence to break', (store) => store.transaction((tx) => tx.requests.lockToEscalate(100))],
  ['for reviews to chase', (store) => store.transaction((tx) => tx.reviews.lockToChase(100))],
  ['for overdue reviews', (store) => store.transaction((tx) => tx.reviews.listOverdue())],
  ['for waiting work', (store) => store.outbox.take(100)],
  ['for late work', (store) => store.outbox.lateKinds({ handedOutMs: 3_600_000, waitingMs: 3_600_000 })],
  ['for what was not seen in use', (store) => store.read.takeTargetsToSee(['t', 'u'], 0)],
  ['for the next deadline', (store) => store.read.msToNextDeadline()],
])('looking %s reads next to nothing, however much is alive', async (_, work) => {
  expect(await rowsReadBy(work)).toBeLessThan(5);
});

test.each<[string, (store: Store) => Promise<unknown>]>([
  ['opening its messages', (store) => openMessages(store)],
  ['giving them back', (store) => store.messages.release({ kind: 'request', id: 'r7' })],
  ['reading it', (store) => store.read.view('r7')],
  ['locking it', (store) => store.transaction((tx) => tx.requests.lock('r7'))],
  ['locking its grant', (store) => store.transaction((tx) => tx.grants.lock('gr7'))],
  ['counting its votes', (store) => store.transaction((tx) => tx.votes.list('r7'))],
])('%s reads what belongs to one request, however many there are', async (_, work) => {
  expect(await rowsReadBy(work)).toBeLessThan(15);
});
