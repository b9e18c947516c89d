/** `latchkey doctor` looks at what signs the audit log, and at the places that hold its checkpoints. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Report } from '../../src/cli/doctor/report.ts';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { newKey } from '../application/evidence/rig.ts';
import { runCli } from '../support/process.ts';
import { testServices } from '../support/services.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

let world: World;
let folder: string;
let policy: string;

beforeAll(async () => {
  world = await startWorld();
  folder = mkdtempSync(path.join(testServices().runDir, 'doctor-audit-'));
  policy = readFileSync(world.policyPath, 'utf8');
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const findingsOf = async (publish: string, env: Record<string, string>) => {
  writeFileSync(world.policyPath, `${policy}\naudit: { origin: latchkey.acme.test/prod, publish: ${publish} }\n`);
  const { out } = await runCli(['doctor', '--json'], { ...world.env, ...env });
  const { checks } = JSON.parse(out) as Report;
  return checks
    .filter(({ area }) => area === 'audit' || area === 'configuration' || area === 'slack')
    .flatMap(({ area, findings }) =>
      findings.map(({ level, code, message }) => ({ at: `${area} ${level} ${code}`, message })),
    );
};
const about = (found: { at: string; message: string }[], at: string): string | undefined =>
  found.find((one) => one.at === at)?.message;

describe('the key', () => {
  it('is missing, unreadable, of another kind or in another form: each with what to do', async () => {
    const places = `[{ file: ${folder}/checkpoints }]`;
    const missing = await findingsOf(places, {});
    expect(about(missing, 'audit error no_audit_key')).toContain('openssl genpkey -algorithm ed25519');
    const nowhere = await findingsOf(places, { LATCHKEY_AUDIT_KEY_FILE: `${folder}/none.pem` });
    expect(nowhere.map(({ message }) => message).join('\n')).toMatch(/LATCHKEY_AUDIT_KEY_FILE.*none\.pem/);
    const other = await findingsOf(places, { LATCHKEY_AUDIT_KEY: newKey().replaceAll('PRIVATE', 'EC PRIVATE') });
    expect(about(other, 'configuration error bad_audit_key')).toContain('PKCS#8');
    const command = await findingsOf(places, { LATCHKEY_AUDIT_KEY: 'command:/bin/false' });
    expect(about(command, 'audit error bad_audit_key')).toContain('run it by hand');
  });
});

describe('the places', () => {
  it('are well where they can be written and answer, and nothing is written', async () => {
    const found = await findingsOf(`[{ file: ${folder}/new/checkpoints }]`, { LATCHKEY_AUDIT_KEY: newKey() });
    expect(found.filter(({ at }) => at.startsWith('audit'))).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that cannot be written, do not answer, have no key or are no channel are named', async () => {
    const port = await freePort();
    writeFileSync(path.join(folder, 'a-file'), '');
    const places = `[{ file: ${folder}/a-file/checkpoints }, { witness: "http://127.0.0.1:${port}" }, { slack: "#no-such" }]`;
    const found = await findingsOf(places, { LATCHKEY_AUDIT_KEY: newKey() });
    expect(about(found, 'audit error place_not_writable')).toContain(`${folder}/a-file is no folder`);
    expect(about(found, 'audit warning place_unreachable')).toContain(`http://127.0.0.1:${port}`);
    expect(about(found, 'audit warning no_witness_key')).toContain('latchkey witness serve');
    expect(about(found, 'slack error no_channel')).toContain('audit.publish');
    const none = await findingsOf('[]', { LATCHKEY_AUDIT_KEY: newKey() });
    expect(about(none, 'audit warning not_published')).toContain('publish');
  });
});
