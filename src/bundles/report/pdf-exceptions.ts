/** The exceptions in the PDF of a report: how many of each kind, then each, those without an answer first. */
import type { Exception } from '../../domain/reports/exceptions.ts';
import { EXCEPTION_KINDS } from '../../domain/reports/exceptions.ts';
import type { Report } from '../../application/reports/report-types.ts';
import { heading, named, number, paragraph, table, text } from '../pdf/document.ts';
import type { Page } from '../pdf/document.ts';
import { shortTime } from './sections.ts';

const where = ({ target, role }: Exception): string => [target, role].filter(Boolean).join('/');

export const exceptionRow = (exception: Exception): string[] => {
  const { kind, at, who, what, answer, concerns } = exception;
  return [
    `${EXCEPTION_KINDS[kind]}, ${shortTime(at)}`,
    [who, where(exception)].filter(Boolean).join(', '),
    what,
    answer ?? 'NO ANSWER',
    concerns,
  ];
};

export const exceptionSection = (page: Page, report: Report, exceptions: readonly Exception[]): void => {
  heading(page, 'H2', 'Exceptions');
  const columns = [named('Exception', 5), number('Found'), number('Without an answer')];
  table(
    page,
    columns,
    report.totals.exceptions.map(({ title, count, unanswered }) => [title, String(count), String(unanswered)]),
  );
  if (exceptions.length === 0) return paragraph(page, 'Nothing of this kind happened in the period.');
  const open = exceptions.filter(({ answer }) => answer === null);
  const answered = exceptions.filter(({ answer }) => answer !== null);
  const lines = [
    text('Exception, time (UTC)', 2),
    text('Who, where', 2),
    text('What', 4),
    text('Answer', 4),
    text('Concerns', 2),
  ];
  for (const [title, some] of [['Without an answer', open] as const, ['With an answer', answered] as const]) {
    if (some.length === 0) continue;
    heading(page, 'H3', `${title} (${some.length})`);
    table(page, lines, some.map(exceptionRow));
  }
};
