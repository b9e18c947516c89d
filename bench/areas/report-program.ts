/** A report over many grants, and the evidence of one of them. Processes of their own: memory is measured, and filling the log takes much of it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import type { EvidenceDeps } from '../../src/application/evidence/evidence-ports.ts';
import { makeEvidence } from '../../src/application/evidence/make-evidence.ts';
import { makeReport } from '../../src/application/reports/make-report.ts';
import { rendering } from '../../src/bundles/rendering.ts';
import { REPORT_FILES, reportFolder } from '../../src/bundles/report/folder.ts';
import { reportDeps } from '../../src/compose/report.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { parsePeriod } from '../../src/domain/reports/period.ts';
import type { Person } from '../../src/domain/principals/person.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { auditTree } from '../../src/store/audit/checkpoints.ts';
import { sealEvents } from '../../src/store/audit/seal.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { answerCalls } from '../child.ts';
import { assertThat, median } from '../measure.ts';

export type ReportInput = { url: string; grants: number; times: number };
export type Reported = {
  seconds: number;
  /** Of a report without grants: the first, which loads the fonts, and the second. */
  emptySeconds: { cold: number; warm: number };
  /** Of the process that makes it: the database works beside it. */
  cpuSeconds: number;
  peakMb: number;
  grownMb: number;
  bytes: number;
  evidenceMs: number;
  events: number;
};

const ORIGIN = 'latchkey.bench.test/prod';
const PERIOD = '2026-Q3';
/** Nothing happened in it: its report costs what every report costs. */
const EMPTY_PERIOD = '2020-Q1';
const POLICY = `version: 1
groups: { dba: { people: [dana@acme.test, omar@acme.test] } }
targets:
  orders-db: { provider: postgres, config: { url: "postgres://a:b@127.0.0.1/c" }, owners: [dba], roles: { read: { scope: { member_of: [r] }, max: 4h } } }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [dba]
audit: { origin: ${ORIGIN} }
`;

/** Exceptions are what a PDF is long of. */
const LATE_ONE_IN = 50;

/** The life of a request, as the app writes it: an event each second, the requests evenly over the period. `$1` is the hash of the policy. */
const LIFE = `
  (0, 'request.created', 'ada', false, format('{"durationMs":1800000,"policy":"%s","reason":"look at order %s, which has no invoice","rule":"One owner","ticket":null}', $1::text, i)),
  (20, 'vote.cast', 'dana', false, format('{"isChanged":false,"kind":"approve","onBehalfOf":null,"policy":"%s","reason":null}', $1::text)),
  (20, 'request.approved', 'system', true, format('{"approvers":["T1:UDANA"],"decision":"d%s","policy":"%s","preApprovals":[],"rule":"One owner","votes":["T1:UDANA"]}', i, $1::text)),
  (21, 'grant.activating', 'system', true, '{"durationMs":1800000,"startsAt":null}'),
  (22, 'grant.active', 'system', true, format('{"expiresAt":"%s","handle":{"login":"lk_%s_ada"},"person":"T1:UADA"}', to_char(t.at + interval '30 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), i)),
  (60, 'grant.used', 'system', true, format('{"person":"T1:UADA","since":"%s"}', to_char(t.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))),
  (1800, 'grant.ending', 'system', true, '{"cause":"expired"}'),
  (1800, 'grant.closed', 'system', true, '{"attempts":1,"cause":"expired","lateMs":12,"readback":{"answer":"closed","operation":"close_and_read_back"}}'),
  (1801, 'grant.removed', 'system', true, format('{"attempts":1,"cause":"expired","lateMs":%s,"outcome":"removed","readback":{"answer":"absent","operation":"revoke_and_read_back"}}', case when i % ${LATE_ONE_IN} = 0 then 90000 else 12 end))`;

const ACTORS = `case who when 'system' then '{"id":"latchkey","kind":"system"}'
  else format('{"email":"%s@acme.test","id":"T1:U%s","kind":"person","name":"%s"}', who, upper(who), initcap(who)) end`;

/** Requests `$3` to `$4` of `$2`. */
const FILL = `
with request as (
  select i, timestamptz '2026-07-01 00:00:00Z' + i * (interval '91 days' / $2::int) as at from generate_series($3::int, $4::int) i
), event as (
  insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
  select t.at + e.after * interval '1 second', e.type, ${ACTORS}, 'r' || i, case when e.has_grant then 'g' || i end, 'orders-db', 'read', e.data
  from request t, lateral (values ${LIFE}) as e(after, type, who, has_grant, data)
  order by t.at + e.after * interval '1 second', i
  returning id
)
insert into audit_unsealed (event_id) select id from event order by id`;

const FILL_AT_ONCE = 2_000;
const SEAL_BATCH = 1_000;

const fillLog = async (pool: pg.Pool, sha256: string, grants: number): Promise<void> => {
  for (let from = 1; from <= grants; from += FILL_AT_ONCE)
    await pool.query(FILL, [sha256, grants, from, Math.min(grants, from + FILL_AT_ONCE - 1)]);
  while ((await sealEvents(pool, SEAL_BATCH)) > 0);
  await pool.query('vacuum analyze');
};

type Opened = {
  pool: pg.Pool;
  store: ReturnType<typeof createStore>;
  deps: EvidenceDeps;
  policy: ReturnType<typeof policyOf>;
};

const policyOf = () => {
  const loaded = loadPolicy({ text: POLICY, env: {}, path: 'latchkey.yml', providers: PROVIDERS });
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join(' '));
  return loaded.policy;
};

const open = async (url: string): Promise<Opened> => {
  const log = createLog('silent');
  const pool = createPool({ url, log, max: 6 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const policy = policyOf();
  const { audit: settings } = policy;
  if (!settings) throw new Error('the policy of the benchmark has no section audit.');
  const deps = {
    ...{ store, tree: auditTree(pool), settings, publishers: [], vault: null, ids: { next: newId }, log },
    signers: await openSigners(key, ORIGIN),
  };
  return { pool, store, deps, policy };
};

const ada: Person = {
  ...{ kind: 'person', id: 'T1:UADA', teamId: 'T1', userId: 'UADA', name: 'Ada', email: 'ada@acme.test' },
  ...{ timezone: null, isActive: true },
};

/** The rows that name the last grant of the log: its events are there. */
const nameGrant = ({ store, policy }: Opened, number: number): Promise<void> =>
  store.transaction(async (tx) => {
    const [requestId, id] = [`r${number}`, `g${number}`];
    const of = { target: 'orders-db', role: 'read', durationMs: 1_800_000 };
    await tx.principals.upsert(ada);
    await tx.requests.insert({
      ...{ ...of, id: requestId, requesterId: ada.id, reason: 'look at the orders', ticket: null, isBreakGlass: false },
      ...{ state: 'pending', rule: 'One owner', policySha256: policy.sha256, requirements: [], isInOrder: false },
      ...{ idempotencyKey: null, pendingMs: 60_000 },
    });
    await tx.requests.setState(requestId, 'approved');
    const decided = { outcome: 'approved', rule: 'One owner', policySha256: policy.sha256, byPersonId: null } as const;
    await tx.decisions.insert({ ...decided, id: `d${number}`, requestId, reason: null });
    const grant = { requestId, decisionId: `d${number}`, granteeId: ada.id, provider: 'postgres', scope: {} };
    await tx.grants.insert({ ...of, ...grant, id });
    await tx.grants.claim(id, 1_000, of.durationMs);
    await tx.grants.setActive(id, { login: 'lk' });
    await tx.grants.setEnding(id, { cause: 'done', by: null, reason: null });
    await tx.grants.setClosedMany([id], null);
    await tx.grants.setRemovedMany([id], 'removed');
  });

const evidenceTime = async ({ deps }: Opened, id: string, times: number): Promise<number> => {
  const taken: number[] = [];
  for (let time = 0; time <= times; time += 1) {
    const startedAt = performance.now();
    const { zip } = await makeEvidence(deps, { id, isRedacted: false }, rendering);
    assertThat(zip.length > 1_000, 'the bundle is empty.');
    // The first loads the fonts.
    if (time > 0) taken.push(performance.now() - startedAt);
  }
  return median(taken);
};

const rss = (): number => process.memoryUsage().rss / 1_048_576;

type Once = { label: string; grants: number };

const reportOnce = async ({ pool, deps, policy }: Opened, { label, grants }: Once) => {
  const period = parsePeriod(label);
  if (!period) throw new Error('no period');
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-bench-report-'));
  globalThis.gc?.();
  const before = rss();
  let peak = before;
  const sampling = setInterval(() => (peak = Math.max(peak, rss())), 50);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const { report } = await makeReport(
    reportDeps({ pool, evidence: deps, policy, directory: null }),
    { period },
    reportFolder(folder),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuSeconds = (user + system) / 1_000_000;
  clearInterval(sampling);
  assertThat(report.totals.rows === grants, `the register has ${report.totals.rows} rows.`);
  assertThat(
    report.totals.controls.every(({ agrees }) => agrees),
    'a control total does not agree.',
  );
  const bytes = REPORT_FILES.reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  rmSync(folder, { recursive: true });
  return { seconds, cpuSeconds, peakMb: peak, grownMb: peak - before, bytes };
};

const fill = async ({ url, grants }: Pick<ReportInput, 'url' | 'grants'>): Promise<void> => {
  const { pool, store, policy } = await open(url);
  await store.transaction((tx) => tx.policies.adopt({ sha256: policy.sha256, source: POLICY }));
  await fillLog(pool, policy.sha256, grants);
  await store.close();
};

const report = async ({ url, grants, times }: ReportInput): Promise<Reported> => {
  const opened = await open(url);
  const empty = { label: EMPTY_PERIOD, grants: 0 };
  const [cold, warm] = [await reportOnce(opened, empty), await reportOnce(opened, empty)];
  const made = await reportOnce(opened, { label: PERIOD, grants });
  const emptySeconds = { cold: cold.seconds, warm: warm.seconds };
  await nameGrant(opened, grants);
  const evidenceMs = await evidenceTime(opened, `g${grants}`, times);
  const { rows } = await opened.pool.query<{ n: number }>('select count(*)::int as n from audit_events');
  await opened.store.close();
  return { ...made, emptySeconds, evidenceMs, events: rows[0]?.n ?? 0 };
};

answerCalls({ fill, report });
