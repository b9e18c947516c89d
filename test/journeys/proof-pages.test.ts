/**
 * Every example of the pages about audit, evidence, reports and reviews does what its page says: settings load, and the shell lines run
 * against a real installation, in the order of the page. A line that nobody has thought of fails here.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { COSIGNATURE, ED25519, vkeyOf } from '../../src/lib/transparency/note.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { VERIFIER, runVerifier } from '../application/evidence/bundle-rig.ts';
import { ORIGIN, newKey } from '../application/evidence/rig.ts';
import { runCli } from '../support/process.ts';
import type { Ran } from '../support/process.ts';
import { testServices } from '../support/services.ts';
import { until } from '../support/story.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const WAIT_MS = 120_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = path.join(ROOT, 'dist/bundle/latchkey.js');
/** How many shell lines each page has: a new one is run by its page's test, which has to say what it shows. */
const LINES = { audit: 1, 'audit-key': 4, evidence: 5, reports: 4, reviews: 5 } as const;
type PageName = keyof typeof LINES;
const PAGES = Object.keys(LINES) as PageName[];

/** As the pages write them: long values are cut there. */
const VKEY_SHOWN = `${ORIGIN}+1a2b3c4d+AV…`;
const WITNESS_KEY_SHOWN = 'witness.other.test+1a2b3c4d+BD…';
const WITNESS_KEY = vkeyOf({ name: 'witness.other.test', type: COSIGNATURE, raw: Buffer.alloc(32, 7) });
const ID_SHOWN = 'k3m9x2';

type Block = { page: string; language: string; text: string };

/** Blocks may stand in a list, with the list's indent. */
const blocksOf = (page: string): Block[] =>
  [
    ...readFileSync(path.join(ROOT, 'docs', `${page}.md`), 'utf8').matchAll(/^ *```(\w+)[^\n]*\n([\s\S]*?)^ *```$/gm),
  ].map(([, language = '', text = '']) => ({ page, language, text }));
const BLOCKS = PAGES.flatMap(blocksOf);
const linesOf = (page: PageName): string[] =>
  BLOCKS.filter((block) => block.page === page && block.language === 'sh').flatMap(({ text }) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );

test('no shell line of a page is left out', () => {
  expect(Object.fromEntries(PAGES.map((page) => [page, linesOf(page).length]))).toEqual(LINES);
});

describe('settings of the pages', () => {
  const around = `version: 1
groups: { dba: { people: [dana@acme.test, kim@acme.test] }, security: { people: [sam@acme.test, kim@acme.test] } }
targets:
  orders: { provider: postgres, config: { url: "postgres://a:b@127.0.0.1/c" }, owners: [dba], roles: { read: { scope: { member_of: [r] }, max: 1h } } }
rules: [{ name: Owners, approvals: [{ from: owners }] }]
admins: [security]
auditors: [security]
`;
  const settings = BLOCKS.filter(({ language }) => language === 'yaml');

  test('are there', () => expect(settings.map(({ page }) => page)).toEqual(['audit', 'audit', 'reports', 'reviews']));

  test.each(settings)('$page loads as it stands', ({ text }) => {
    const loaded = loadPolicy({
      text: `${around}${text.replace(WITNESS_KEY_SHOWN, WITNESS_KEY)}`,
      env: {},
      path: 'latchkey.yml',
      providers: PROVIDERS,
    });
    expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([]);
  });
});

describe('shell lines of the pages', () => {
  const RULES = `
rules: [{ name: Reads at once, approve: true }]
admins: [security]
audit: { origin: ${ORIGIN} }
reviews: [{ name: quarterly reach, every: quarter, what: roles, by: owners }]
`;
  let world: World;
  let folder: string;
  let vkey: string;
  let grant: string;
  /** The pages have one that is over; here it is the one in which something happened. */
  let quarter: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(testServices().runDir, 'pages-'));
    world = await startWorld({ rules: RULES });
    const key = newKey();
    const [signer] = await openSigners(key, ORIGIN);
    vkey = vkeyOf({ name: ORIGIN, type: ED25519, raw: signer?.raw ?? Buffer.alloc(0) });
    Object.assign(world.env, { LATCHKEY_AUDIT_KEY: key });
    await world.start();
    await world.slack.as('ada').command('/prod-access', 'orders-db read 30m look at the orders', 'general');
    const inState = async (state: string): Promise<{ id: string; quarter: string } | undefined> => {
      const rows = await world.sql<{ id: string; quarter: string }>(
        `select id, to_char(activated_at at time zone 'UTC', 'YYYY-"Q"Q') as quarter from grants where state = $1`,
        [state],
      );
      return rows[0];
    };
    ({ id: grant, quarter } = await until(() => inState('active'), 'the access', WAIT_MS));
    await world.slack.as('ada').command('/prod-access', `done ${grant}`, 'general');
    await until(() => inState('removed'), 'the removal', WAIT_MS);
    cpSync(VERIFIER, path.join(folder, 'verify.py'));
    // Builds the program that the lines run, where it is not there yet.
    await runCli(['--version'], world.env);
  });
  afterAll(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What stands in a page for something of the reader's own. */
  const own = (line: string): string =>
    line
      .replaceAll(VKEY_SHOWN, vkey)
      .replaceAll('2026-Q3', quarter)
      .replaceAll('postgres://latchkey_owner@db/latchkey', world.env['DATABASE_URL'] ?? '')
      .replaceAll('/srv/audit/q3', path.join(folder, 'q3'))
      // A witness is on another machine, which has a key of its own and not the log's.
      .replace('export LATCHKEY_AUDIT_KEY_FILE=/etc/witness/key.pem', `export -n LATCHKEY_AUDIT_KEY; $&`)
      .replaceAll('/etc/witness/key.pem', path.join(folder, 'witness-key.pem'))
      .replaceAll('/var/lib/witness/state.json', path.join(folder, 'witness.json'))
      .replaceAll('--port 8080', '--port 0')
      .replaceAll('2026-11-30T08:00:00Z', new Date(Date.now() - 3_600_000).toISOString());

  type Reading = { id?: string; before?: string; change?: (line: string) => string; endsAt?: string };

  /** As a reader does in a terminal: the whole page in one shell. `endsAt`: a line that goes on for ever is ended once it says so. */
  const runPage = async (page: PageName, reading: Reading = {}): Promise<Pick<Ran, 'code' | 'out'>> => {
    const { id = grant, before = '', change = (line) => line, endsAt } = reading;
    const lines = linesOf(page).map((line) => change(own(line).replaceAll(ID_SHOWN, id)));
    const program = `latchkey() { "${process.execPath}" "${PROGRAM}" "$@"; }`;
    const child = spawn('bash', ['-c', ['set -euo pipefail', program, before, ...lines].join('\n')], {
      cwd: folder,
      detached: true,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...world.env },
    });
    let out = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (out += part.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    if (endsAt !== undefined) {
      await until(() => Promise.resolve(out.includes(endsAt) || child.exitCode !== null), endsAt, WAIT_MS);
      // The shell is the first of a group, and the line that goes on belongs to it.
      if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGTERM');
    }
    return { code: await ended, out };
  };

  test('audit: the tree is made anew, and is what it was', async () => {
    const { code, out } = await runPage('audit');
    expect([code, out]).toEqual([0, expect.stringMatching(/^Nothing had to be changed: \d+ leaves, root \S+\.$/m)]);
  });

  test('evidence: both bundles are made, verify.py holds them, and the witness starts', async () => {
    const before = 'openssl genpkey -algorithm ed25519 -out witness-key.pem';
    const { out } = await runPage('evidence', { before, endsAt: 'the witness is ready' });
    for (const verdict of ['ok      manifest', 'ok      complete', 'ok      end']) expect(out).toContain(verdict);
    expect(out).not.toContain('REFUSED');
    expect(out).toContain('the witness is ready');
    const redacted = await runVerifier([VERIFIER, path.join(folder, `redacted-${grant}.zip`), '--key', vkey]);
    expect([redacted.code, redacted.out]).toEqual([0, expect.stringContaining('not shown: the bundle is redacted')]);
  });

  test('reports: both folders are made, verify.py holds the first, and the sample is selected again', async () => {
    const json = `latchkey-report-${quarter}/report.json`;
    const root = `ROOT=$(python3 -c 'import json; print(json.load(open("${json}"))["checkpoint"]["root"])'); GRANT=${grant}`;
    const change = (line: string): string => (line.startsWith('printf ') ? `${root}; ${line}` : line);
    const { code, out } = await runPage('reports', { change });
    expect([code, out]).toEqual([0, expect.stringContaining(`has the report of ${quarter}: 1 in the register`)]);
    for (const verdict of ['ok      manifest', 'ok      checkpoint', 'ok      register', 'ok      sample'])
      expect(out).toContain(verdict);
    const { sample } = JSON.parse(readFileSync(path.join(folder, json), 'utf8')) as {
      sample: { drawn: { digest: string }[] };
    };
    expect(sample.drawn.map(({ digest }) => digest)).toEqual([/^([0-9a-f]{64}) {2}-$/m.exec(out)?.[1]]);
    expect(existsSync(path.join(folder, 'q3/report.pdf'))).toBe(true);
  });

  test('reviews: a review is started, its state and its lines are said, and advice is given', async () => {
    // The page names the id of one that was started.
    const started = await runCli(['review', 'start', 'quarterly reach', '--json'], world.env);
    expect(started).toMatchObject({ code: 0 });
    const { id } = JSON.parse(started.out) as { id: string };
    const { code, out } = await runPage('reviews', { id });
    expect([code, out]).toEqual([0, expect.stringContaining('was started before in this period')]);
    expect(out).toContain(`${id}  quarterly reach, ${quarter}: due`);
    expect(out).toContain('Line,Subject');
    expect(out).toContain('orders-db/read: INSUFFICIENT_DATA: 1 of 20 grants');
    expect(out).toContain('"insufficient"');
  });

  test('the key: it is made, listed and revoked, and verify.py reads the file of revoked keys', async () => {
    const { code, out } = await runPage('audit-key');
    expect([code, out]).toEqual([0, expect.stringContaining(`${vkey}: signs`)]);
    expect(out).toContain(`The key ${vkey} is revoked from`);
    expect(readFileSync(path.join(folder, 'audit-key.pem'), 'utf8')).toContain('BEGIN PRIVATE KEY');
    const [bundle, revoked] = [`evidence-${grant}.zip`, 'revoked.txt'].map((name) => path.join(folder, name));
    const verdict = await runVerifier([VERIFIER, bundle ?? '', '--key', vkey, '--revoked', revoked ?? '']);
    expect([verdict.code, verdict.out]).toEqual([1, expect.stringContaining('was revoked from')]);
  });
});
