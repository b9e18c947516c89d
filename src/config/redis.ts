/** What is wrong with the address of Redis and its CA, as ends of sentences that never repeat them: an address may hold a password. */
import { caProblem } from '../lib/certificates.ts';

type RedisProblem = { name: 'REDIS_URL' | 'LATCHKEY_REDIS_CA'; problem: string };

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
};

const addressProblem = (url: URL): string | null => {
  const { username, password, hostname, pathname } = url;
  if (![username, password].every(isDecodable))
    return 'has a "%" in its user or password that begins no %XX; write it as %25';
  if (username && !password)
    return 'names a user without a password; write user:password@, or :password@ for a password alone';
  if (!hostname) return 'names no host; write it as redis://host:6379';
  if (/[%,\s]/.test(hostname)) return 'must name one host alone; write it as redis://host:6379';
  if (url.port === '0') return 'has the port 0; leave it out for 6379';
  if (!/^(?:\/\d{0,5})?$/.test(pathname))
    return 'ends with something that is no database number; write it as redis://host:6379/0';
  return url.search || url.hash
    ? 'has parameters after "?" or "#", which would have no effect; leave them out. For TLS write rediss://, and the CA in LATCHKEY_REDIS_CA'
    : null;
};

const problemOfCa = (url: URL, ca: string): string | null =>
  url.protocol === 'rediss:'
    ? caProblem(ca, 'give its file in LATCHKEY_REDIS_CA_FILE')
    : 'has no effect without TLS; write rediss:// in REDIS_URL, or unset it';

/** `text` is known to be a redis:// or rediss:// address. */
export const redisProblems = (text: string, ca: string | null): RedisProblem[] => {
  const url = new URL(text);
  const address = addressProblem(url);
  const certificates = ca === null ? null : problemOfCa(url, ca);
  return [
    ...(address === null ? [] : [{ name: 'REDIS_URL' as const, problem: address }]),
    ...(certificates === null ? [] : [{ name: 'LATCHKEY_REDIS_CA' as const, problem: certificates }]),
  ];
};
