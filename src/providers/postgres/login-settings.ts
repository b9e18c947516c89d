/** What is set on a login beside its rights: limits of the role, and what makes the server log each of its statements. */
import pg from 'pg';
import { z } from 'zod';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

const time = z
  .string('must be a time with its unit, such as 30s or 5min')
  .regex(/^[1-9]\d{0,8}(ms|s|min|h|d)$/, 'must be a time with its unit, such as 30s or 5min');
const size = z
  .string('must be a size with its unit, such as 512MB or 1GB')
  .regex(/^[1-9]\d{0,5}(kB|MB|GB|TB)$/, 'must be a size with its unit, such as 512MB or 1GB');

/** What the server refuses to an ordinary login: nobody in the session can change it. Tests hold this on every version. */
const LOCKS = { temp_file_limit: size } as const;
/** What each session may change for itself: good against accidents, and no lock. */
const DEFAULTS = {
  statement_timeout: time,
  lock_timeout: time,
  idle_in_transaction_session_timeout: time,
  idle_session_timeout: time,
  /** From Postgres 17 on. */
  transaction_timeout: time,
  work_mem: size,
} as const;

const shape = { ...LOCKS, ...DEFAULTS };

export const limitsField = z.strictObject(
  Object.fromEntries(Object.entries(shape).map(([setting, value]) => [setting, value.optional()])) as {
    [Setting in keyof typeof shape]: z.ZodOptional<z.ZodString>;
  },
  `must hold settings of the server, as { statement_timeout: 30s, temp_file_limit: 1GB }; known are ${Object.keys(shape).join(', ')}`,
);

/** What of a role is set on its login. */
type Scope = { limits?: z.output<typeof limitsField> | undefined; record?: 'statements' | undefined };

/** Of one login at once. */
export const maxSessionsOf = (
  scope: { connection_limit: number },
  { settings }: { settings: { maxSessions: number } },
): number => Math.min(scope.connection_limit, settings.maxSessions);

/**
 * `lc_messages`: lines of the log begin with the words that distinguish a statement from the rest. Values of parameters are data of customers
 * more often than not, and stay out of the log.
 */
const RECORDING = [
  ['log_statement', 'all'],
  ['log_parameter_max_length', '0'],
  ['lc_messages', 'C'],
] as const;

type Setting = readonly [setting: string, value: string];

const limitsOf = ({ limits = {} }: Scope): Setting[] =>
  Object.entries(limits).filter((limit): limit is [string, string] => limit[1] !== undefined);

const isRecorded = ({ record }: Scope): boolean => record === 'statements';

/** As Postgres keeps them for the login. */
const loginSettings = (scope: Scope): Setting[] => [...limitsOf(scope), ...(isRecorded(scope) ? RECORDING : [])];

const isLocked = ([setting]: Setting): boolean => Object.hasOwn(LOCKS, setting);

/** Those that only a superuser, or who was given the right, may set. */
const locked = (scope: Scope): Setting[] => [
  ...(isRecorded(scope) ? RECORDING : []),
  ...limitsOf(scope).filter(isLocked),
];

export const lockedSettings = (scope: Scope): string[] => locked(scope).map(([setting]) => setting);

/** What nobody in a session can have changed. @returns those that are not there as they were made, read back from the login. */
export const changedLocks = (settings: readonly string[] | null, scope: Scope): Setting[] =>
  locked(scope).filter(([setting, value]) => !(settings ?? []).includes(`${setting}=${value}`));

export const setSql = (login: string, settings: readonly Setting[]): string[] =>
  settings.map(([setting, value]) => `ALTER ROLE ${name(login)} SET ${name(setting)} = ${literal(value)};`);

export const loginSettingsSql = (login: string, scope: Scope): string[] => setSql(login, loginSettings(scope));

/** The first that is not there as it was requested, read back from the login; null where all are. */
export const missingSetting = (settings: readonly string[] | null, scope: Scope): string | null =>
  loginSettings(scope).find(([setting, value]) => !(settings ?? []).includes(`${setting}=${value}`))?.[0] ?? null;

/** For people, before they agree to the access and when they take it. */
export const termsOf = (scope: Scope): string[] => {
  const said = (settings: readonly Setting[]): string =>
    settings.map(([setting, value]) => `${setting} ${value}`).join(', ');
  const [locks, defaults] = [true, false].map((isLock) =>
    limitsOf(scope).filter((limit) => isLocked(limit) === isLock),
  );
  return [
    isRecorded(scope) && 'Statements are recorded.',
    locks && locks.length > 0 && `Limit: ${said(locks)}.`,
    defaults && defaults.length > 0 && `Default, which a session may change: ${said(defaults)}.`,
  ].filter((sentence) => typeof sentence === 'string');
};
