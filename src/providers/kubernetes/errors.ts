/** What the API server and the network say, as the error kinds of the contract. By status, reason and errno, never by text. */
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { tlsFault } from '../../lib/postgres-tls-faults.ts';
import { SERVER_AWAY, byErrno, codeOf, means, noAnswerOf } from '../kit/network-errors.ts';
import { ProviderError, type ProviderErrorKind } from '../provider.ts';

const statusSchema = z.looseObject({ reason: z.string().nullish(), message: z.string().nullish() });

const KINDS: Readonly<Record<number, ProviderErrorKind>> = {
  400: 'misconfigured',
  401: 'misconfigured',
  403: 'denied',
  404: 'misconfigured',
  405: 'unsupported',
  409: 'conflict',
  410: 'conflict',
  422: 'misconfigured',
  429: 'throttled',
  501: 'unsupported',
};

const REMEDIES: Readonly<Record<number, string>> = {
  401: ' It does not accept the token of the target: is it of this cluster, and still valid?',
  403: " Latchkey's service account lacks that right: `latchkey doctor --sql` prints what it needs.",
};

const LONGEST_WORD = 300;
const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, LONGEST_WORD);

type Refused = { host: string; what: string; status: number; body: Json };

export const toProviderError = ({ host, what, status, body }: Refused): ProviderError => {
  const { data } = statusSchema.safeParse(body);
  const said = data?.message ? ` It said: ${printable(data.message)}` : '';
  const reason = data?.reason ? ` ${printable(data.reason)}` : '';
  const kind = KINDS[status] ?? (status >= 500 ? 'unavailable' : 'misconfigured');
  const sentence = `The API server at ${host} refused to ${what} (${status}${reason}).${REMEDIES[status] ?? ''}${said}`;
  return new ProviderError(kind, sentence, { isUntouched: status === 401 || status === 403 || status === 429 });
};

const BY_CODE = byErrno({ away: SERVER_AWAY, noAnswer: noAnswerOf('the API server') });
const LOST = means('unavailable', 'the connection could not be made in time, or was lost');
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Where the words for databases do not fit. */
const OF_KUBERNETES: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another host name: write "server" of the target with a name or address that stands in it',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS answers there: check the port in "server" of the target',
  EPROTO: 'TLS could not be agreed on: check the port in "server" of the target',
};

export const unreachable = (host: string, error: unknown): ProviderError => {
  const fault =
    OF_KUBERNETES[codeOf(error)] ??
    tlsFault(error, true, { ca: '"ca" of the target', sslmode: '"server" of the target' });
  const { kind, sentence } = fault === null ? (BY_CODE[codeOf(error)] ?? LOST) : means('misconfigured', fault);
  return new ProviderError(kind, `The API server at ${host}: ${sentence} (${codeOf(error)}).`, {
    cause: error,
    isUntouched: fault !== null || NEVER_SENT.has(codeOf(error)),
  });
};
