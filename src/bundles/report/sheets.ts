/** The sheets of the workbook beside the register: what the report says, as tables to filter. */
import type { Exception } from '../../domain/reports/exceptions.ts';
import type { Report, ReviewedLine } from '../../application/reports/report-types.ts';
import { EXCEPTION_COLUMNS, REGISTER_COLUMNS, moment } from './columns.ts';
import type { Workbook, XlsxCell, XlsxColumn } from './xlsx.ts';
import { SIGNATURE_LINES, coverLines, logLines, policyChanges, signOffLines } from './sections.ts';

const columns = (...titles: readonly (readonly [string, number])[]): XlsxColumn[] =>
  titles.map(([title, width]) => ({ title, width }));

type Table = { name: string; columns: XlsxColumn[]; rows: XlsxCell[][] };

const SAMPLE_FIRST = columns(['Number', 8], ['Digest', 66], ['Evidence', 60]);

const sampleTable = ({ sample }: Report): Table => ({
  name: 'Sample',
  columns: [...SAMPLE_FIRST, ...REGISTER_COLUMNS],
  rows: sample.drawn.map(({ digest, row }, index) => [
    index + 1,
    digest,
    `latchkey audit evidence ${row.grant} --out evidence-${row.grant}.zip`,
    ...REGISTER_COLUMNS.map(({ value }) => value(row)),
  ]),
});

const totalsTable = ({ totals }: Report): Table => ({
  name: 'Control totals',
  columns: columns(['Control', 80], ['In the log', 14], ['In the register', 14], ['Agrees', 10]),
  rows: totals.controls.map(({ what, log, register, agrees }) => [what, log, register, agrees ? 'yes' : 'NO']),
});

const overTimeTable = ({ totals }: Report): Table => ({
  name: 'Over time',
  columns: columns(['From (UTC)', 20], ['Until the next', 16], ['Requests', 12], ['Became active', 14]),
  rows: totals.overTime.buckets.map(({ from, requests, grants }) => [
    ...[moment(from), totals.overTime.unit, requests, grants],
  ]),
});

const latenessTable = ({ totals }: Report): Table => ({
  name: 'How late',
  columns: columns(['Closed after it was due', 30], ['Grants', 12]),
  rows: totals.lateness.map(({ upTo, grants }) => [upTo, grants]),
});

const targetsTable = ({ totals }: Report): Table => ({
  name: 'By role',
  columns: columns(['Role', 40], ['Requests', 12], ['Became active', 14]),
  rows: totals.byTarget.map(({ name, requests, grants }) => [name, requests, grants]),
});

const ruleTable = ({ totals }: Report): Table => ({
  name: 'Approved by rule alone',
  columns: columns(['Rule', 60], ['Requests', 12], ['Became active', 14]),
  rows: totals.byRuleAlone.map(({ name, requests, grants }) => [name, requests, grants]),
});

const powersTable = ({ powers }: Report): Table => ({
  name: 'Powers',
  columns: columns(
    ['Power', 24],
    ['Over', 36],
    ['In the policy', 36],
    ['People now', 80],
    ['Could not be looked up', 30],
  ),
  rows: powers.map(({ what, where, refs, people, unknown }) => [
    ...[what, where, refs.join(', ')],
    people === null ? 'not looked up' : people.join('; '),
    unknown.join(', '),
  ]),
});

const exercisedTable = ({ exercised }: Report): Table => ({
  name: 'Powers used',
  columns: columns(
    ['Person', 28],
    ['Person id', 24],
    ['Approved', 10],
    ['Denied', 10],
    ['Reviews, follow-ups, other', 24],
  ),
  rows: exercised.map(({ name, id, approved, denied, other }) => [name || 'erased', id, approved, denied, other]),
});

const policyTable = ({ policies }: Report): Table => ({
  name: 'Policy',
  columns: columns(['In force from (UTC)', 20], ['SHA-256', 66], ['By', 30], ['Revision', 44], ['Changes', 100]),
  rows: policies.map((version) => [
    ...[moment(version.at), version.sha256, version.by, version.revision],
    policyChanges(version),
  ]),
});

const reviewTable = ({ reviews }: Report): Table => ({
  name: 'Reviews',
  columns: columns(
    ...([
      ['Campaign', 30],
      ['Id', 24],
      ['What', 14],
      ['Started (UTC)', 20],
      ['Due (UTC)', 20],
      ['Closed (UTC)', 20],
      ['State', 12],
    ] as const),
    ...([
      ['Lines', 10],
      ['Keep', 10],
      ['Kept by silence', 16],
      ['Change', 10],
      ['Not decided', 12],
    ] as const),
  ),
  rows: reviews.map((one) => [
    ...[one.name, one.id, one.what, moment(one.startedAt), moment(one.dueAt), moment(one.closedAt)],
    ...[one.state, one.population, one.kept, one.bySilence, one.toChange, one.undecided],
  ]),
});

const decisionOf = ({ decision, by }: ReviewedLine): XlsxCell[] =>
  decision === null ? ['not decided', null] : [decision, by ?? 'silence'];

const reviewLinesTable = ({ reviews }: Report): Table => ({
  name: 'Review lines',
  columns: columns(
    ...([
      ['Campaign', 30],
      ['Campaign id', 24],
      ['Line', 8],
      ['Subject', 40],
      ['Reviewers in the policy', 36],
    ] as const),
    ...([
      ['Decision', 14],
      ['Decided by', 28],
      ['Decided (UTC)', 20],
      ['Note', 60],
    ] as const),
  ),
  rows: reviews.flatMap(({ id, name, lines }) =>
    lines.map((line) => [
      ...[name, id, line.position, line.subject, line.reviewers.join(', ')],
      ...decisionOf(line),
      ...[moment(line.at), line.note],
    ]),
  ),
});

const controlTable = ({ controls }: Report): Table => ({
  name: 'Controls',
  columns: columns(['Framework', 16], ['Control', 22], ['About', 60], ['Where in this report', 60]),
  rows: controls.map(({ framework, control, about, where }) => [framework, control, about, where]),
});

const linesTable = (name: string, lines: readonly (readonly [string, string])[]): Table => ({
  name,
  columns: columns(['Fact', 36], ['Value', 100]),
  rows: lines.map(([what, value]) => [what, value]),
});

const put = (workbook: Workbook, { name, columns: titles, rows }: Table): void => {
  const sheet = workbook.sheet(name, titles);
  for (const row of rows) sheet.row(row);
  sheet.end();
};

export const writeSheets = (workbook: Workbook, report: Report, exceptions: readonly Exception[]): void => {
  const sheet = workbook.sheet('Exceptions', EXCEPTION_COLUMNS);
  for (const exception of exceptions) sheet.row(EXCEPTION_COLUMNS.map(({ value }) => value(exception)));
  sheet.end();
  const tables = [
    linesTable('Cover', coverLines(report)),
    ...[totalsTable, overTimeTable, latenessTable, targetsTable, ruleTable].map((make) => make(report)),
    ...[sampleTable, powersTable, exercisedTable, policyTable, reviewTable, reviewLinesTable].map((make) =>
      make(report),
    ),
    linesTable('Log', logLines(report)),
    controlTable(report),
    linesTable('Sign-off', [...signOffLines(report), ...SIGNATURE_LINES]),
  ];
  for (const one of tables) put(workbook, one);
};
