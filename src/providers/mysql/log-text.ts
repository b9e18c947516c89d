/** What a line of the general log says was done, without secrets and without values of parameters. */
import { scrubSql } from '../kit/scrub-sql.ts';
import type { LogLine } from './log-access.ts';

/** They say nothing of what was done: how a session begins and ends, and what a driver does around a statement. */
const SILENT = new Set([
  'Connect',
  'Quit',
  'Prepare',
  'Close stmt',
  'Reset stmt',
  'Long Data',
  'Fetch',
  'Ping',
  'Statistics',
  'Field List',
]);

/** To the end where it is cut off. A prefix such as `_utf8mb4` or `x` goes with it. */
const STRING = String.raw`(?:\b[xXbBnN]|\b_\w{1,64}\s{0,20})?(?:'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*(?:'|$)|"[^"\\]*(?:(?:""|\\[\s\S])[^"\\]*)*(?:"|$))`;
const QUOTED_NAME = '`(?:[^`]|``)*`';
const NUMBER = String.raw`\b0[xX][0-9a-fA-F]+\b|\b0b[01]+\b|(?<![\w$.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b`;
const COMMENT = String.raw`/\*[\s\S]*?(?:\*/|$)|#[^\n]*|--\s[^\n]*`;
const VALUE = new RegExp(`(${QUOTED_NAME}|${COMMENT})|${STRING}|${NUMBER}`, 'g');

/** The server pastes the values of parameters into what it logs of a prepared statement: each value goes, also one that stood there before. */
const withoutValues = (text: string): string => text.replaceAll(VALUE, (_all, kept?: string) => kept ?? '?');

/** `IDENTIFIED BY 'x'`, `IDENTIFIED VIA y USING 'x'`, `PASSWORD('x')`. Within limits: a borrower writes what this takes its time with. */
const [GAP, GAPS] = [String.raw`\s{0,50}`, String.raw`\s{1,50}`];
const IDENTIFIED = new RegExp(
  String.raw`(\bidentified${GAPS}(?:(?:with|via)${GAPS}\S{1,100}${GAPS})?(?:by|as|using)${GAPS}(?:password${GAP})?(?:\(${GAP})?|\b(?:old_)?password${GAP}\(${GAP}|\bpassword${GAP}(?:=|for\b[^=]{0,200}=)${GAP})${STRING}`,
  'gi',
);

const scrubbed = (text: string): string => scrubSql(text.replaceAll(IDENTIFIED, `$1'***'`));

/** Null for a line that is no statement. */
export const statementOf = ({ command, text, bytes }: Pick<LogLine, 'command' | 'text' | 'bytes'>): string | null => {
  if (SILENT.has(command)) return null;
  if (text === null) return `-- ${command} of ${bytes} bytes, which is too long to be kept`;
  if (command === 'Query') return scrubbed(text);
  if (command === 'Execute') return scrubbed(withoutValues(text));
  return command === 'Init DB' ? `use ${text}` : `-- ${command}${text === '' ? '' : `: ${scrubbed(text)}`}`;
};

const SEPARATED = new RegExp(`${QUOTED_NAME}|${COMMENT}|${STRING}|(;)`, 'g');

/** The most statements that the server can have counted for it: several may be sent as one text, and stand in one line. */
export const mostStatements = (text: string): number => {
  let separators = 0;
  for (const [, separator] of text.matchAll(SEPARATED)) if (separator !== undefined) separators += 1;
  return separators + 1;
};
