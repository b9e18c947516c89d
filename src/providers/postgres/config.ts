/** What a Postgres target is configured with, what a role asks of it, and what we remember of a grant. */
import type { ConnectionOptions } from 'node:tls';
import { z } from 'zod';

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

/** Identifiers in Postgres: up to 63 bytes (postgresql.org/docs/current/sql-syntax-lexical.html). */
const roleName = z
  .string('must be the name of a role')
  .min(1, 'must be the name of a role')
  .refine(
    (name) => Buffer.byteLength(name) <= 63 && !name.includes('\0'),
    'must be at most 63 bytes, as every name in Postgres',
  );
const wholeNumber = (least: number, most: number): z.ZodNumber => {
  const sentence = `must be a whole number from ${least} to ${most}`;
  return z.int(sentence).min(least, sentence).max(most, sentence);
};
const port = wholeNumber(1, 65_535);

const urlProblem = (text: string): string | null => {
  if (!URL.canParse(text))
    return 'must be a URL like postgresql://user:password@host:5432/database (escape special characters of the password as %XX)';
  const url = new URL(text);
  if (!/^postgres(?:ql)?:$/.test(url.protocol)) return 'must start with postgresql://';
  if (!url.hostname) return 'must name the host';
  if (!url.username || !url.password) return 'must hold the user and password of the role that Latchkey works as';
  if (url.pathname.length < 2)
    return 'must name the database after the host, as in postgresql://user:password@host:5432/database';
  if ([url.username, url.password, url.pathname].some((part) => /%(?![0-9a-f]{2})/i.test(part)))
    return 'has a "%" that must be written as %25';
  const mode = url.searchParams.get('sslmode');
  return mode === null || isSslMode(mode) ? null : `has an sslmode that is not one of ${SSL_MODES.join(', ')}`;
};

const isSslMode = (text: string): text is SslMode => (SSL_MODES as readonly string[]).includes(text);

export const configSchema = z.strictObject({
  /** The role that Latchkey works as. Secret. */
  url: z.string('is missing: the URL of the role that Latchkey works as').superRefine((text, ctx) => {
    const message = urlProblem(text);
    if (message) ctx.addIssue({ code: 'custom', message });
  }),
  /** Where people connect, when that is another address than Latchkey's own (a proxy, a public name). */
  connect: z
    .strictObject({
      host: z.string('must be a host name').min(1, 'must be a host name').optional(),
      port: port.optional(),
      database: roleName.optional(),
    })
    .optional(),
  /** As libpq means it; the URL's own `sslmode` counts when this is not set. */
  sslmode: z.enum(SSL_MODES, `must be one of ${SSL_MODES.join(', ')}`).optional(),
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  ca: z.string('must be a certificate in PEM').optional(),
  /** No grant on this target may have more sessions at once than this, whatever its role says. */
  max_connections: wholeNumber(1, 10_000).default(10),
});
export type Config = z.infer<typeof configSchema>;

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
  /** What people are told. */
  shown: { host: string; port: number; database: string; sslmode: SslMode | null };
  maxSessions: number;
};

const sslOf = (mode: SslMode | null, ca: string | undefined): ConnectionOptions | false => {
  if (mode === null || mode === 'disable') return false;
  const trust = ca === undefined ? {} : { ca };
  if (mode === 'require') return { ...trust, rejectUnauthorized: false };
  return mode === 'verify-ca' ? { ...trust, checkServerIdentity: () => undefined } : trust;
};

export const settingsOf = (config: Config): Settings => {
  const url = new URL(config.url);
  const fromUrl = url.searchParams.get('sslmode');
  const sslmode = config.sslmode ?? (fromUrl !== null && isSslMode(fromUrl) ? fromUrl : null);
  const own = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : 5432,
    database: decodeURIComponent(url.pathname.slice(1)),
  };
  return {
    ...own,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    ssl: sslOf(sslmode, config.ca),
    shown: {
      host: config.connect?.host ?? own.host,
      port: config.connect?.port ?? own.port,
      database: config.connect?.database ?? own.database,
      sslmode,
    },
    maxSessions: config.max_connections,
  };
};
