/** What Redis and the network say, as the error kinds of the contract. By code: the first word of a reply, or errno. */
import { tlsFault } from '../../lib/postgres-tls-faults.ts';
import { ProviderError } from '../provider.ts';
import { TOO_LONG, isTooLong } from '../kit/answer-limit.ts';
import { SERVER_AWAY, SERVER_SILENT, byErrno, codeOf, means } from '../kit/network-errors.ts';
import type { Meaning } from '../kit/network-errors.ts';

const REFUSED = means(
  'misconfigured',
  "it refuses Latchkey's own account: check user and password in the nodes of the target",
);

const BY_REPLY: Readonly<Record<string, Meaning>> = {
  WRONGPASS: REFUSED,
  NOAUTH: REFUSED,
  NOPERM: means('denied', 'Latchkey lacks a right there; `latchkey doctor` says which'),
  BUSY: means(
    'unavailable',
    'a script keeps it busy, so that it answers nothing else; as an administrator: SCRIPT KILL, or FUNCTION KILL',
  ),
  LOADING: SERVER_AWAY,
  MASTERDOWN: SERVER_AWAY,
  MISCONF: means('unavailable', 'it cannot write its data, so it takes no changes'),
  OOM: means('unavailable', 'it is out of memory'),
};

const BY_CODE = byErrno({ away: SERVER_AWAY, noAnswer: SERVER_SILENT });

export const isReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** `NOPERM` of "NOPERM this user has no permissions …"; empty where it is no reply of the server. */
export const replyCode = (error: unknown): string => (isReply(error) ? (/^[A-Z]+/.exec(error.message)?.[0] ?? '') : '');

const NAMES = { ca: '"ca" of the target', sslmode: 'the URL of the node' };

export type At = { where: string; isEncrypted: boolean; isUntouched: boolean };

const meaningOf = (error: unknown): Meaning => {
  if (isTooLong(error)) return TOO_LONG;
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
