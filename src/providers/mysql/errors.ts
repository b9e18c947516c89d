/** What MySQL, MariaDB and the network say, as the error kinds of the contract. By error number and errno only, never by message text. */
import { tlsFault } from '../../lib/postgres-tls-faults.ts';
import { ProviderError } from '../provider.ts';
import { SERVER_AWAY, SERVER_SILENT, byErrno, codeOf, means } from '../kit/network-errors.ts';
import type { Meaning } from '../kit/network-errors.ts';

const REFUSED = means(
  'misconfigured',
  "it refuses Latchkey's own account: check user and password in the target's url",
);
const NO_RIGHT = means('denied', 'Latchkey lacks a right there; `latchkey doctor` says which');
const COLLIDED = means('conflict', 'another change of the same account came in between');
const FULL = means('throttled', 'it has no connection left for Latchkey');
const READ_ONLY = means('unavailable', 'it is read-only now: a replica, or in the middle of a failover');

/** mariadb.com/kb/en/mariadb-error-code-reference */
const BY_NUMBER: Readonly<Record<number, Meaning>> = {
  1040: FULL,
  1041: means('unavailable', 'it is out of memory'),
  1042: SERVER_AWAY,
  1044: NO_RIGHT,
  1045: REFUSED,
  1049: means('misconfigured', 'a database that Latchkey needs does not exist; `latchkey doctor` says which'),
  1053: SERVER_AWAY,
  1130: means('misconfigured', "it lets nobody in from Latchkey's address: correct the host of its account"),
  1142: NO_RIGHT,
  1143: NO_RIGHT,
  1152: SERVER_AWAY,
  1158: SERVER_AWAY,
  1160: SERVER_AWAY,
  1203: FULL,
  1205: COLLIDED,
  1213: COLLIDED,
  1226: FULL,
  1227: NO_RIGHT,
  1290: READ_ONLY,
  1317: SERVER_AWAY,
  1370: NO_RIGHT,
  1396: COLLIDED,
  1410: NO_RIGHT,
  1537: COLLIDED,
  1539: COLLIDED,
  1698: NO_RIGHT,
  1792: READ_ONLY,
  1836: READ_ONLY,
  1927: SERVER_AWAY,
  1959: means('denied', 'Latchkey may not grant one of the roles, or it does not exist; `latchkey doctor` says which'),
  1969: means('unavailable', 'a statement took too long and was cancelled'),
  3159: means(
    'misconfigured',
    'it refuses connections without TLS: set sslmode to verify-full in the config of the target',
  ),
  3523: means('denied', 'a role does not exist; `latchkey doctor` says which'),
  3955: REFUSED,
  4151: means('misconfigured', "Latchkey's own account is locked there"),
};

/** nodejs.org/api/errors.html#common-system-errors, and those of the driver. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  ...byErrno({ away: SERVER_AWAY, noAnswer: SERVER_SILENT }),
  PROTOCOL_CONNECTION_LOST: SERVER_AWAY,
  PROTOCOL_SEQUENCE_TIMEOUT: means('unavailable', 'a statement took too long and was cancelled'),
  HANDSHAKE_NO_SSL_SUPPORT: means(
    'misconfigured',
    'it has no TLS, and sslmode demands it: turn on TLS there, or set sslmode to disable on a network that you trust',
  ),
};

export const ACCESS_DENIED = 1045;

/** The server's number of an error; 0 where it has none. */
export const numberOf = (error: unknown): number =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' && error.errno > 0 ? error.errno : 0;

const NAMES = { ca: '"ca" of the target', sslmode: '"sslmode" of the target' };

type At = { where: string; isEncrypted: boolean; isUntouched?: boolean };

const meaningOf = (error: unknown): Meaning => {
  const known = BY_NUMBER[numberOf(error)] ?? BY_CODE[codeOf(error)];
  if (known) return known;
  if (numberOf(error) > 0) return means('misconfigured', 'it refused a statement');
  return means('unavailable', 'the connection could not be made in time, or was lost');
};

/** `where` names the server without secrets. */
export const toProviderError = (error: unknown, { where, isEncrypted, isUntouched = false }: At): ProviderError => {
  if (error instanceof ProviderError)
    return isUntouched ? new ProviderError(error.kind, error.message, { cause: error.cause, isUntouched }) : error;
  const fault = numberOf(error) > 0 ? null : tlsFault(error, isEncrypted, NAMES);
  const { kind, sentence } = fault === null ? meaningOf(error) : means('misconfigured', fault);
  const code = numberOf(error) || codeOf(error);
  return new ProviderError(kind, `The server at ${where}: ${sentence}${code ? ` (${code})` : ''}.`, {
    cause: error,
    isUntouched,
  });
};
