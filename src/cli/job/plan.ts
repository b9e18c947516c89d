/** What the job will run, for the people who decide: a file or the command line. Values of the job's secrets are taken out before it is sent. */
import { readFileSync } from 'node:fs';
import type { Variables } from '../../config/variable.ts';
import { usedWrongly } from './failure.ts';

/** What the server takes, and a card shows. */
export const PLAN_CHARS_MAX = 300;
const BYTES_READ_MAX = 100_000;
const SECRET_NAME = /TOKEN|SECRET|PASSW|PWD|KEY|CREDENTIAL|AUTH|PRIVATE|COOKIE|SESSION|DSN|_URL$|CONNECTION/i;
/** Shorter ones would blank ordinary text. */
const SHORTEST = 6;
const HIDDEN = '***';
/** `https://user:password@host`, and what flags and variables of a command line give away by their names. */
const WRITTEN: readonly [RegExp, string][] = [
  // To the last @ of the word: one before it may be part of the password.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)\S+@/gi, `$1${HIDDEN}@`],
  // A token in place of a user, as of GitHub: names of users are shorter.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s:/@?#]{20,}@/gi, `$1${HIDDEN}@`],
  [/(authorization["']?\s*[=:]\s*["']?)(?:(?:bearer|basic|token)\s+)?[^\s"']+/gi, `$1${HIDDEN}`],
  [/(\bbearer\s+)[^\s"']{16,}/gi, `$1${HIDDEN}`],
  [/(\bcurl\s[^\n]*?(?:-u|--user|--proxy-user)[\s=]*["']?[^\s:"']+:)[^\s"']+/gi, `$1${HIDDEN}`],
  [
    /((?:token|secret|passw(?:or)?d|pwd|api[-_]?key|credential)s?["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"']+)/gi,
    `$1${HIDDEN}`,
  ],
  [
    /(--?(?:token|secret|passw(?:or)?d|pwd|api[-_]?key|credential)s?\s+)("[^"]*"|'[^']*'|[^\s"'-][^\s"']*)/gi,
    `$1${HIDDEN}`,
  ],
];

/** Longest first: a secret may be part of another. */
const secretsIn = (env: Variables): string[] =>
  Object.entries(env)
    .flatMap(([name, value]) => (value !== undefined && SECRET_NAME.test(name) ? value.split(/\r?\n/) : []))
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);

export const withoutSecrets = (text: string, env: Variables): string => {
  const known = secretsIn(env).reduce((left, secret) => left.replaceAll(secret, HIDDEN), text);
  return WRITTEN.reduce((left, [pattern, instead]) => left.replaceAll(pattern, instead), known);
};

/** As a shell would take it. */
const shown = (part: string): string =>
  /^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", String.raw`'\''`)}'`;

const cutTo = (text: string): string => {
  const signs = Array.from(text.trim());
  return signs.length > PLAN_CHARS_MAX ? `${signs.slice(0, PLAN_CHARS_MAX - 1).join('')}…` : signs.join('');
};

const readPlan = (file: string): string => {
  try {
    return readFileSync(file).subarray(0, BYTES_READ_MAX).toString('utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null) throw error;
    throw usedWrongly(`--plan ${file.slice(0, 100)} cannot be read (${code}).`);
  }
};

/** Undefined where the job says nothing. */
export const planOf = (
  { file, command }: { file: string | undefined; command: readonly string[] | null },
  env: Variables,
): string | undefined => {
  if (file === undefined && command === null) return undefined;
  const text = file === undefined ? (command ?? []).map(shown).join(' ') : readPlan(file);
  // Cut last: half of a secret is one.
  const plan = cutTo(withoutSecrets(text, env));
  if (plan === '') throw usedWrongly(`--plan ${String(file).slice(0, 100)} is empty.`);
  return plan;
};
