/** The environment as typed values, or every problem with it at once. No secret has a default and no message holds a value of one. */
import type { AlertSource } from '../domain/alerts/types.ts';
import { pemOf } from '../lib/certificates.ts';
import { signerProblem } from '../lib/transparency/signers.ts';
import { databaseProblems } from './database.ts';
import { checkExecPrograms } from './environment-exec.ts';
import { readGithub } from './environment-github.ts';
import type { GithubEnvironment } from './environment-github.ts';
import { readGitlab } from './environment-gitlab.ts';
import type { GitlabEnvironment } from './environment-gitlab.ts';
import { readListening } from './environment-listening.ts';
import type { Listening } from './environment-listening.ts';
import { readSlack } from './environment-slack.ts';
import type { SlackEnvironment } from './environment-slack.ts';
import { redisProblems } from './redis.ts';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';
import type { ConfigProblem } from './problem.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Environment = {
  slack: SlackEnvironment;
  databaseUrl: string;
  /** Certificates of the authority of its server, in PEM. */
  databaseCa: string | null;
  redisUrl: string;
  /** Certificates of the authority of its server, in PEM. */
  redisCa: string | null;
  redisPrefix: string;
  /** 32 bytes each; the first encrypts, all decrypt. */
  secretKeys: Buffer[];
  /** What signs the audit log; null where nothing does. */
  auditKey: string | null;
  policyPath: string;
  /** Without a trailing slash; null where none was given. */
  publicUrl: string | null;
  /** null where no token is set. `apiUrl` without a trailing slash. */
  pagerDuty: { token: string; apiUrl: string } | null;
  /** null where no key is set. `apiUrl` without a trailing slash. */
  opsgenie: { apiKey: string; apiUrl: string } | null;
  /** Any of these is believed; empty where the source is not used. */
  alertSecrets: Record<AlertSource, string[]>;
  /** Null where no GitHub App is set. */
  github: GithubEnvironment;
  /** Empty where GitLab's webhook is not set up. */
  gitlabSecrets: string[];
  /** Null where no token is set. */
  gitlab: GitlabEnvironment;
  logLevel: LogLevel;
  /** Whether calls are planned so that Slack's documented rate limits are kept. */
  keepsSlackLimits: boolean;
} & Listening;

type Reader = {
  problems: ConfigProblem[];
  refuse(code: string, name: string, message: string): void;
  read(name: string): string | null;
  required(name: string, remedy: string): string;
};

const createReader = (env: Variables): Reader => {
  const problems: ConfigProblem[] = [];
  const refuse = (code: string, name: string, message: string): void =>
    void problems.push({ code, path: name, line: null, message });
  const read = (name: string): string | null => {
    const found = readVariable(env, name);
    if ('value' in found) return found.value?.trim() ?? null;
    refuse('unreadable_variable', name, found.problem);
    return null;
  };
  const required = (name: string, remedy: string): string => {
    const count = problems.length;
    const value = read(name);
    if (value === null && problems.length === count)
      refuse('missing_variable', name, `${name} is not set; ${remedy} (or give a file with it as ${name}_FILE).`);
    return value ?? '';
  };
  return { problems, refuse, read, required };
};

const SCHEMES = {
  SLACK_API_URL: ['https:', 'http:'],
  LATCHKEY_PUBLIC_URL: ['https:', 'http:'],
  PAGERDUTY_API_URL: ['https:', 'http:'],
  OPSGENIE_API_URL: ['https:', 'http:'],
  REDIS_URL: ['redis:', 'rediss:'],
} as const;

/** Checks an address without repeating it: it may hold a password. */
const checkUrl = (reader: Reader, name: keyof typeof SCHEMES, value: string | null): string | null => {
  if (!value) return null;
  const schemes: readonly string[] = SCHEMES[name];
  if (URL.canParse(value) && schemes.includes(new URL(value).protocol)) return value;
  const starts = schemes.map((scheme) => `${scheme}//`).join(' or ');
  reader.refuse('bad_url', name, `${name} is no address that starts with ${starts}; correct it.`);
  return null;
};

/** Reads all that the connection is made from later. */
const readRedis = (reader: Reader): { redisUrl: string; redisCa: string | null } => {
  const redisUrl = reader.required('REDIS_URL', 'give the address of Redis or Valkey, as redis://host:6379');
  const redisCa = reader.read('LATCHKEY_REDIS_CA') || null;
  if (checkUrl(reader, 'REDIS_URL', redisUrl))
    for (const { name, problem } of redisProblems(redisUrl, redisCa))
      reader.refuse('bad_url', name, `${name} ${problem}.`);
  return { redisUrl, redisCa: redisCa && pemOf(redisCa) };
};

const KEY_BYTES = 32;
const MAKE_KEY = 'make one with `openssl rand -base64 32`';

const readKeys = (reader: Reader): Buffer[] => {
  const name = 'LATCHKEY_SECRET_KEY';
  const text = reader.required(name, `it encrypts credentials at rest; ${MAKE_KEY}`);
  if (!text) return [];
  const keys: Buffer[] = [];
  for (const [index, part] of text.split(',').entries()) {
    const key = Buffer.from(part.trim(), 'base64');
    const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(part.trim());
    if (isBase64 && key.length === KEY_BYTES) {
      if (!keys.some((known) => known.equals(key))) keys.push(key);
      continue;
    }
    const which = text.includes(',') ? `Key ${index + 1} of ${name}` : name;
    reader.refuse('bad_secret_key', name, `${which} is not ${KEY_BYTES} bytes in base64; ${MAKE_KEY}.`);
  }
  return keys;
};

const readAuditKey = (reader: Reader): string | null => {
  const text = reader.read('LATCHKEY_AUDIT_KEY');
  const problem = text === null ? null : signerProblem(text);
  if (problem !== null) reader.refuse('bad_audit_key', 'LATCHKEY_AUDIT_KEY', `LATCHKEY_AUDIT_KEY ${problem}.`);
  return text || null;
};

const readSlackLimits = (reader: Reader): boolean => {
  const text = reader.read('LATCHKEY_SLACK_LIMITS') ?? 'keep';
  if (text !== 'keep' && text !== 'ignore')
    reader.refuse('bad_slack_limits', 'LATCHKEY_SLACK_LIMITS', 'LATCHKEY_SLACK_LIMITS must be keep or ignore.');
  return text !== 'ignore';
};

const readLogLevel = (reader: Reader): LogLevel => {
  const text = reader.read('LATCHKEY_LOG_LEVEL') ?? 'info';
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level)
    reader.refuse('bad_log_level', 'LATCHKEY_LOG_LEVEL', `LATCHKEY_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.`);
  return level ?? 'info';
};

const readPrefix = (reader: Reader): string => {
  const prefix = reader.read('LATCHKEY_REDIS_PREFIX') ?? 'latchkey';
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(prefix)) return prefix;
  reader.refuse(
    'bad_redis_prefix',
    'LATCHKEY_REDIS_PREFIX',
    'LATCHKEY_REDIS_PREFIX must be letters, digits, ".", "_" and "-", without a colon; leave it out for "latchkey".',
  );
  return prefix;
};

const readPagerDuty = (reader: Reader): Environment['pagerDuty'] => {
  const token = reader.read('PAGERDUTY_TOKEN');
  const given = checkUrl(reader, 'PAGERDUTY_API_URL', reader.read('PAGERDUTY_API_URL'));
  return token ? { token, apiUrl: (given ?? 'https://api.pagerduty.com').replace(/\/+$/, '') } : null;
};

const readOpsgenie = (reader: Reader): Environment['opsgenie'] => {
  const apiKey = reader.read('OPSGENIE_API_KEY');
  const given = checkUrl(reader, 'OPSGENIE_API_URL', reader.read('OPSGENIE_API_URL'));
  return apiKey ? { apiKey, apiUrl: (given ?? 'https://api.opsgenie.com').replace(/\/+$/, '') } : null;
};

/** What a person would make up is guessed; these let anybody who has them put asks before people. */
const SECRET_CHARS = 16;

type HookSecret =
  | 'PAGERDUTY_WEBHOOK_SECRET'
  | 'ALERTMANAGER_TOKEN'
  | 'ALERT_HOOK_SECRET'
  | 'LATCHKEY_GITLAB_WEBHOOK_SECRET';

/** Several with commas between: for several webhooks, and to change one after the other. */
const readHookSecrets = (reader: Reader, name: HookSecret): string[] => {
  const secrets = (reader.read(name) ?? '').split(',').flatMap((part) => part.trim() || []);
  if (secrets.some(({ length }) => length < SECRET_CHARS)) {
    const message = `${name} is shorter than ${SECRET_CHARS} characters; take the source's own secret, or make one with \`openssl rand -hex 32\`.`;
    reader.refuse('weak_secret', name, message);
  }
  return secrets;
};

/** Reads everything before it answers, so that one start names every problem. */
export const readEnvironment = (env: Variables): { environment: Environment } | { problems: ConfigProblem[] } => {
  const { environment, problems } = readPartly(env);
  return problems.length > 0 ? { problems } : { environment };
};

/** What can be used in spite of the problems; what a problem names is empty. For `latchkey doctor`, which looks at the rest all the same. */
export const readPartly = (env: Variables): { environment: Environment; problems: ConfigProblem[] } => {
  const reader = createReader(env);
  const slack = readSlack(reader, checkUrl(reader, 'SLACK_API_URL', reader.read('SLACK_API_URL')));
  const databaseUrl = reader.required(
    'DATABASE_URL',
    'give the address of a Postgres database, as postgres://user:password@host/name',
  );
  const databaseCa = reader.read('LATCHKEY_DATABASE_CA') || null;
  if (databaseUrl) reader.problems.push(...databaseProblems({ url: databaseUrl, ca: databaseCa }, env));
  checkExecPrograms(reader);
  const publicUrl = checkUrl(reader, 'LATCHKEY_PUBLIC_URL', reader.read('LATCHKEY_PUBLIC_URL'));
  const environment: Environment = {
    slack,
    databaseUrl,
    databaseCa,
    ...readRedis(reader),
    redisPrefix: readPrefix(reader),
    secretKeys: readKeys(reader),
    auditKey: readAuditKey(reader),
    policyPath: reader.read('LATCHKEY_POLICY') ?? 'latchkey.yml',
    publicUrl: publicUrl?.replace(/\/+$/, '') ?? null,
    pagerDuty: readPagerDuty(reader),
    opsgenie: readOpsgenie(reader),
    alertSecrets: {
      pagerduty: readHookSecrets(reader, 'PAGERDUTY_WEBHOOK_SECRET'),
      alertmanager: readHookSecrets(reader, 'ALERTMANAGER_TOKEN'),
      generic: readHookSecrets(reader, 'ALERT_HOOK_SECRET'),
    },
    github: readGithub(reader),
    gitlab: readGitlab(reader),
    gitlabSecrets: readHookSecrets(reader, 'LATCHKEY_GITLAB_WEBHOOK_SECRET'),
    ...readListening(reader),
    logLevel: readLogLevel(reader),
    keepsSlackLimits: readSlackLimits(reader),
  };
  return { environment, problems: reader.problems };
};
