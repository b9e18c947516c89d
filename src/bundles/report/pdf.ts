/** The report as a PDF that is read from front to back: figures first, then what needs judgement, then the rest. */
import type { Exception } from '../../domain/reports/exceptions.ts';
import type { RegisterRow } from '../../domain/reports/register.ts';
import type { Power, Report, Tally } from '../../application/reports/report-types.ts';
import { QUIET, facts, heading, keepRoom, named, number, openPdf, paragraph, table, text } from '../pdf/document.ts';
import type { Page } from '../pdf/document.ts';
import { isLossy } from '../pdf/fonts.ts';
import {
  SIGNATURE_LINES,
  coverLines,
  exceptionCounts,
  logLines,
  policyChanges,
  shortTime,
  signOffLines,
} from './sections.ts';
import { OVER_TIME_ROOM, latenessPlot, overTimePlot } from './plots.ts';
import { exceptionRow, exceptionSection } from './pdf-exceptions.ts';
import { tiles } from './tiles.ts';

const LOSSY =
  'The fonts of this file do not have every letter: what they miss is shown as ?. register.csv, report.xlsx and report.json have each text.';
const SIGN_OFF_ROOM = 280;
/** Of a row that is written in by hand. */
const SIGNATURE_HEIGHT = 28;

const cover = (page: Page, report: Report, isShort: boolean): void => {
  const { totals, sample, period } = report;
  const { all, unanswered } = exceptionCounts(report);
  heading(page, 'H1', `Access report ${period.label}`);
  paragraph(
    page,
    'Temporary production access: who had it, who decided, how it ended, and what needs an answer.',
    QUIET,
  );
  tiles(page, [
    [String(totals.rows), 'requests'],
    [String(totals.flow.activated), 'grants became active'],
    [String(all), unanswered === 0 ? 'exceptions, each with an answer' : `exceptions, ${unanswered} without an answer`],
    [`${totals.controls.filter(({ agrees }) => agrees).length}/${totals.controls.length}`, 'control totals agree'],
    [String(sample.drawn.length), 'grants in the sample'],
  ]);
  if (isShort) paragraph(page, LOSSY);
  facts(page, coverLines(report));
};

const countsText = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';

const totalsSection = (page: Page, { totals, carried }: Report): void => {
  heading(page, 'H2', 'Control totals');
  paragraph(
    page,
    'Each number is counted twice: in the events of the log, and in the rows of the register. register.csv has one row for each request.',
  );
  const columns = [named('Control', 6), number('In the log'), number('In the register'), text('Agrees', 0.8)];
  table(
    page,
    columns,
    totals.controls.map(({ what, log, register, agrees }) => [
      what,
      String(log),
      String(register),
      agrees ? 'yes' : 'NO',
    ]),
  );
  const { openAtStart, activated, ended, openAtEnd } = totals.flow;
  facts(page, [
    [
      'Grants',
      `${openAtStart} open at the start, ${activated} became active, ${ended} were removed, ${openAtEnd} open at the end`,
    ],
    [
      'Carried over',
      `${carried} of earlier requests were live in the period; the register of their own period has their rows`,
    ],
    ['By state', countsText(totals.byState)],
    ['By decision', countsText(totals.byDecision)],
  ]);
};

const overTimeSection = (page: Page, { totals }: Report): void => {
  const { overTime, lateness } = totals;
  keepRoom(page, OVER_TIME_ROOM);
  heading(page, 'H2', `Each ${overTime.unit}`);
  paragraph(page, `From the first day of the period on; the last ${overTime.unit} ends with it.`, QUIET);
  overTimePlot(page, overTime);
  heading(page, 'H2', 'How late access was closed');
  paragraph(page, 'From when it was due until no login was possible and no session was left, read back.', QUIET);
  latenessPlot(page, lateness);
};

const tallyTable = (page: Page, title: string, tallies: readonly Tally[]): void => {
  const columns = [named(title, 5), number('Requests'), number('Became active')];
  if (tallies.length > 0)
    table(
      page,
      columns,
      tallies.map(({ name, requests, grants }) => [name, String(requests), String(grants)]),
    );
};

const peopleOf = ({ approvers, decidedBy, rule }: RegisterRow): string =>
  approvers.map(({ name, id }) => name || id).join(', ') ||
  (rule === null || rule === decidedBy ? (decidedBy ?? 'none') : `${decidedBy ?? 'none'}: ${rule}`);

const sampleSection = (page: Page, { sample }: Report): void => {
  heading(page, 'H2', 'Sample');
  paragraph(page, sample.method);
  facts(page, [
    ['Root', sample.root],
    ['Population', `${sample.population} grants, of which ${sample.drawn.length} are in the sample`],
  ]);
  if (sample.drawn.length === 0) return;
  const columns = [
    number('#', 0.7),
    text('Grant', 2.2),
    text('Requester', 2),
    text('Role', 2.2),
    text('Decided by', 2.4),
    text('Active (UTC)', 1.8),
    text('Removed (UTC)', 1.8),
    text('Digest', 2),
  ];
  const rows = sample.drawn.map(({ digest, row }, index) => [
    ...[String(index + 1), row.grant ?? '', row.requester.name ?? 'erased', `${row.target}/${row.role}`, peopleOf(row)],
    ...[
      row.activeAt === null ? '' : shortTime(row.activeAt),
      row.endedAt === null ? 'not yet' : shortTime(row.endedAt),
    ],
    `${digest.slice(0, 10)}…`,
  ]);
  table(page, columns, rows);
  paragraph(
    page,
    'For each: latchkey audit evidence <grant> --out evidence.zip. report.xlsx has the whole digests.',
    QUIET,
  );
};

const powerRow = ({ what, where: over, refs, people, unknown }: Power): string[] => {
  const now = people === null ? 'not looked up: SLACK_BOT_TOKEN is not set' : people.join(', ') || 'no one';
  return [what, over, refs.join(', '), unknown.length > 0 ? `${now}; not readable: ${unknown.join(', ')}` : now];
};

const powersSection = (page: Page, { powers, exercised }: Report): void => {
  heading(page, 'H2', 'Powers');
  paragraph(page, 'Who may decide and administer by the policy in force when this report was made.');
  table(
    page,
    [named('Power', 1.6), text('Over', 2.4), text('In the policy', 2.4), text('People now', 5)],
    powers.map(powerRow),
  );
  heading(page, 'H3', 'Powers used in the period');
  if (exercised.length === 0) return paragraph(page, 'No person decided or administered in the period.');
  const columns = [
    named('Person', 3),
    text('Person id', 3),
    number('Approved'),
    number('Denied'),
    number('Reviews, follow-ups, other', 1.6),
  ];
  table(
    page,
    columns,
    exercised.map(({ name, id, approved, denied, other }) => [
      name || 'erased',
      id,
      String(approved),
      String(denied),
      String(other),
    ]),
  );
};

const policySection = (page: Page, { policies }: Report): void => {
  heading(page, 'H2', 'Policy');
  if (policies.length === 0) return paragraph(page, 'The log has no policy of this period.');
  const columns = [
    named('In force from (UTC)', 1.8),
    text('SHA-256', 3),
    text('By, revision', 2.2),
    text('Changes', 5),
  ];
  const rows = policies.map((version) => [
    ...[shortTime(version.at), version.sha256],
    ...[[version.by, version.revision].filter(Boolean).join(', ') || 'not known', policyChanges(version)],
  ]);
  table(page, columns, rows);
};

const reviewSection = (page: Page, { reviews }: Report): void => {
  heading(page, 'H2', 'Reviews');
  if (reviews.length === 0) return paragraph(page, 'No review campaign was open in the period.');
  paragraph(page, 'report.xlsx has each line: who decided, when, and why.', QUIET);
  const columns = [
    named('Campaign', 3),
    text('What', 1.6),
    text('Started (UTC)', 2),
    text('Due (UTC)', 2),
    text('Closed (UTC)', 2),
    text('State', 1.4),
    number('Lines', 0.9),
    number('Keep', 0.9),
    number('Kept by silence', 1.1),
    number('Change', 1.1),
    number('Not decided'),
  ];
  const rows = reviews.map((one) => [
    ...[one.name, one.what, shortTime(one.startedAt), shortTime(one.dueAt)],
    ...[one.closedAt === null ? 'not yet' : shortTime(one.closedAt), one.state],
    ...[one.population, one.kept, one.bySilence, one.toChange, one.undecided].map(String),
  ]);
  table(page, columns, rows);
};

const controlSection = (page: Page, { controls }: Report): void => {
  heading(page, 'H2', 'Controls');
  paragraph(
    page,
    'Which section is evidence for which control. The numbers name the controls; their wording is in the standards.',
  );
  table(
    page,
    [named('Control', 2), text('About', 4), text('Where in this report', 4)],
    controls.map(({ framework, control, about, where: section }) => [`${framework} ${control}`, about, section]),
  );
};

const texts = (report: Report, exceptions: readonly Exception[]): string[] => [
  ...exceptions.flatMap(exceptionRow),
  ...report.sample.drawn.flatMap(({ row }) => [row.requester.name ?? '', peopleOf(row)]),
  ...report.powers.flatMap(powerRow),
  ...report.exercised.map(({ name }) => name),
];

export const writePdf = async (
  report: Report,
  exceptions: readonly Exception[],
  onData: (part: Buffer) => void,
): Promise<void> => {
  const title = `Access report ${report.period.label}, ${report.checkpoint.origin}`;
  const { page, finish } = await openPdf({ title, madeAt: new Date(report.made.at), onData });
  cover(page, report, texts(report, exceptions).some(isLossy));
  totalsSection(page, report);
  overTimeSection(page, report);
  heading(page, 'H2', 'By role');
  tallyTable(page, 'Role', report.totals.byTarget);
  heading(page, 'H2', 'Approved by a rule alone');
  tallyTable(page, 'Rule', report.totals.byRuleAlone);
  if (report.totals.byRuleAlone.length === 0) paragraph(page, 'No rule approved a request alone.');
  exceptionSection(page, report, exceptions);
  sampleSection(page, report);
  powersSection(page, report);
  policySection(page, report);
  reviewSection(page, report);
  heading(page, 'H2', 'Health of the log');
  facts(page, logLines(report));
  controlSection(page, report);
  keepRoom(page, SIGN_OFF_ROOM);
  heading(page, 'H2', 'Sign-off');
  facts(page, signOffLines(report));
  facts(page, SIGNATURE_LINES, SIGNATURE_HEIGHT);
  await finish();
};
