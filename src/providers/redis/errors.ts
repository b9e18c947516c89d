/** What Redis and the network say, as the error kinds of the contract. By code: the first word of a reply, or errno. */
import { tlsFault } from '../../lib/postgres-tls-faults.ts';
import { ProviderError, type ProviderErrorKind } from '../provider.ts';

type Meaning = { kind: ProviderErrorKind; sentence: string };
const means = (kind: ProviderErrorKind, sentence: string): Meaning => ({ kind, sentence });

const REFUSED = means(
  'misconfigured',
  "it refuses Latchkey's own account: check user and password in the nodes of the target",
);
const AWAY = means('unavailable', 'the server is starting, stopping or broke the connection');
const NO_ANSWER = means(
  'unavailable',
  'nothing answers there: is the server up, and does a firewall let Latchkey through?',
);

const BY_REPLY: Readonly<Record<string, Meaning>> = {
  WRONGPASS: REFUSED,
  NOAUTH: REFUSED,
  NOPERM: means('denied', 'Latchkey lacks a right there; `latchkey doctor` says which'),
  BUSY: means(
    'unavailable',
    'a script keeps it busy, so that it answers nothing else; as an administrator: SCRIPT KILL, or FUNCTION KILL',
  ),
  LOADING: AWAY,
  MASTERDOWN: AWAY,
  MISCONF: means('unavailable', 'it cannot write its data, so it takes no changes'),
  OOM: means('unavailable', 'it is out of memory'),
};

const BY_CODE: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: NO_ANSWER,
  ETIMEDOUT: NO_ANSWER,
  EHOSTUNREACH: NO_ANSWER,
  ENETUNREACH: NO_ANSWER,
  ECONNRESET: AWAY,
  EPIPE: AWAY,
  ENOTFOUND: means('unavailable', 'its host name is not known'),
  EAI_AGAIN: means('unavailable', 'its host name could not be looked up'),
};

export const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** `NOPERM` of "NOPERM this user has no permissions …"; empty where it is no reply of the server. */
export const replyCode = (error: unknown): string => (isReply(error) ? (/^[A-Z]+/.exec(error.message)?.[0] ?? '') : '');

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const NAMES = { ca: '"ca" of the target', sslmode: 'the URL of the node' };

export type At = { where: string; isEncrypted: boolean; isUntouched: boolean };

const meaningOf = (error: unknown): Meaning => {
  if (isReply(error)) return BY_REPLY[replyCode(error)] ?? means('misconfigured', 'it refused a command');
  return BY_CODE[codeOf(error)] ?? means('unavailable', 'the connection could not be made in time, or was lost');
};

/** `where` names the node without secrets. */
export const toProviderError = (error: unknown, { where, isEncrypted, isUntouched }: At): ProviderError => {
  if (error instanceof ProviderError) return error;
  const fault = isReply(error) || !isEncrypted ? null : tlsFault(error, isEncrypted, NAMES);
  const { kind, sentence } = fault === null ? meaningOf(error) : means('misconfigured', fault);
  const code = replyCode(error) || codeOf(error);
  return new ProviderError(kind, `The server at ${where}: ${sentence}${code ? ` (${code})` : ''}.`, {
    cause: error,
    isUntouched,
  });
};
