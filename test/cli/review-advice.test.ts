/** `latchkey review advice` as it is run: what the history of a real database suggests, as a difference of the file with its replay. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { insertGrant, openTestStore, somePerson, someRequest } from '../store/fixtures.ts';
import type { TestStore } from '../store/fixtures.ts';
import { runCli } from '../support/process.ts';

// The first run compiles the program.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const POLICY = `version: 1
timezone: UTC
groups: { dba: { people: [olga@acme.test] } }
targets:
  orders-db:
    provider: postgres
    config: { url: "\${ORDERS_DB_ADMIN_URL}" }
    owners: [dba]
    roles:
      # Everybody needs it now and then.
      read: { scope: { member_of: [app_read] }, max: 8h, default: 4h }
      write: { scope: { member_of: [app_write] }, max: 1h }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [dba]
`;

let store: TestStore;
const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-advice-'));
const file = path.join(folder, 'latchkey.yml');

const giveMany = async (count: number): Promise<void> => {
  const [ada, olga] = [somePerson('Ada'), somePerson('Olga')];
  for (let made = 0; made < count; made += 1)
    await store.store.transaction(async (tx) => {
      await tx.principals.upsert(ada);
      await tx.principals.upsert(olga);
      const { request } = await tx.requests.insert(someRequest(ada, { role: 'read', durationMs: 3_600_000 }));
      await tx.votes.put({ requestId: request.id, voterId: olga.id, kind: 'approve', reason: null });
      const grantId = await insertGrant(tx, request);
      await tx.grants.claim(grantId, 1000, request.durationMs);
      await tx.grants.setActive(grantId, { login: 'x' });
      await tx.grants.setEnding(grantId, { cause: 'done', by: null, reason: null });
      await tx.grants.setClosedMany([grantId], null);
      await tx.grants.setRemovedMany([grantId], 'removed');
    });
  await store.pool.query(
    `update grants set activated_at = closed_at - interval '10 minutes', first_used_at = closed_at`,
  );
};

beforeAll(async () => {
  store = await openTestStore();
  writeFileSync(file, POLICY);
  await giveMany(24);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

test('caps far above need come as a difference, the rest in words, and nothing is changed', async () => {
  const { code, out } = await runCli(['review', 'advice'], { DATABASE_URL: store.url, LATCHKEY_POLICY: file });
  expect(out).toContain('orders-db/read: max: 15m would do: 95 % of 24 grants were over within 10m.');
  expect(out).toContain('-      read: { scope: { member_of: [app_read] }, max: 8h, default: 4h }');
  expect(out).toContain('+      read: { scope: { member_of: [app_read] }, max: 15m, default: 15m }');
  expect(out).toContain('orders-db/read: All 24 requests were approved, 95 % within');
  expect(out).toContain('Olga approved all 24 requests');
  expect(out).toContain('orders-db/write: INSUFFICIENT_DATA: 0 of 20 grants');
  expect(out).toMatch(/\d+ requests? replayed, \d+ would come out differently/);
  expect(out.trimEnd().endsWith('Nothing was changed.')).toBe(true);
  expect(code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(POLICY);
});

test('a change that the policy does not bear is said to be refused', async () => {
  const withTest = `${POLICY}tests:
  - { name: four hours, request: { by: x@acme.test, role: orders-db/read, for: 4h, reason: "look at the orders" }, expect: { decision: ask } }
`;
  writeFileSync(file, withTest);
  const { out } = await runCli(['review', 'advice', '--json'], { DATABASE_URL: store.url, LATCHKEY_POLICY: file });
  writeFileSync(file, POLICY);
  const facts = JSON.parse(out) as { replay: string; diff: string; advice: { kind: string }[] };
  expect(facts.advice.map(({ kind }) => kind)).toEqual([
    'cap_above_need',
    'default_above_need',
    'approved_in_seconds',
    'one_approver',
  ]);
  expect(facts.replay).toContain('four hours');
});
