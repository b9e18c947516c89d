import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvCell } from '../../src/lib/csv.ts';
import { exportAudit } from '../../src/store/audit/export.ts';
import type { ExportOptions } from '../../src/store/audit/export.ts';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import { runCli } from '../support/process.ts';
import { openTestStore, someEvent } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
let folder: string;
let script: string;

beforeAll(async () => {
  opened = await openTestStore();
  for (const reason of ['=HYPERLINK("http://x")', 'two\r\nlines', 'ä "quoted", \u2028', 'plain'])
    await opened.store.transaction((tx) =>
      tx.audit.append(someEvent({ role: reason, target: '-danger', data: { reason } })),
    );
  await opened.store.audit.seal(1000);
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-audit-'));
  const [, code = ''] = /```js verify-audit\.mjs\n(.*?)```/s.exec(readFileSync('docs/audit.md', 'utf8')) ?? [];
  script = path.join(folder, 'verify-audit.mjs');
  writeFileSync(script, code);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await opened.close();
});

const exported = async (options: ExportOptions): Promise<string> => {
  let all = '';
  await exportAudit(opened.pool, options, async (text) => void (all += text));
  return all;
};

const runScript = (text: string, ...heads: string[]) => {
  const file = path.join(folder, 'export.jsonl');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file, ...heads], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

test('an outsider verifies a JSONL export with the documented script and a head noted earlier', async () => {
  const { head } = await verifyAudit(opened.pool);
  const { status, stdout, stderr } = runScript(await exported({ format: 'jsonl' }), `${head.seq}:${head.hash}`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toBe(`4 events, 0 problems, head ${head.seq}:${head.hash}\n`);
});

test('the documented script finds a changed, a removed and a moved line, and a cut tail', async () => {
  const { head } = await verifyAudit(opened.pool);
  const text = await exported({ format: 'jsonl' });
  const [one = '', two = '', three = '', four = ''] = text.trim().split('\n');
  const lines = (...all: string[]): string => `${all.join('\n')}\n`;
  expect(runScript(text.replace('plain', 'altered')).stderr).toContain('4: was changed');
  expect(runScript(lines(one, three, four)).stderr).toContain('3: does not follow 1');
  expect(runScript(lines(one, three, two, four)).stderr).toContain('3: does not follow 1');
  const cut = runScript(lines(one, two, three), `${head.seq}:${head.hash}`);
  expect(cut).toMatchObject({ status: 1, stderr: '4: was noted and is not in this file\n' });
});

test('since and until choose a stretch that can still be verified', async () => {
  const { rows } = await opened.pool.query('select at from audit_events order by id');
  // A Date holds milliseconds, an event's time microseconds: several events may share one.
  const since = new Date(rows[1].at.getTime());
  const until = new Date(rows[3].at.getTime() + 1);
  const some = await exported({ format: 'jsonl', since, until });
  const seqs = some
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { seq: number }).seq);
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
  expect(seqs).toContain(3);
  expect(runScript(some)).toMatchObject({ status: 0 });
  expect(await exported({ format: 'jsonl', since: new Date(Date.now() + 3_600_000) })).toBe('');
  expect(await exported({ format: 'jsonl', until: new Date(0) })).toBe('');
});

/** RFC 4180, as a reader does it: a quoted cell ends at the first quote that is not doubled. */
const csvCells = (text: string): string[] =>
  [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:,|\r\n)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );

test('CSV is quoted by RFC 4180 and no cell begins like a formula', async () => {
  const text = await exported({ format: 'csv' });
  expect(text.split('\r\n')[0]).toBe('seq,prevHash,hash,id,at,type,actor,requestId,grantId,target,role,data');
  expect(text).toContain(`,"'-danger","'=HYPERLINK(""http://x"")",`);
  expect(text).toContain(`"two\r\nlines"`);
  const cells = csvCells(text);
  expect(cells).toHaveLength(5 * 12);
  expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
});

test.each([
  ['=1+1', `"'=1+1"`],
  ['+1', `"'+1"`],
  ['-1', `"'-1"`],
  ['@SUM(A1)', `"'@SUM(A1)"`],
  ['\tx', `"'\tx"`],
  ['\rx', `"'\rx"`],
  ['a,b', '"a,b"'],
  ['a;=1+1', `"a;'=1+1"`],
  ['a; "=1+1"', `"a;' ""=1+1"""`],
  ['a\tb;-1', `"a\tb;'-1"`],
  ['a\r\n\r\n=1+1', `"a\r\n\r\n'=1+1"`],
  ['a;b', '"a;b"'],
  ['say "hi"', '"say ""hi"""'],
  ['plain', 'plain'],
  [null, ''],
  [7, '7'],
])('the cell %j is written as %s', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test('what is not chained yet is not in it, and whoever exports is told so', { timeout: 120_000 }, async () => {
  const url = { DATABASE_URL: opened.url };
  expect(await runCli(['audit', 'export'], url)).toMatchObject({ code: 0, err: '' });
  await opened.store.transaction((tx) => tx.audit.append(someEvent()));
  const { code, out, err } = await runCli(['audit', 'export'], url);
  expect({ code, lines: out.trim().split('\n').length }).toEqual({ code: 0, lines: 4 });
  expect(err).toBe('1 event waits to be chained and is not in it; export again in a moment, while Latchkey runs.\n');
  const before = ['audit', 'export', '--until', '2026-01-01'];
  expect(await runCli(before, url)).toEqual({ code: 0, out: '', err: '' });
  await opened.store.audit.seal(1000);
  expect((await runCli(['audit', 'export'], url)).err).toBe('');
});
