/** Reviews, advice and reports by command are of the policy in force: with every target that a list gives, also when the list cannot be read just now. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newKey } from '../application/evidence/rig.ts';
import { runCli } from '../support/process.ts';
import { testServices } from '../support/services.ts';
import { until } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

// The first run compiles the program.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const rulesOf = (file: string): string => `
targets_from:
  shops:
    file: ${file}
    name: "shop-{{shop}}"
    target:
      provider: postgres
      config: { url: "\${ORDERS_DB_ADMIN_URL}" }
      owners: [dba]
      roles: { read: { scope: { member_of: [pg_read_all_settings] }, max: 1h } }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [security]
audit: { origin: latchkey.acme.test/prod }
reviews: [{ name: reach, every: quarter, what: roles, by: owners }]
`;

let world: World;
let folder: string;
let env: Record<string, string>;
/** Of the policy in force. */
let sha256: string | undefined;

beforeAll(async () => {
  folder = mkdtempSync(path.join(testServices().runDir, 'listed-'));
  const list = path.join(folder, 'shops.csv');
  writeFileSync(list, 'shop\nlisbon\nporto\n');
  world = await startWorld({ rules: rulesOf(list) });
  env = { ...world.env, LATCHKEY_AUDIT_KEY: newKey() };
  const app = await world.start();
  const isSealed = async (): Promise<boolean> => {
    const [counts] = await world.sql<{ sealed: number; waiting: number }>(
      `select (select count(*) from audit_chain)::int as sealed, (select count(*) from audit_unsealed)::int as waiting`,
    );
    return counts !== undefined && counts.sealed > 0 && counts.waiting === 0;
  };
  await until(isSealed, 'the log to be sealed', 60_000);
  await app.stop();
  [sha256] = (await world.sql<{ sha256: string }>('select sha256 from policies')).map((policy) => policy.sha256);
  rmSync(list);
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true });
});

test('review start makes a line for each role of them', async () => {
  const started = await runCli(['review', 'start', 'reach', '--json'], env);
  expect(started).toMatchObject({ code: 0, err: '' });
  const { id } = JSON.parse(started.out) as { id: string };
  const { out } = await runCli(['review', 'status', id, '--json'], env);
  const { campaign, lines } = JSON.parse(out) as {
    campaign: { policySha256: string };
    lines: { subject: string }[];
  };
  expect(lines.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(['orders-db/read', 'shop-lisbon/read', 'shop-porto/read']),
  );
  expect(campaign.policySha256).toBe(sha256);
});

test('review advice looks at their history', async () => {
  const { code, out } = await runCli(['review', 'advice'], env);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('shop-lisbon/read: INSUFFICIENT_DATA') });
});

test('report names their owners, and the policy that is in force', async () => {
  const out = path.join(folder, 'report');
  const made = await runCli(['report', String(new Date().getUTCFullYear()), '--out', out], env);
  expect(made).toMatchObject({ code: 0, err: '' });
  const report = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as {
    policy: { sha256: string };
    powers: { what: string; where: string }[];
  };
  const owned = report.powers.filter(({ what }) => what === 'Owner').map(({ where }) => where);
  expect(owned).toEqual(expect.arrayContaining(['orders-db', 'shop-lisbon', 'shop-porto']));
  expect(report.policy.sha256).toBe(sha256);
});
