/** Every text of a report, hostile: no cell is a formula, no markup is markup, no line begins anew, and the PDF does nothing but show it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { Report } from '../../../src/application/reports/report-types.ts';
import { reportFolder } from '../../../src/compose/report.ts';
import { EXCEPTION_KINDS } from '../../../src/domain/reports/exceptions.ts';
import type { Exception, ExceptionKind } from '../../../src/domain/reports/exceptions.ts';
import type { RegisterRow } from '../../../src/domain/reports/register.ts';
import { pdfText } from '../../support/pdf.ts';
import { csvRows } from '../../support/quarter/files.ts';

vi.setConfig({ testTimeout: 60_000 });

const AT = '2026-07-01T09:15:02.000000Z';

const HOSTILE = [
  '=HYPERLINK("http://evil.test","click")',
  "+1+cmd|' /C calc'!A0",
  '-2+3',
  '@SUM(1)',
  '\t=1+1',
  '\r\n=1+1,second cell\r\nnew row',
  '\uff1d1+1',
  'a;=1+1;"=1+1"; @SUM(1)',
  '<script>alert(1)</script>',
  ']]></t></is></c><c r="A1"><f>1+1</f></c>',
  '_x003D_1+1',
  '"","quoted"',
  'before\u202Eafter\u200B',
  ') Tj /Action << /S /JavaScript /JS (app.alert(1)) >> (',
  '\u0000nul\uFFFF',
];

const folder = mkdtempSync(path.join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rowOf = (text: string): RegisterRow => ({
  ...{ request: text, grant: text, kind: 'access', state: text, requestedAt: AT, target: text, role: text },
  requester: { kind: text, id: text, name: text, email: text },
  ...{ durationMs: 60_000, reason: text, ticket: text, incident: text, rule: text, policy: text, decidedBy: 'people' },
  approvers: [{ id: text, name: text, at: AT }],
  deniers: [{ id: text, name: text, at: AT }],
  ...{ decidedAt: AT, decisionNote: text, activeAt: AT, firstUsedAt: AT, expiresAt: AT, closedAt: AT, endedAt: AT },
  ...{ endCause: text, readback: text, lateMs: -1, removalAttempts: 1, extensions: 0 },
  followUp: { dueAt: AT, outcome: text, by: text, at: AT, note: text },
  ...{ isFollowUpOverdue: false, override: null, failure: text, voided: [text], lastRemovalFailure: text },
  ...{ events: 1, firstSeq: 1, lastSeq: 1, done: null, isErased: false },
});

const exceptionOf = (text: string): Exception => ({
  ...{ kind: 'break_glass', at: AT, concerns: text, request: text, grant: text, target: text, role: text, who: text },
  ...{ what: text, answer: text },
});

/** `all`: one entry of each list; the first stands where there is one of a kind. */
const reportOf = (all: readonly string[]): Report => {
  const [text = ''] = all;
  const tallies = all.map((name) => ({ name, requests: 1, grants: 1 }));
  const ranges = { witnessed: text, published: text, neither: text };
  const checkpoints = { count: 1, firstAt: AT, lastAt: AT, longestGapMs: 1 };
  return {
    period: { label: '2026-Q3', from: AT, to: AT, zone: 'UTC', isOver: true },
    made: { at: AT, by: text, product: text },
    checkpoint: { origin: text, size: 1, root: text, note: text, signedAt: AT },
    policy: { sha256: text },
    totals: {
      ...{
        rows: 1,
        erased: 1,
        byState: Object.fromEntries(all.map((one) => [one, 1])),
        byDecision: {},
        byTarget: tallies,
        byRuleAlone: tallies,
      },
      overTime: { unit: 'week', buckets: [{ from: AT, requests: 1, grants: 1 }] },
      lateness: all.map((upTo) => ({ upTo, grants: 1 })),
      flow: { openAtStart: 0, activated: 1, ended: 1, openAtEnd: 0 },
      controls: all.map((what) => ({ what, log: 1, register: 1, agrees: true })),
      exceptions: (Object.keys(EXCEPTION_KINDS) as ExceptionKind[]).map((kind) => {
        return { kind, title: EXCEPTION_KINDS[kind], count: 1, unanswered: 0 };
      }),
    },
    carried: 0,
    sample: { method: text, root: text, population: 1, drawn: all.map((one) => ({ digest: one, row: rowOf(one) })) },
    powers: all.map((one) => ({ what: one, where: one, refs: [one], people: [one], unknown: [one] })),
    exercised: all.map((one) => ({ id: one, name: one, approved: 1, denied: 1, other: 1 })),
    policies: all.map((one) => ({
      at: AT,
      sha256: one,
      by: one,
      revision: one,
      differences: [one],
      isBefore: false,
      isFirst: false,
    })),
    reviews: all.map((one) => ({
      ...{ id: one, name: one, what: one, startedAt: AT, dueAt: AT, closedAt: AT, state: one },
      ...{ population: 1, kept: 1, bySilence: 0, toChange: 0, undecided: 0 },
      lines: [{ position: 1, subject: one, reviewers: [one], decision: one, by: one, at: AT, note: one }],
    })),
    log: {
      ...{ events: 1, beforeTree: 1, firstSeq: 1, lastSeq: 1, checkpoints, ranges, places: [...all], keys: [...all] },
      verified: { ok: false, events: 1, problems: [...all] },
      ...{ revoked: all.map((vkey) => ({ vkey, from: AT, size: 1 })), evidenceMade: 1, reportsMade: 1 },
    },
    controls: all.map((one) => ({ framework: one, control: one, about: one, where: one })),
  };
};

/** Each part is XML that a strict parser takes; with the tags of its cells and what they show. */
const READ_WORKBOOK = `
import json, sys, zipfile
import xml.etree.ElementTree as tree
with zipfile.ZipFile(sys.argv[1]) as book:
    assert book.testzip() is None
    parts = {name: tree.fromstring(book.read(name)) for name in book.namelist()}
tags = sorted({one.tag.split("}")[1] for part in parts.values() for one in part.iter()})
texts = [one.text or "" for part in parts.values() for one in part.iter() if one.tag.endswith("}t")]
print(json.dumps([tags, texts]))
`;

const made = async (): Promise<string> => {
  const target = reportFolder(folder);
  const writer = await target.open();
  for (const text of HOSTILE) await writer.row(rowOf(text));
  await writer.finish(reportOf(HOSTILE), HOSTILE.map(exceptionOf));
  await target.publish(Buffer.from('{}'), Buffer.from('note'));
  return folder;
};

const FORMULA = /^[=+\-@\t\r\uff1d]/;

test('each cell of each file is the text, and nothing else', async () => {
  const out = await made();
  const [titles = [], ...rows] = csvRows(readFileSync(path.join(out, 'register.csv'), 'utf8'));
  expect(rows.map(({ length }) => length)).toEqual(HOSTILE.map(() => titles.length));
  expect(rows.flat().filter((cell) => FORMULA.test(cell))).toEqual([]);
  // Where numbers have a comma, spreadsheets begin a cell at each semicolon.
  const elsewhere = readFileSync(path.join(out, 'register.csv'), 'utf8').split(/\r\n|;/);
  expect(elsewhere.filter((cell) => FORMULA.test(cell.replace(/^[ "]+/, '')))).toEqual([]);
  const { stdout, stderr, status } = spawnSync('python3', ['-c', READ_WORKBOOK, path.join(out, 'report.xlsx')], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [tags, texts] = JSON.parse(stdout) as [string[], string[]];
  expect(tags).not.toContain('f');
  expect(texts.filter((one) => FORMULA.test(one))).toEqual([]);
  expect(texts).toContain('<script>alert(1)</script>');
  const json = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as { register: RegisterRow[] };
  expect(json.register.map(({ reason }) => reason)).toEqual(HOSTILE);
  const pdf = readFileSync(path.join(out, 'report.pdf'));
  for (const name of ['/JavaScript', '/JS ', '/Launch', '/URI', '/OpenAction', '/AA '])
    expect(pdf.includes(name)).toBe(false);
  const shown = pdfText(pdf).replaceAll(/\s/g, '');
  for (const part of ['<script>alert(1)</script>', '/JavaScript/JS(app.alert(1))', '\\u202Eafter', 'Sign-off'])
    expect(shown).toContain(part);
});
