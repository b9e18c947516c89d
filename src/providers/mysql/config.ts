/** What a MySQL or MariaDB target is configured with, what a role asks of it, and what we remember of a grant. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { caProblem } from '../../lib/certificates.ts';
import { tlsProblem, type SslMode, type TlsSettings } from '../../lib/postgres-tls.ts';
import { caField, clearTextWarnings, portField, sslmodeField, wholeNumber } from '../kit/config-fields.ts';
import { startsSchema } from './log-position.ts';
import { readMysqlUrl, urlProblem } from './url.ts';

/** mariadb.com/kb/en/identifier-names: user and role names; MySQL takes 32. */
const name = z
  .string('must be the name of a role')
  .min(1, 'must be the name of a role')
  .max(80, 'must be at most 80 characters')
  .refine((text) => !/[\p{Cc}\u2028\u2029]/u.test(text), 'must be one line of text');

const CA_FROM_FILE = 'write ca: "${SHOP_DB_CA}", and set SHOP_DB_CA_FILE to that path where Latchkey starts';

type Given = { url: string; sslmode?: SslMode | undefined; ca?: string | undefined };

const tlsSettingsOf = ({ url, sslmode, ca }: Given): TlsSettings => ({
  sslmode: sslmode ?? readMysqlUrl(url).sslmode,
  ca: ca ?? null,
  hasSystemRoots: false,
});

/** The driver cannot compare an address with a certificate: it would take one for `localhost`. */
const ADDRESS =
  'is verify-full, and the url names an IP address: name the host as it stands in its certificate, or use verify-ca with a ca';

/** What each says by itself is right; together they may not be. */
const togetherProblem = (config: Given): { path: string[]; message: string } | null => {
  if (urlProblem(config.url) || (config.ca !== undefined && caProblem(config.ca, CA_FROM_FILE))) return null;
  const { host, sslmode: fromUrl } = readMysqlUrl(config.url);
  if (config.sslmode && fromUrl && fromUrl !== config.sslmode)
    return {
      path: ['sslmode'],
      message: `is ${config.sslmode}, and ${fromUrl} in the url of the target: leave one out`,
    };
  const settings = tlsSettingsOf(config);
  if (settings.sslmode === 'verify-full' && isIP(host) !== 0) return { path: ['sslmode'], message: ADDRESS };
  const message = tlsProblem(settings, { ca: 'ca', sslmode: 'sslmode' });
  return message === null ? null : { path: [config.ca === undefined ? 'sslmode' : 'ca'], message };
};

/** `host` or `host:port`, an IPv6 address in brackets. */
const node = z
  .string('must be host or host:port')
  .regex(/^(?:[\w.-]{1,253}|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/, 'must be host or host:port');

const configShape = z.strictObject({
  /** The account that Latchkey works as. Secret. */
  url: z.string('is missing: the URL of the account that Latchkey works as').superRefine((text, ctx) => {
    const message = urlProblem(text);
    if (message) ctx.addIssue({ code: 'custom', message });
  }),
  /** Where people connect, when that is another address than Latchkey's own (a proxy, a public name). */
  connect: z
    .strictObject({
      host: z.string('must be a host name').min(1, 'must be a host name').optional(),
      port: portField.optional(),
      database: name.optional(),
    })
    .optional(),
  /** Further servers that know the same accounts, where people may have sessions: replicas, Galera nodes. */
  nodes: z.array(node, 'must be a list of host:port').max(50, 'has more than 50 nodes').optional(),
  sslmode: sslmodeField.optional(),
  ca: caField(CA_FROM_FILE).optional(),
});

export const configSchema = configShape.superRefine((config, ctx) => {
  const problem = togetherProblem(config);
  if (problem) ctx.addIssue({ code: 'custom', ...problem });
});
export type Config = z.infer<typeof configSchema>;

/** What is allowed and unwise. */
export const configWarnings = (config: Config): { path: string; message: string }[] => {
  const { host } = readMysqlUrl(config.url);
  const { sslmode } = tlsSettingsOf(config);
  return clearTextWarnings({ host, sslmode, isInUrl: config.sslmode === undefined });
};

/** As the server calls them (mariadb.com/kb/en/create-user, "Resource Limit Options"). */
const limits = z.strictObject(
  {
    max_user_connections: wholeNumber(1, 10_000).optional(),
    /** In seconds. MariaDB only. */
    max_statement_time: wholeNumber(1, 86_400).optional(),
    max_queries_per_hour: wholeNumber(1, 1_000_000_000).optional(),
    max_updates_per_hour: wholeNumber(1, 1_000_000_000).optional(),
    max_connections_per_hour: wholeNumber(1, 1_000_000_000).optional(),
  },
  'must hold limits of the server, as { max_user_connections: 5, max_statement_time: 30 }',
);

export const scopeSchema = z.strictObject({
  /** The roles whose rights the login has. It acts as the first from its first statement on. */
  roles: z
    .array(name, 'must be a list of roles of the server, such as [app_read]')
    .min(1, 'must name at least one role of the server'),
  limits: limits.optional(),
  record: z.literal('statements', 'must be "statements", or be left out').optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

/** `starts`: where the log of each server stood before the login was handed over. Only where statements are recorded. */
export const handleSchema = z.object({ user: z.string(), starts: startsSchema.optional() });
export type Handle = z.infer<typeof handleSchema>;

export type Address = { name: string; host: string; port: number };

export type Settings = {
  /** The one that accounts are made on first, then the others. */
  nodes: [Address, ...Address[]];
  database: string;
  user: string;
  password: string;
  tls: Pick<TlsSettings, 'sslmode' | 'ca'>;
  /** What people are shown. */
  shown: { host: string; port: number; database: string; sslmode: SslMode | null };
};

const USUAL_PORT = 3306;

const addressOf = (text: string): Address => {
  const [, host = '', given] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  const at = given === undefined ? USUAL_PORT : Number(given);
  return { name: `${host}:${at}`, host: host.replace(/^\[(.*)\]$/, '$1'), port: at };
};

export const settingsOf = (config: Config): Settings => {
  const { host, port: at, database, user, password } = readMysqlUrl(config.url);
  const tls = tlsSettingsOf(config);
  const { connect } = config;
  return {
    nodes: [{ name: `${host}:${at}`, host, port: at }, ...(config.nodes ?? []).map(addressOf)],
    database,
    user,
    password,
    tls,
    shown: {
      host: connect?.host ?? host,
      port: connect?.port ?? at,
      database: connect?.database ?? database,
      sslmode: tls.sslmode,
    },
  };
};
