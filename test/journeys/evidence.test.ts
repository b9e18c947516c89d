/** Evidence by the real commands: an auditor's bundle, checkpoints in a folder and with a witness, and a log that was forked. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { COSIGNATURE, ED25519, checkNote, parseNote, parseVkey, vkeyOf } from '../../src/lib/transparency/note.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { newKey } from '../application/evidence/rig.ts';
import { VERIFIER, runVerifier } from '../application/evidence/bundle-rig.ts';
import { asOfMigration, migrationNames } from '../support/old-schema.ts';
import { runCli, startCommand, startProcess } from '../support/process.ts';
import type { AppProcess, Ran } from '../support/process.ts';
import { testServices } from '../support/services.ts';
import { until } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const ORIGIN = 'latchkey.acme.test/prod';
const WITNESS = 'witness.other.test';
const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }`;

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let world: World;
let app: AppProcess;
let folder: string;
let checkpoints: string;
let env: Record<string, string>;
let vkey: string;
let grant: string;
const closing: (() => Promise<unknown>)[] = [];

const rawOf = async (pem: string, name: string): Promise<Buffer> => {
  const [signer] = await openSigners(pem, name);
  if (!signer) throw new Error('no key');
  return signer.raw;
};

const startWitness = async (pem: string): Promise<string> => {
  const args = ['witness', 'serve', '--name', WITNESS, '--log', vkey, '--state', path.join(folder, 'witness.json')];
  const own = { LATCHKEY_AUDIT_KEY: pem, LATCHKEY_HOST: '127.0.0.1' };
  const witness = await startCommand([...args, '--port', '0'], own, /"port":(\d+).*the witness is ready/);
  closing.push(witness.stop);
  return witness.said;
};

const rulesWith = (port: string, key: string): string => `
rules:
  - { name: Reads at once, approve: true }
audit:
  origin: ${ORIGIN}
  publish:
    - file: ${checkpoints}
    - witness: { url: "http://127.0.0.1:${port}", key: "${key}" }
`;

/** The id of a grant that was given and ended by its owner. */
const giveAndEnd = async (): Promise<string> => {
  await world.slack.as('ada').command('/prod-access', 'orders-db read 30m look at the orders', 'general');
  const [row] = await until(
    async () => {
      const rows = await world.sql<{ id: string }>(`select id from grants where state = 'active'`);
      return rows.length > 0 && rows;
    },
    'the access',
    60_000,
  );
  if (!row) throw new Error('no grant');
  await world.slack.as('ada').command('/prod-access', `done ${row.id}`, 'general');
  await until(
    async () => (await world.sql(`select 1 from grants where state = 'removed' and id = $1`, [row.id])).length,
    'the end of the access',
    60_000,
  );
  return row.id;
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(testServices().runDir, 'evidence-'));
  checkpoints = path.join(folder, 'checkpoints');
  const [key, witnessKey] = [newKey(), newKey()];
  vkey = vkeyOf({ name: ORIGIN, type: ED25519, raw: await rawOf(key, ORIGIN) });
  const port = await startWitness(witnessKey);
  const witnessVkey = vkeyOf({ name: WITNESS, type: COSIGNATURE, raw: await rawOf(witnessKey, WITNESS) });
  world = await startWorld({ roles: ROLES, rules: rulesWith(port, witnessVkey) });
  env = { ...world.env, LATCHKEY_AUDIT_KEY: key };
  app = await startProcess(env);
  closing.push(() => app.kill());
  await world.slack.waitFor(() => world.slack.connectionCount() > 0);
  grant = await giveAndEnd();
});

afterAll(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

const published = (): string[] =>
  readdirSync(checkpoints)
    .filter((name) => name.endsWith('.checkpoint'))
    .map((name) => readFileSync(path.join(checkpoints, name), 'utf8'));
const textOf = (note: string): string => note.slice(0, note.indexOf('\n\n') + 1);
const verifyPy = (zip: string) => runVerifier([VERIFIER, zip, '--key', vkey]);

const makeBundle = async (name: string, ...flags: string[]): Promise<{ zip: string; made: Ran }> => {
  const zip = path.join(folder, name);
  const made = await runCli(['audit', 'evidence', grant, '--out', zip, ...flags], env);
  return { zip, made };
};

test('a bundle by the command holds for verify.py, and its checkpoint is published within 20 s', async () => {
  const { zip, made } = await makeBundle('bundle.zip');
  const madeAt = performance.now();
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(await verifyPy(zip)).toMatchObject({ code: 0 });
  expect(await runVerifier([VERIFIER, zip])).toMatchObject({ code: 0, out: expect.stringContaining(WITNESS) });
  const files = unzipSync(readFileSync(zip));
  const checkpoint = textOf(Buffer.from(files['checkpoint'] ?? []).toString());
  await until(async () => published().some((note) => textOf(note) === checkpoint), 'the checkpoint');
  expect(performance.now() - madeAt).toBeLessThan(20_000);
});

test('a bundle that was changed after it was made is refused', async () => {
  const { zip } = await makeBundle('honest.zip', '--redact');
  expect(await verifyPy(zip)).toMatchObject({ code: 0 });
  const files = unzipSync(readFileSync(zip));
  for (const name of ['events.jsonl', 'grant.json', 'readback.json', 'report.html']) {
    const forged = Buffer.from(files[name] ?? [])
      .toString()
      .replace('orders-db', 'orders-dc')
      .replace('absent', 'absenu');
    const file = path.join(folder, 'forged.zip');
    writeFileSync(file, zipSync({ ...files, [name]: Buffer.from(forged) }));
    expect(await verifyPy(file)).toMatchObject({ code: 1, out: expect.stringContaining(name) });
  }
});

test('audit checkpoint prints the note and nothing else, and the folder holds it', async () => {
  const { code, out, err } = await runCli(['audit', 'checkpoint'], env);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^latchkey\.acme\.test\/prod\n\d+\n[A-Za-z0-9+/]+=*\n\n(?:— \S+ [A-Za-z0-9+/]+=*\n)+$/);
  await until(async () => published().some((note) => textOf(note) === textOf(out)), 'the checkpoint');
});

test('audit verify says what is witnessed, what is published and what is neither', async () => {
  const { out: note } = await runCli(['audit', 'checkpoint'], env);
  const size = Number(note.split('\n')[1]);
  await until(
    async () => readFileSync(path.join(folder, 'witness.json'), 'utf8').includes(String(size)),
    'the witness',
    20_000,
  );
  const first = await runCli(['audit', 'verify'], env);
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining('is whole') });
  expect(first.out).toContain(`witnessed: events 1 to ${size}\n`);
  expect(first.out).toContain('published: none\nneither: none\n');
  const open = path.join(folder, 'no-witness.yml');
  writeFileSync(open, readFileSync(world.policyPath, 'utf8').replace(/\n {4}- witness.*\n/, '\n'));
  const alone = await runCli(['audit', 'verify'], { ...env, LATCHKEY_POLICY: open });
  expect(alone.out).toContain(`witnessed: none\npublished: events 1 to ${size}\nneither: none\n`);
  await makeBundle('later.zip');
  const { out, code } = await runCli(['audit', 'verify'], env);
  // That the bundle was made is an event, and no checkpoint covers it yet.
  expect(code).toBe(0);
  expect(out).toMatch(/neither: events \d+ to \d+\n/);
});

test('a report by the command is six files that the log signs, and a wrong period exits 2', async () => {
  for (const period of ['banana', '2026-Q5', '2026-13']) {
    const { code, err } = await runCli(['report', period, '--out', path.join(folder, 'none')], env);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`"${period}" is not a period`) });
  }
  expect(existsSync(path.join(folder, 'none'))).toBe(false);
  const out = path.join(folder, 'report');
  const made = await runCli(['report', String(new Date().getUTCFullYear()), '--out', out], env);
  expect(made).toMatchObject({ code: 0, err: '', out: expect.stringContaining('1 in the register') });
  expect(readdirSync(out)).toHaveLength(6);
  const register = readFileSync(path.join(out, 'register.csv'), 'utf8');
  expect(register.split('\r\n')).toHaveLength(3);
  expect(register).toContain(`,${grant},`);
  const note = parseNote(readFileSync(path.join(out, 'manifest.note'), 'utf8'));
  const key = parseVkey(vkey);
  expect(note && key && checkNote(note, [key]).isGood).toBe(true);
  const file = path.join(folder, 'a-file');
  writeFileSync(file, '');
  const refused = await runCli(['report', '2026', '--out', path.join(file, 'x')], env);
  expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('name a folder that you may write') });
});

test('a fork that the app itself signed with the right key is found by what was published, and exits 1', async () => {
  await app.stop();
  const fork = await asOfMigration(world.database.url, migrationNames().at(-1) ?? '');
  const policy = path.join(folder, 'fork.yml');
  const own = path.join(folder, 'fork-checkpoints');
  const text = readFileSync(world.policyPath, 'utf8').replace(/\n {4}- witness.*\n/, '\n');
  writeFileSync(policy, text.replace(checkpoints, own));
  const there = { ...env, DATABASE_URL: fork.url, LATCHKEY_POLICY: policy };
  try {
    // Each writes an event of its own, and each is signed.
    for (const one of [env, there]) {
      const made = await runCli(['audit', 'evidence', grant, '--out', path.join(folder, 'x.zip')], one);
      expect(made).toMatchObject({ code: 0 });
      expect(await runCli(['audit', 'checkpoint'], one)).toMatchObject({ code: 0 });
    }
    expect(await runCli(['audit', 'verify'], there)).toMatchObject({ code: 0 });
    const { code, out } = await runCli(['audit', 'verify'], { ...env, DATABASE_URL: fork.url });
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('or two logs were signed') });
    expect(out).toContain(checkpoints);
    const refused = await runCli(['audit', 'checkpoint'], { ...env, DATABASE_URL: fork.url });
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: '' });
    expect(refused.err).toContain('two logs are signed with one key');
    expect(await runCli(['audit', 'verify'], env)).toMatchObject({ code: 0 });
  } finally {
    await fork.drop();
  }
});
