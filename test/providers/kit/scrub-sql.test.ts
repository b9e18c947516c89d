/** Statements are written by borrowers: no way to write one holds up what else Latchkey does. */
import { expect, test } from 'vitest';
import { scrubSql } from '../../../src/providers/kit/scrub-sql.ts';
import { mostStatements, statementOf } from '../../../src/providers/mysql/log-text.ts';

/** Minutes with a pattern that reads a part in two ways; well under a second with these. */
const LENGTH = 100_000;
const MOST_MS = 15_000;
const filled = (part: string, length = LENGTH): string => part.repeat(Math.ceil(length / part.length)).slice(0, length);

/** Names, gaps and quotes in every order, opened and never closed. */
const HOSTILE: [string, string][] = [
  'password',
  'password ',
  'password=',
  "password''",
  "password=''",
  'password/*',
  'password/**/',
  'password--',
  'password $a$',
  'password$a',
  'secret',
  '/**/',
  '/*/',
  '://:',
  '://a',
  '://@',
  'identified by ',
  'identified with x',
  'password for ',
  'old_password( ',
  '_a ',
  "''",
  '\\',
  '$',
  '`',
  '1',
  ' ',
].flatMap((part): [string, string][] => [
  [`${part} again and again`, filled(part)],
  [`password and ${part} again and again`, `password${filled(part)}x`],
  [`identified by and ${part} again and again`, `identified by ${filled(part)}x`],
]);

test.each(HOSTILE)('takes time in proportion to its length: %s', (_what, sql) => {
  const begun = performance.now();
  scrubSql(sql);
  for (const command of ['Query', 'Execute']) statementOf({ command, text: sql, bytes: sql.length });
  mostStatements(sql);
  expect(performance.now() - begun).toBeLessThan(MOST_MS);
});

test('the longest statement that is kept does not exhaust the stack', () => {
  const text = `select '${filled("a''", 4_000_000)}'`;
  expect(scrubSql(`password ${text.slice(7)}`)).toBe("password '***'");
  expect(statementOf({ command: 'Execute', text, bytes: text.length })).toBe('select ?');
});

test.each([
  ["execute 'alter role x password ''top secret'''", "execute 'alter role x password '***''"],
  ["select 'x@y', '://a:b', dblink('host=h')", "select 'x@y', '://a:b', dblink('host=h')"],
  ["connection 'a://b/c://u:top:x@h' and 'q://u:top@h'", "connection 'a://b/c://u:***@h' and 'q://u:***@h'"],
])('hides what is a password, and nothing else: %s', (sql, shown) => {
  expect(scrubSql(sql)).toBe(shown);
});
