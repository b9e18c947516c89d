/** The report of a simulated quarter, read as an auditor reads it. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeReport } from '../../../src/application/reports/make-report.ts';
import type { MadeReport } from '../../../src/application/reports/make-report.ts';
import { reportDeps, reportFolder } from '../../../src/compose/report.ts';
import { parsePeriod } from '../../../src/domain/reports/period.ts';
import { ED25519, checkNote, parseNote, parseVkey, signNote, vkeyOf } from '../../../src/lib/transparency/note.ts';
import { openSigners } from '../../../src/lib/transparency/signers.ts';
import { csvRows, sheetsIn } from '../../support/quarter/files.ts';
import { evidenceOf, keepLog } from '../../support/quarter/keep-log.ts';
import { setClock } from '../../support/quarter/clock.ts';
import { storeRequests } from '../../support/quarter/more.ts';
import { openQuarter } from '../../support/quarter/run.ts';
import type { SimulatedStore } from '../../support/quarter/run.ts';
import { pdfText } from '../../support/pdf.ts';
import { VERIFIER, runVerifier } from '../evidence/bundle-rig.ts';
import { ORIGIN, newKey } from '../evidence/rig.ts';
import { FORGED_SAMPLES } from './forged-samples.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const DAYS = Number(process.env['QUARTER_DAYS'] ?? 5);
const PER_DAY = Number(process.env['QUARTER_PER_DAY'] ?? 6);

const KEY = newKey();

let quarter: SimulatedStore;
let folder: string;
let places: string;
let made: MadeReport;

const log = () => ({ key: KEY, origin: ORIGIN, places });

const report = async (label: string, out: string): Promise<MadeReport> => {
  const period = parsePeriod(label);
  if (!period) throw new Error('no period');
  const { pool, deps } = quarter;
  const evidence = await evidenceOf(quarter, log());
  const parts = { pool, evidence, policy: deps.policy(), directory: deps.directory };
  return makeReport(reportDeps(parts), { period }, reportFolder(out));
};

beforeAll(async () => {
  folder = process.env['QUARTER_OUT'] ?? mkdtempSync(path.join(tmpdir(), 'report-'));
  places = mkdtempSync(path.join(tmpdir(), 'checkpoints-'));
  const from = new Date('2026-07-01T00:00:00Z');
  quarter = await openQuarter({
    from,
    days: DAYS,
    perDay: PER_DAY,
    seed: 17,
    eachDay: (opened) => keepLog(opened, log()),
  });
  made = await report('2026-Q3', folder);
});
afterAll(async () => {
  await quarter.close();
  rmSync(places, { recursive: true });
  if (!process.env['QUARTER_OUT']) rmSync(folder, { recursive: true });
});

const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
const byText = (a = '', b = ''): number => (a < b ? -1 : 1);
const hex = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

const sheets = (): Record<string, string> => sheetsIn(folder);

test('the folder has the six files, and the signed manifest lists the others', async () => {
  expect(readdirSync(folder).sort()).toEqual([
    'manifest.json',
    'manifest.note',
    'register.csv',
    'report.json',
    'report.pdf',
    'report.xlsx',
  ]);
  const manifest = JSON.parse(textOf('manifest.json')) as { files: { name: string; sha256: string; size: number }[] };
  for (const { name, sha256, size } of manifest.files) {
    const data = readFileSync(path.join(folder, name));
    expect([name, hex(data), data.length]).toEqual([name, sha256, size]);
  }
  expect(manifest.files.map(({ name }) => name).sort()).toEqual([
    'register.csv',
    'report.json',
    'report.pdf',
    'report.xlsx',
  ]);
  const note = parseNote(textOf('manifest.note'));
  expect(note?.text).toBe(`latchkey/report/v1\n${ORIGIN}\n${hex(readFileSync(path.join(folder, 'manifest.json')))}\n`);
  const vkey = parseVkey(made.report.log.keys[0] ?? '');
  expect(note && vkey && checkNote(note, [vkey]).isGood).toBe(true);
});

describe('verify.py of the folder', () => {
  const key = (): string => made.report.log.keys[0] ?? '';
  /** As an insider does who has the key: the folder with one file changed, and signed again. */
  const signedAgain = async (name: string, change: (text: string) => string): Promise<string> => {
    const copy = mkdtempSync(path.join(tmpdir(), 'report-forged-'));
    cpSync(folder, copy, { recursive: true });
    writeFileSync(path.join(copy, name), change(textOf(name)));
    const before = JSON.parse(textOf('manifest.json')) as { files: { name: string }[] };
    const files = before.files.map((file) => {
      const data = readFileSync(path.join(copy, file.name));
      return { name: file.name, sha256: hex(data), size: data.length };
    });
    const manifest = Buffer.from(JSON.stringify({ ...before, files }));
    writeFileSync(path.join(copy, 'manifest.json'), manifest);
    const note = await signNote(`latchkey/report/v1\n${ORIGIN}\n${hex(manifest)}\n`, await openSigners(KEY, ORIGIN));
    writeFileSync(path.join(copy, 'manifest.note'), note);
    return copy;
  };

  test('holds, with the key and without, one line a verdict', async () => {
    const { code, out } = await runVerifier([VERIFIER, folder, '--key', key()]);
    expect(out.split('\n').map((line) => line.slice(0, 18).trim())).toEqual([
      'ok      manifest',
      'ok      checkpoint',
      'ok      register',
      'ok      sample',
      '',
    ]);
    expect(code).toBe(0);
    expect(await runVerifier([VERIFIER, folder])).toMatchObject({
      code: 0,
      out: expect.stringContaining('report.json'),
    });
  });

  test.each([
    [
      'a row that was taken out',
      'register.csv',
      (text: string) => text.split('\r\n').toSpliced(2, 1).join('\r\n'),
      'register',
    ],
    [
      'a count that was changed',
      'report.json',
      (text: string) => text.replace(/"totals":\{"rows":(\d+)/, '"totals":{"rows":1'),
      'register',
    ],
    [
      'a sample that was chosen',
      'report.json',
      (text: string) => text.replace(/"drawn":\[\{"digest":"../, '"drawn":[{"digest":"zz'),
      'sample',
    ],
    ...FORGED_SAMPLES,
    ['another checkpoint', 'report.json', (text: string) => text.replace(/"size":(\d+)/, '"size":1'), 'checkpoint'],
  ])('refuses %s, also where it is signed again', async (...[, file, change, verdict]) => {
    const copy = await signedAgain(file, change);
    const { code, out } = await runVerifier([VERIFIER, copy, '--key', key()]);
    expect([code, out.split('\n').at(-2)?.slice(0, 18).trim()]).toEqual([1, `REFUSED ${verdict}`]);
    rmSync(copy, { recursive: true });
  });

  test('refuses a file that was changed, and another key', async () => {
    const copy = mkdtempSync(path.join(tmpdir(), 'report-changed-'));
    cpSync(folder, copy, { recursive: true });
    writeFileSync(path.join(copy, 'register.csv'), `${textOf('register.csv')}\r\n`);
    expect(await runVerifier([VERIFIER, copy])).toMatchObject({
      code: 1,
      out: expect.stringContaining('REFUSED manifest'),
    });
    rmSync(copy, { recursive: true });
    const [other] = await openSigners(newKey(), ORIGIN);
    const wrong = vkeyOf({ name: ORIGIN, type: ED25519, raw: other?.raw ?? Buffer.alloc(0) });
    expect(await runVerifier([VERIFIER, folder, '--key', wrong])).toMatchObject({ code: 1 });
  });
});

test('the register has a row for each request, with whole ids, in CSV, workbook and JSON alike', async () => {
  const { rows: stored } = await quarter.pool.query<{ id: string }>('select id from requests order by created_at, id');
  const ids = stored.map(({ id }) => id).sort(byText);
  expect(
    csvRows(textOf('register.csv'))
      .slice(1)
      .map(([id]) => id)
      .sort(byText),
  ).toEqual(ids);
  const json = JSON.parse(textOf('report.json')) as { register: { request: string }[]; totals: { rows: number } };
  expect(json.register.map(({ request }) => request).sort(byText)).toEqual(ids);
  expect(json.totals.rows).toBe(ids.length);
  const sheet = sheets()['xl/worksheets/sheet1.xml'] ?? '';
  expect([...sheet.matchAll(/<c r="A\d+" t="inlineStr"><is><t>([^<]*)</g)].map(([, id]) => id).sort(byText)).toEqual(
    ids,
  );
});

test('the register says what was done through each access, or that it was not recorded', () => {
  const [titles = [], ...rows] = csvRows(textOf('register.csv'));
  const [active, done] = ['Active (UTC)', 'What was done'].map((title) => titles.indexOf(title));
  expect(rows.map((row) => row[done ?? -1])).toEqual(
    rows.map((row) => (row[active ?? -1] === '' ? '' : 'not recorded')),
  );
  expect(rows.some((row) => row[done ?? -1] === 'not recorded')).toBe(true);
});

test('the register says when access was closed, which is when it ended, and the removal after that', () => {
  const [titles = [], ...rows] = csvRows(textOf('register.csv'));
  const at = (row: readonly string[], title: string): string => row[titles.indexOf(title)] ?? '';
  const wasActive = (row: readonly string[]): boolean => at(row, 'Active (UTC)') !== '';
  const ended = rows.filter((row) => at(row, 'State') === 'ended' && at(row, 'Kind') !== 'more time' && wasActive(row));
  expect(ended.length).toBeGreaterThan(5);
  for (const row of ended) {
    const [active, closed, removed] = ['Active (UTC)', 'Closed (UTC)', 'Removed (UTC)'].map((title) =>
      Date.parse(at(row, title)),
    ) as [number, number, number];
    expect([closed >= active, removed >= closed]).toEqual([true, true]);
    expect(Number(at(row, 'Active minutes'))).toBeCloseTo((closed - active) / 60_000, 1);
  }
});

test('each control total is counted in the log and in the rows, and both agree', () => {
  const { controls } = made.report.totals;
  expect(controls.filter(({ agrees }) => !agrees)).toEqual([]);
  expect(controls.map(({ log }) => log).some((count) => count > 8)).toBe(true);
});

test('text of people is no formula, no markup and no line of its own', () => {
  const cells = csvRows(textOf('register.csv')).flat();
  expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
  expect(cells).toContain(`'=HYPERLINK("http://evil.test","click")`);
  const all = Object.values(sheets()).join('');
  expect(all).not.toMatch(/<f[ >]/);
  expect(all).toContain('&lt;b&gt;totals&lt;/b&gt; &amp; rounding');
});

test('the PDF has a language, tags and the text of all scripts', () => {
  const raw = readFileSync(path.join(folder, 'report.pdf')).toString('latin1');
  for (const sign of ['/Lang (en)', '/Marked true', '/StructTreeRoot', '/S /Table', '/S /TH', '/S /H1'])
    expect(raw).toContain(sign);
  const text = pdfText(readFileSync(path.join(folder, 'report.pdf')));
  // Those of people with powers: who is in the sample is another each time. The last two are titles of narrow columns.
  for (const part of [
    'Access report 2026-Q3',
    'Ольга Петрова',
    'Γιώργος Παππάς',
    'Control totals',
    'Sign-off',
    'Lines',
    'decided',
  ])
    expect(text).toContain(part);
});

describe('an outage of the targets', () => {
  type Line = { kind: string; what: string; answer: string | null; concerns: string; grant: string | null };
  const linesOf = (kind: string): Line[] =>
    (JSON.parse(textOf('report.json')) as { exceptions: Line[] }).exceptions.filter((one) => one.kind === kind);

  test('closes late, which is an exception with its failure and what became of it', () => {
    const late = linesOf('late_removal');
    expect(late.length).toBeGreaterThan(0);
    for (const { what, answer, concerns, grant } of late) {
      expect(what).toMatch(
        /^Closed .+ after it was due\. (?:It was never given\. )?The last failure before: .*ECONNREFUSED/,
      );
      expect(answer).toMatch(/^Closed, 2026-07-\d\d .* UTC; removed(?: by attempt \d+)?, 2026/);
      expect(concerns).toBe(`grant ${grant}`);
    }
    const [titles = [], ...rows] = csvRows(textOf('register.csv'));
    const seconds = rows.map((row) => Number(row[titles.indexOf('Seconds late')]));
    expect(seconds.filter((one) => one > 60)).toHaveLength(late.length);
  });

  test('that is not over at the checkpoint leaves access that is not removed, and that has no answer', () => {
    const open = linesOf('not_removed');
    expect(open.length).toBeGreaterThan(0);
    for (const { what, answer } of open)
      expect([what, answer]).toEqual([expect.stringContaining('A login may still be possible'), null]);
  });
});

test('each exception says what it concerns', () => {
  const { exceptions } = JSON.parse(textOf('report.json')) as { exceptions: { concerns: string }[] };
  expect(
    exceptions.filter(({ concerns }) => !/^(grant|request|review|revocation|finding|key|event) \S+$/.test(concerns)),
  ).toEqual([]);
  const sheet = sheets()['xl/worksheets/sheet2.xml'] ?? '';
  expect(sheet).toContain('<t>Concerns</t>');
});

test('break-glass is an exception that has the answer of its follow-up, or none', () => {
  const found = (JSON.parse(textOf('report.json')) as { exceptions: { kind: string; answer: string | null }[] })
    .exceptions;
  const broken = found.filter(({ kind }) => kind === 'break_glass');
  expect(broken.length).toBeGreaterThan(0);
  expect(broken.some(({ answer }) => answer?.startsWith('Justified, says Inês Duarte') ?? false)).toBe(true);
});

test('a review with undecided lines at its deadline is an exception, and stands among the reviews', () => {
  const { exceptions, reviews } = JSON.parse(textOf('report.json')) as {
    exceptions: { kind: string; what: string; answer: string | null }[];
    reviews: { name: string; state: string; kept: number; toChange: number; undecided: number }[];
  };
  expect(
    exceptions.filter(({ kind, what }) => kind === 'review_overdue' && what.includes('"who administers"')),
  ).toEqual([expect.objectContaining({ what: expect.stringContaining('at its deadline, 2026-07-04 '), answer: null })]);
  const [overdue] = reviews.filter(({ name }) => name === 'who administers');
  expect(overdue).toMatchObject({ state: 'overdue', toChange: 1 });
  expect(overdue?.undecided).toBeGreaterThan(0);
  expect(made.report.totals.exceptions.find(({ kind }) => kind === 'review_overdue')?.unanswered).toBeGreaterThan(0);
});

test('each line of a review says who decided it, when and why, and the lines are its whole population', () => {
  type Line = { decision: string | null; by: string | null; at: string | null; note: string | null };
  const { reviews } = JSON.parse(textOf('report.json')) as {
    reviews: { population: number; undecided: number; bySilence: number; lines: Line[] }[];
  };
  for (const { population, undecided, bySilence, lines } of reviews) {
    expect(lines).toHaveLength(population);
    expect(lines.filter(({ decision }) => decision === null)).toHaveLength(undecided);
    expect(lines.filter(({ decision, by }) => decision !== null && by === null)).toHaveLength(bySilence);
  }
  const changed = reviews.flatMap(({ lines }) => lines).filter(({ decision }) => decision === 'change');
  expect(changed.length).toBeGreaterThan(0);
  for (const line of changed)
    expect(line).toMatchObject({
      by: expect.stringMatching(/\S/),
      at: expect.stringMatching(/^2026-07-/),
      note: 'An hour is enough for this.',
    });
  expect(Object.values(sheets()).some((sheet) => sheet.includes('<t>Reviewers in the policy</t>'))).toBe(true);
});

test('the health of the log counts the checkpoints of the period, and says what is published', () => {
  const { checkpoints, ranges, places: named } = made.report.log;
  expect(checkpoints.count).toBeGreaterThanOrEqual(DAYS);
  expect(checkpoints.longestGapMs).toBeGreaterThan(0);
  expect(ranges).toMatchObject({ witnessed: 'none', published: expect.stringMatching(/^events 1 to \d+$/) });
  expect(named).toEqual([`file:${places}`]);
});

test('deciding on lines of a review is a power that was used', () => {
  const olga = made.report.exercised.find(({ name }) => name === 'Ольга Петрова');
  expect(olga?.other).toBeGreaterThan(0);
});

test('the powers of a rule are those of the owners, who are named above it', () => {
  const { powers } = made.report;
  const rule = powers.find(({ where }) => where === 'rule "Everything else needs an owner"');
  expect(rule?.people).toEqual(['the owners of the target, named above']);
  expect(powers.filter(({ what }) => what === 'Owner').map(({ people }) => people?.length)).toEqual([2, 2, 2]);
  expect(powers.filter(({ people }) => people?.length === 0)).toEqual([]);
});

test('an empty quarter is a report, too', async () => {
  const out = path.join(folder, 'empty');
  const { report: empty } = await report('2020-Q1', out);
  expect(empty.totals.rows).toBe(0);
  expect(readdirSync(out)).toHaveLength(6);
  expect(csvRows(readFileSync(path.join(out, 'register.csv'), 'utf8'))).toHaveLength(1);
  rmSync(out, { recursive: true });
});

test('making one is an event, and the log that goes on meanwhile changes no total', async () => {
  const { rows } = await quarter.pool.query<{ data: string }>(
    `select data from audit_events where type = 'report.made' order by id limit 1`,
  );
  expect(JSON.parse(rows[0]?.data ?? '{}')).toMatchObject({
    period: '2026-Q3',
    manifest: made.manifest,
    rows: made.report.totals.rows,
  });
  await setClock(quarter.pool, new Date('2026-08-20T00:00:00Z'));
  let isOver = false;
  const writing = (async () => {
    while (!isOver) await storeRequests(quarter, 3);
  })();
  try {
    const again = path.join(folder, 'again');
    for (let round = 0; round < 3; round += 1) {
      const { totals } = (await report('2026-Q3', again)).report;
      expect(totals.controls.filter(({ agrees }) => !agrees)).toEqual([]);
      expect(csvRows(readFileSync(path.join(again, 'register.csv'), 'utf8'))).toHaveLength(totals.rows + 1);
    }
    rmSync(again, { recursive: true });
  } finally {
    isOver = true;
    await writing;
  }
});
