/** What an LDAP server and the network say, as the error kinds of the contract. By result code (RFC 4511, appendix A), never by text. */
import { byErrno, codeOf, means, noAnswerOf, SERVER_AWAY, type Meaning } from '../kit/network-errors.ts';
import { ProviderError } from '../provider.ts';

export const CODES = {
  sizeLimit: 4,
  referral: 10,
  noSuchAttribute: 16,
  typeOrValueExists: 20,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccess: 50,
  objectClassViolation: 65,
} as const;

const BY_CODE: Readonly<Record<number, Meaning>> = {
  1: means('unavailable', 'the server had an error of its own'),
  3: means('throttled', 'the server ran out of its time for it'),
  8: means('misconfigured', 'it demands a stronger login'),
  10: means(
    'misconfigured',
    'it refers to another server; Latchkey follows no referral, so write the address of that server',
  ),
  11: means('throttled', 'a limit of the server was reached'),
  13: means('misconfigured', 'it demands an encrypted connection: use ldaps:// or starttls'),
  19: means('denied', 'a constraint of the server forbids it'),
  32: means('misconfigured', 'there is no such entry'),
  34: means('misconfigured', 'it takes the DN for none'),
  48: means('denied', 'it does not take this kind of login'),
  49: means('denied', 'it refuses bind_dn with bind_password'),
  50: means('denied', 'Latchkey has no right to do that; doctor --sql prints the access rules'),
  51: means('throttled', 'the server is busy'),
  52: means('unavailable', 'the server is going down'),
  53: means('denied', 'the server is unwilling to do it: is this a copy that may only be read?'),
  65: means('misconfigured', 'the rules of the entry’s class forbid it'),
};

const BY_ERRNO = byErrno({ away: SERVER_AWAY, noAnswer: noAnswerOf('the LDAP server') });

const TLS = /^(?:ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)/;
const UNTOUCHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

/** The result code of an answer; null where the error is none. */
export const resultCodeOf = (error: unknown): number | null => {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : null;
};

export const toProviderError = (error: unknown, { server, doing }: { server: string; doing: string }): unknown => {
  if (error instanceof ProviderError) return error;
  const what = `${server} could not ${doing}`;
  const result = resultCodeOf(error);
  if (result !== null) {
    const meaning = BY_CODE[result] ?? means('misconfigured', `it answers with result code ${result}`);
    return new ProviderError(meaning.kind, `${what}: ${meaning.sentence}.`, { cause: error });
  }
  const code = codeOf(error) || (error instanceof Error ? codeOf(error.cause) : '');
  if (TLS.test(code)) {
    const sentence = `${server} shows a certificate that Latchkey does not trust (${code}). Set ca to the certificate of the authority that signed it.`;
    return new ProviderError('misconfigured', sentence, { cause: error, isUntouched: true });
  }
  const meaning = BY_ERRNO[code];
  const sentence = meaning?.sentence ?? 'the connection broke, or no answer came in time';
  return new ProviderError(meaning?.kind ?? 'unavailable', `${what}: ${sentence}.`, {
    cause: error,
    isUntouched: UNTOUCHED.has(code),
  });
};
