/** `latchkey policy replay` as it is run: the built program, and the asks that the app itself left in a real database. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReplayResult } from '../../src/domain/policy/replay.ts';
import { POLICY, startRig } from '../slack/rig.ts';
import type { Rig } from '../slack/rig.ts';
import { runCli } from '../support/process.ts';
import type { Ran } from '../support/process.ts';
import { withClient } from '../support/world.ts';

// The first run compiles the program, and each is a process of its own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let rig: Rig;
const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-replay-'));

const ask = async (who: string, role: string, more: { ticket?: string; durationMs?: number } = {}): Promise<string> => {
  const input = { target: 'orders-db', role, reason: 'checkout errors since noon', idempotencyKey: null };
  const { ticket = null, durationMs = null } = more;
  const result = await rig.useCases.createRequest({ userId: who, ...input, durationMs, ticket });
  return result.outcome === 'sent' ? result.view.request.id : result.outcome;
};

const ids: string[] = [];
beforeAll(async () => {
  // The SREs are looked at, so that it is known who was one.
  rig = await startRig({ policy: POLICY.replace('rules:\n', `rules:\n${DENY_SRE}`) });
  ids.push(await ask('U0ADA', 'read'), await ask('U0ADA', 'write', { ticket: 'OPS-1' }), await ask('U0RITA', 'read'));
  ids.push(await ask('U0ADA', 'write'), await ask('U0RITA', 'write', { ticket: 'OPS-2' }));
  await runCli(['--version'], {});
});
afterAll(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true });
});

const DENY_SRE = `  - name: SREs do not write
    match: { roles: ["*/write"], groups: [sre] }
    deny: Ask somebody else.
`;
const SAME = POLICY.replace('rules:\n', `rules:\n${DENY_SRE}`);

const replay = (policy: string, ...more: string[]): Promise<Ran> => {
  const file = path.join(folder, 'new.yml');
  writeFileSync(file, policy);
  return runCli(['policy', 'replay', '--policy', file, ...more], { DATABASE_URL: rig.databaseUrl });
};

const changesUnder = async (policy: string): Promise<ReplayResult> =>
  JSON.parse((await replay(policy, '--since', '90d', '--json')).out) as ReplayResult;

describe('policy replay', () => {
  it('finds nothing to tell when the policy says what it said, and succeeds', async () => {
    expect(ids.slice(3)).toEqual(['refused', 'denied']);
    const { code, out } = await replay(SAME, '--since', '90d');
    expect({ code, out }).toEqual({ code: 0, out: '5 requests replayed, 0 would come out differently.\n' });
  });

  it('lists what would change, also for those who were turned away, and fails', async () => {
    const { code, out } = await replay(POLICY.replace('ticket: "^[A-Z]+-\\\\d+$", reason: 10', 'reason: 10'));
    expect(code).toBe(1);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/Ada Novak|ada/);
    expect(lines[0]).toContain('orders-db/write: refuse by "Writes need an owner and an SRE" -> ask owners + sre');
    expect(lines[1]).toContain('deny by "SREs do not write" -> ask owners + sre');
    expect(lines[1]).toContain('(wider)');
    expect(lines[2]).toBe('5 requests replayed, 2 would come out differently.');
  });

  it('judges the asks by what was known then, and says what was not', async () => {
    const forSre = POLICY.replace(
      'rules:\n',
      'rules:\n  - name: SREs at once\n    match: { groups: [sre] }\n    approve: true\n',
    );
    const { changes } = await changesUnder(forSre);
    // A read looked at nobody's groups then; a write looked at the SREs.
    expect(changes.map(({ kind, unknownGroups }) => ({ kind, unknownGroups }))).toEqual([
      { kind: 'wider', unknownGroups: [] },
    ]);
    const denied = forSre.replace('approve: true', 'deny: Not today.');
    const narrower = await changesUnder(denied);
    expect(narrower.changes.filter(({ unknownGroups }) => unknownGroups.length > 0)).toMatchObject([
      { role: 'read', unknownGroups: ['sre'] },
      { role: 'read', unknownGroups: ['sre'] },
    ]);
  });

  it('takes groups of people from the new file, and caps and durations from the ask', async () => {
    const dba = SAME.replace('[olga@acme.test, sam@acme.test]', '[olga@acme.test, sam@acme.test, ada@acme.test]');
    const atOnce = dba.replace('rules:\n', 'rules:\n  - name: DBAs\n    match: { groups: [dba] }\n    approve: true\n');
    expect((await changesUnder(atOnce)).changes.map(({ id }) => ids.indexOf(id))).toEqual([0, 1, -1]);
    const capped = await changesUnder(SAME.replaceAll('max: 4h, default: 30m', 'max: 10m, default: 5m'));
    expect(capped.changes).toMatchObject([
      { role: 'read', kind: 'narrower', after: { decision: 'refuse' } },
      { role: 'read', kind: 'narrower', after: { decision: 'refuse' } },
    ]);
  });

  it('says of requests from before facts were kept that it guesses', async () => {
    await withClient(rig.databaseUrl, (client) => client.query('delete from asks where request_id = $1', [ids[0]]));
    const { code, out } = await replay(SAME);
    expect(code).toBe(0);
    expect(out).toContain(
      '5 requests replayed, 0 would come out differently. Of 1 the facts of their time were not kept',
    );
    await withClient(rig.databaseUrl, (client) =>
      client.query("update requests set created_at = now() - interval '100 days' where id = $1", [ids[0]]),
    );
    expect((await replay(SAME, '--since', '90d')).out).toContain('4 requests replayed');
    expect((await replay(SAME, '--since', '15w')).out).toContain('5 requests replayed');
  });

  it('is used wrongly with a time that is none, and says what is wrong with a file', async () => {
    expect(await replay(SAME, '--since', 'yesterday')).toMatchObject({ code: 2 });
    const broken = await replay(SAME.replace('version: 1', 'version: 9'));
    expect(broken.code).toBe(1);
    expect(broken.err).toContain('version');
    const nowhere = await runCli(['policy', 'replay', '--policy', 'latchkey.example.yml'], {});
    expect(nowhere).toMatchObject({ code: 1 });
    expect(nowhere.err).toContain('DATABASE_URL');
  });
});
