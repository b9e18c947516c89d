/** Addresses of Redis and Valkey: what they say, or what is wrong with them, in words that never repeat a password. */
import { isUrlText } from '../../lib/url-text.ts';

export type RedisAddress = { name: string; host: string; port: number; user: string; password: string; isTls: boolean };

const USUAL_PORT = 6379;
const NO_URL = 'must be a URL like rediss://user:password@host:6379 (escape special characters of the password as %XX)';

/** As the end of a sentence that begins with its name. */
export const urlProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return NO_URL;
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return 'must start with rediss:// or redis://';
  if (text.includes('#')) return 'has a "#" that must be written as %23';
  if (url.search) return 'has parameters after "?": Latchkey does nothing with them; leave them out';
  if (![url.username, url.password].every(isUrlText)) return 'has a "%" in its user or password that begins no %XX';
  if (!url.hostname) return 'must name the host';
  if (/[%,\s]/.test(url.hostname)) return 'must name one host: name each node by a URL of its own';
  if (!url.username || !url.password) return 'must hold the user and password of the account that Latchkey works as';
  if (/\s/.test(decodeURIComponent(url.username))) return 'has a user with a space, which Redis does not know';
  if (url.port === '0') return 'has the port 0: name the port, or leave it out for 6379';
  return /^\/?0?$/.test(url.pathname) ? null : 'names a database number: leave it out, since ACL rules hold in all';
};

/** Of an address that `urlProblem` finds nothing wrong with. */
export const readRedisUrl = (text: string): RedisAddress => {
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port ? Number(url.port) : USUAL_PORT;
  return {
    name: `${url.hostname}:${port}`,
    host,
    port,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    isTls: url.protocol === 'rediss:',
  };
};
