/** Addresses of Postgres: what they say, or what is wrong with them. No parameter is dropped in silence. */
import { SSL_MODES, isSslMode } from './postgres-tls.ts';
import type { SslMode } from './postgres-tls.ts';
import { isUrlText } from './url-text.ts';

export type PostgresAddress = {
  /** Empty where the address leaves it out; a path for a Unix socket. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  sslmode: SslMode | null;
  hasSystemRoots: boolean;
};

const CLIENT_CERTIFICATE = 'Latchkey logs in with a password and holds no client certificate; leave it out';
const VERIFY_FULL = 'set sslmode=verify-full in its place';
const NO_LISTS = 'Latchkey reads no revocation lists; leave it out';
const NO_GSS = 'Latchkey does not use GSSAPI; leave it out';
const IN_THE_ADDRESS = 'write it in the address itself: postgresql://user:password@host:5432/database';
const ONE_PRIMARY = 'give the address of the primary, and leave it out';
const AT_LEAST_TLS_1_2 = 'Latchkey accepts TLS 1.2 and newer; leave it out';

/** Parameters that people know from libpq, JDBC and others, each with what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  ssl: VERIFY_FULL,
  sslfactory: VERIFY_FULL,
  sslaccept: VERIFY_FULL,
  sslnegotiation: 'Latchkey negotiates TLS as every server knows it; leave it out',
  requiressl: VERIFY_FULL,
  tls: VERIFY_FULL,
  uselibpqcompat: 'sslmode means the same as in libpq without it; leave it out',
  sslcert: CLIENT_CERTIFICATE,
  sslkey: CLIENT_CERTIFICATE,
  sslpassword: CLIENT_CERTIFICATE,
  sslcertmode: CLIENT_CERTIFICATE,
  sslidentity: CLIENT_CERTIFICATE,
  sslcrl: NO_LISTS,
  sslcrldir: NO_LISTS,
  sslsni: 'Latchkey always sends the host name; leave it out',
  sslcompression: 'Latchkey never compresses; leave it out',
  ssl_min_protocol_version: AT_LEAST_TLS_1_2,
  ssl_max_protocol_version: AT_LEAST_TLS_1_2,
  channel_binding: 'Latchkey cannot demand it; sslmode=verify-full protects from the same; leave it out',
  require_auth: 'Latchkey cannot demand a method; sslmode=verify-full proves the server; leave it out',
  gssencmode: NO_GSS,
  gssdelegation: NO_GSS,
  gsslib: NO_GSS,
  krbsrvname: NO_GSS,
  target_session_attrs: ONE_PRIMARY,
  load_balance_hosts: ONE_PRIMARY,
  hostaddr: IN_THE_ADDRESS,
  host: IN_THE_ADDRESS,
  port: IN_THE_ADDRESS,
  user: IN_THE_ADDRESS,
  password: IN_THE_ADDRESS,
  dbname: IN_THE_ADDRESS,
  service: IN_THE_ADDRESS,
  passfile: IN_THE_ADDRESS,
  options: 'Latchkey fixes the settings of its sessions itself; set what you need with ALTER ROLE',
};

/** What no parameter is called may be half of a password. */
const shown = (name: string): string => (/^[\w.-]{1,40}$/.test(name) ? name : 'that no program knows');

type Words = { fromFile: string };

const parameterProblem = (name: string, value: string, { fromFile }: Words): string | null => {
  if (name === 'sslmode') {
    if (isSslMode(value)) return null;
    const isWeak = value === 'prefer' || value === 'allow';
    const why = isWeak ? ` (with ${value}, a connection could fall back to plain text)` : '';
    return `has an sslmode that is not one of ${SSL_MODES.join(', ')}${why}`;
  }
  if (name === 'sslrootcert') return value === 'system' ? null : `has sslrootcert, which names a file: ${fromFile}`;
  const advice = Object.hasOwn(ADVICE, name) ? ADVICE[name] : 'Latchkey does nothing with it; leave it out';
  return `has the parameter ${shown(name)}: ${advice}`;
};

/** A socket is the one address that a URL has no other place for. */
const isSocket = (url: URL, name: string, value: string): boolean =>
  name === 'host' && url.hostname === '' && value.startsWith('/');

const parametersProblem = (url: URL, words: Words): string | null => {
  if (url.search.includes('@')) return 'has a "?" in its password that must be written as %3F';
  const names = [...url.searchParams.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `has the parameter ${shown(twice)} twice: leave one out`;
  for (const [name, value] of url.searchParams) {
    const problem = isSocket(url, name, value) ? null : parameterProblem(name, value, words);
    if (problem) return problem;
  }
  return null;
};

/** Between `//` and the path, without user and password. */
const hostsOf = (text: string): string => /^[^/]*\/\/([^/?#]*)/.exec(text)?.[1]?.replace(/^.*@/, '') ?? '';

const NO_URL =
  'must be a URL like postgresql://user:password@host:5432/database (escape special characters of the password as %XX)';

/** What is wrong, as the end of a sentence that begins with its name; holds nothing of the password. */
export const urlProblem = (text: string, words: Words): string | null => {
  if (hostsOf(text).includes(',')) return 'names several hosts: name one, the primary';
  if (!URL.canParse(text)) return NO_URL;
  const url = new URL(text);
  if (!/^postgres(?:ql)?:$/.test(url.protocol)) return 'must start with postgresql://';
  // Without `//` right behind the colon, all of it is one opaque name.
  if (url.pathname !== '' && !url.pathname.startsWith('/')) return NO_URL;
  if (text.includes('#')) return 'has a "#" that must be written as %23';
  const parts = [url.username, url.password, url.hostname, url.pathname];
  if (parts.some((part) => /%(?![0-9a-f]{2})/i.test(part))) return 'has a "%" that must be written as %25';
  if (!parts.every(isUrlText)) return 'has a %XX that is not UTF-8: "ä" is %C3%A4, not %E4';
  if (url.port === '0') return 'has the port 0: name the port, or leave it out for 5432';
  return parametersProblem(url, words);
};

/** Of an address that `urlProblem` finds nothing wrong with. */
export const readPostgresUrl = (text: string): PostgresAddress => {
  const url = new URL(text);
  const sslmode = url.searchParams.get('sslmode');
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1') || (url.searchParams.get('host') ?? ''),
    port: url.port ? Number(url.port) : 5432,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    sslmode: sslmode !== null && isSslMode(sslmode) ? sslmode : null,
    hasSystemRoots: url.searchParams.get('sslrootcert') === 'system',
  };
};
