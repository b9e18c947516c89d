/** What a Postgres target is configured with, what a role asks of it, and what we remember of a grant. */
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { caProblem } from '../../lib/certificates.ts';
import { tlsOf, tlsProblem, type SslMode, type TlsSettings } from '../../lib/postgres-tls.ts';
import { readPostgresUrl, urlProblem } from '../../lib/postgres-url.ts';
import { caField, clearTextWarnings, portField, sslmodeField, wholeNumber } from '../kit/config-fields.ts';
import { groupSettingsSchema } from './group-settings.ts';
import { limitsField } from './login-settings.ts';
import { startsSchema } from './log-position.ts';

/** Identifiers in Postgres are cut here (postgresql.org/docs/current/sql-syntax-lexical.html). */
export const MAX_NAME_BYTES = 63;
const roleName = z
  .string('must be the name of a role')
  .min(1, 'must be the name of a role')
  .refine(
    (name) => Buffer.byteLength(name) <= MAX_NAME_BYTES && !name.includes('\0'),
    'must be at most 63 bytes, as every name in Postgres',
  );

const CA_FROM_FILE = 'write ca: "${ORDERS_DB_CA}", and set ORDERS_DB_CA_FILE to that path where Latchkey starts';
const CA_INSTEAD = `the certificate goes into the config of the target; ${CA_FROM_FILE}`;

const targetUrlProblem = (text: string): string | null => {
  const problem = urlProblem(text, { fromFile: CA_INSTEAD });
  if (problem) return problem;
  const { host, user, password, database } = readPostgresUrl(text);
  if (!host) return 'must name the host';
  if (!user || !password) return 'must hold the user and password of the role that Latchkey works as';
  return database ? null : 'must name the database after the host, as in postgresql://user:password@host:5432/database';
};

type Given = { url: string; sslmode?: SslMode | undefined; ca?: string | undefined };

const tlsSettingsOf = ({ url, sslmode, ca }: Given): TlsSettings => {
  const fromUrl = readPostgresUrl(url);
  return { sslmode: sslmode ?? fromUrl.sslmode, ca: ca ?? null, hasSystemRoots: fromUrl.hasSystemRoots };
};

/** What each says by itself is right; together they may not be. */
const togetherProblem = (config: Given): { path: string[]; message: string } | null => {
  if (targetUrlProblem(config.url) || (config.ca !== undefined && caProblem(config.ca, CA_FROM_FILE))) return null;
  const fromUrl = readPostgresUrl(config.url).sslmode;
  if (config.sslmode && fromUrl && fromUrl !== config.sslmode)
    return {
      path: ['sslmode'],
      message: `is ${config.sslmode}, and ${fromUrl} in the url of the target: leave one out`,
    };
  const message = tlsProblem(tlsSettingsOf(config), { ca: 'ca', sslmode: 'sslmode' });
  return message === null ? null : { path: [config.ca === undefined ? 'sslmode' : 'ca'], message };
};

const urlOf = (isMissing: string) =>
  z.string(isMissing).superRefine((text, ctx) => {
    const message = targetUrlProblem(text);
    if (message) ctx.addIssue({ code: 'custom', message });
  });

const configShape = z.strictObject({
  /** The role that Latchkey works as. Secret. */
  url: urlOf('is missing: the URL of the role that Latchkey works as'),
  /** Standbys that people can reach: an end is whole when each of them has taken it over. Secret. */
  replicas: z
    .array(urlOf('must be the URL of a standby'), 'must be a list of URLs, one for each standby')
    .max(20, 'has more than 20 standbys')
    .optional(),
  /** Where people connect, when that is another address than Latchkey's own (a proxy, a public name). */
  connect: z
    .strictObject({
      host: z.string('must be a host name').min(1, 'must be a host name').optional(),
      port: portField.optional(),
      database: roleName.optional(),
    })
    .optional(),
  sslmode: sslmodeField.optional(),
  ca: caField(CA_FROM_FILE).optional(),
  /** No grant on this target may have more sessions at once than this, whatever its role says. */
  max_connections: wholeNumber(1, 10_000).default(10),
});

const placeOf = (url: string): string => {
  const { host, port } = readPostgresUrl(url);
  return `${host}:${port}`;
};

/** With a standby in place of the primary; what the others say of TLS holds for it too. */
const replicaProblems = (config: z.infer<typeof configShape>): { path: string[]; message: string }[] => {
  const { url, replicas = [] } = config;
  if ([url, ...replicas].some(targetUrlProblem)) return [];
  const problems = replicas.flatMap((replica, index) => {
    const problem = togetherProblem({ ...config, url: replica });
    return problem ? [{ path: ['replicas', String(index)], message: problem.message }] : [];
  });
  const places = [url, ...replicas].map(placeOf);
  const twice = { path: ['replicas'], message: 'names a server twice, or the primary: leave it out' };
  return new Set(places).size < places.length ? [...problems, twice] : problems;
};

export const configSchema = configShape.superRefine((config, ctx) => {
  const problem = togetherProblem(config);
  if (problem) ctx.addIssue({ code: 'custom', ...problem });
  else for (const one of replicaProblems(config)) ctx.addIssue({ code: 'custom', ...one });
});
export type Config = z.infer<typeof configSchema>;

/** What is allowed and unwise. */
export const configWarnings = (config: Config): { path: string; message: string }[] => {
  const warningsFor = (url: string) =>
    clearTextWarnings({
      host: readPostgresUrl(url).host,
      sslmode: tlsSettingsOf({ ...config, url }).sslmode,
      isInUrl: config.sslmode === undefined,
    });
  const ofReplicas = (config.replicas ?? []).flatMap((url, index) =>
    warningsFor(url).map((one) => ({ ...one, path: `replicas.${index}` })),
  );
  return [...warningsFor(config.url), ...ofReplicas];
};

export const scopeSchema = z
  .strictObject({
    /** The groups whose rights the login has. */
    member_of: z
      .array(roleName, 'must be a list of group roles, such as [app_read]')
      .min(1, 'must name at least one group role'),
    /** The group that a session acts as from its first statement, and that owns what it makes. */
    set_role: roleName.optional(),
    /** Sessions at once. */
    connection_limit: wholeNumber(1, 10_000).default(5),
    /** Settings of each session, as limits or as defaults. */
    limits: limitsField.optional(),
    /** The server logs what is done through the login, and Latchkey keeps it. */
    record: z.literal('statements', 'must be "statements", or be left out').optional(),
  })
  .refine((scope) => scope.set_role === undefined || scope.member_of.includes(scope.set_role), {
    path: ['set_role'],
    message: 'must be one of member_of',
  });
export type Scope = z.infer<typeof scopeSchema>;

export const handleSchema = z.object({
  role: z.string(),
  /** Sessions outlive a login that was dropped by hand, and only its oid still finds them. */
  oid: z.number().nullable().default(null),
  /** What the groups had set at the grant; the comment of the login has it too. Left out in handles from before it was noted. */
  settings: groupSettingsSchema.optional(),
  /** Where the log of each server ended before the login was made. Only where statements are recorded. */
  starts: startsSchema.optional(),
});
export type Handle = z.infer<typeof handleSchema>;

/** The group a session acts as. */
export const groupOf = (scope: Scope): string => scope.set_role ?? scope.member_of[0] ?? '';

export type Settings = {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  ssl: ConnectionOptions | false;
  /** What people are shown. */
  shown: { host: string; port: number; database: string; sslmode: SslMode | null };
  maxSessions: number;
  replicas: Settings[];
};

export const settingsOf = (config: Config): Settings => {
  const { host, port, database, user, password } = readPostgresUrl(config.url);
  const { sslmode, ca } = tlsSettingsOf(config);
  const own = { host, port, database };
  return {
    ...own,
    user,
    password,
    ssl: tlsOf({ sslmode, ca }),
    shown: {
      host: config.connect?.host ?? own.host,
      port: config.connect?.port ?? own.port,
      database: config.connect?.database ?? own.database,
      sslmode,
    },
    maxSessions: config.max_connections,
    replicas: (config.replicas ?? []).map((url) => settingsOf({ ...config, url, replicas: [] })),
  };
};
