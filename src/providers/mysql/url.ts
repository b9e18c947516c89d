/** Addresses of MySQL and MariaDB: what they say, or what is wrong with them. No parameter is dropped in silence. */
import { isSslMode, SSL_MODES, type SslMode } from '../../lib/postgres-tls.ts';
import { isUrlText } from '../../lib/url-text.ts';

export type MysqlAddress = {
  host: string;
  port: number;
  user: string;
  password: string;
  /** Empty where the address names none. */
  database: string;
  sslmode: SslMode | null;
};

const USUAL_PORT = 3306;
const NO_URL =
  'must be a URL like mysql://user:password@host:3306/database (escape special characters of the password as %XX)';

const parametersProblem = (url: URL): string | null => {
  for (const [name, value] of url.searchParams) {
    if (name !== 'sslmode')
      return `has the parameter ${/^[\w.-]{1,40}$/.test(name) ? name : 'that no program knows'}: Latchkey does nothing with it; leave it out`;
    if (!isSslMode(value)) return `has an sslmode that is not one of ${SSL_MODES.join(', ')}`;
  }
  return url.searchParams.getAll('sslmode').length > 1 ? 'has the parameter sslmode twice: leave one out' : null;
};

/** What is wrong, as the end of a sentence that begins with its name; holds nothing of the password. */
export const urlProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return NO_URL;
  const url = new URL(text);
  if (url.protocol !== 'mysql:' && url.protocol !== 'mariadb:') return 'must start with mysql:// or mariadb://';
  if (text.includes('#')) return 'has a "#" that must be written as %23';
  if (url.search.includes('@')) return 'has a "?" in its password that must be written as %3F';
  const parts = [url.username, url.password, url.hostname, url.pathname];
  if (parts.some((part) => /%(?![0-9a-f]{2})/i.test(part))) return 'has a "%" that must be written as %25';
  if (!parts.every(isUrlText)) return 'has a %XX that is not UTF-8: "ä" is %C3%A4, not %E4';
  if (!url.hostname) return 'must name the host';
  if (url.hostname.includes(',')) return 'names several hosts: name the primary, and the others as nodes';
  if (!url.username || !url.password) return 'must hold the user and password of the account that Latchkey works as';
  if (url.port === '0') return 'has the port 0: name the port, or leave it out for 3306';
  return parametersProblem(url);
};

/** Of an address that `urlProblem` finds nothing wrong with. */
export const readMysqlUrl = (text: string): MysqlAddress => {
  const url = new URL(text);
  const sslmode = url.searchParams.get('sslmode');
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : USUAL_PORT,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    sslmode: sslmode !== null && isSslMode(sslmode) ? sslmode : null,
  };
};
