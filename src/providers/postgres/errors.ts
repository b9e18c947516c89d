/** What Postgres and the network say, as the error kinds of the contract. By SQLSTATE and errno only, never by message text. */
import { tlsFault } from '../../lib/postgres-tls-faults.ts';
import { ProviderError } from '../provider.ts';
import { SERVER_AWAY, SERVER_SILENT, byErrno, codeOf, means } from '../kit/network-errors.ts';
import type { Meaning } from '../kit/network-errors.ts';

const COLLIDED = means('conflict', 'another change of the same role came in between');

/** postgresql.org/docs/current/errcodes-appendix.html */
const BY_SQLSTATE: Record<string, Meaning> = {
  '28P01': means('misconfigured', "it refuses Latchkey's own login: check user and password in the target's url"),
  '28000': means(
    'misconfigured',
    "it refuses Latchkey's own login: check the user in the target's url, and that the server's pg_hba.conf lets it in with a password and no client certificate",
  ),
  '08P01': means(
    'misconfigured',
    'a pooler before it refuses the settings that Latchkey connects with: point the url of the target straight at the server',
  ),
  '3D000': means('misconfigured', "the database in the target's url does not exist"),
  '42501': means('denied', 'Latchkey lacks a right there; `latchkey doctor` says which'),
  '0LP01': means('denied', 'Latchkey may not grant one of the groups; `latchkey doctor` says which'),
  '2BP01': means('denied', 'objects still depend on the login'),
  '25006': means('unavailable', 'it is read-only now: a standby, or in the middle of a failover'),
  '57014': means('unavailable', 'a statement took too long and was cancelled'),
  '53300': means('throttled', 'it has no connection left for Latchkey'),
  '42710': COLLIDED,
  '42704': COLLIDED,
  '23505': COLLIDED,
  '55P03': COLLIDED,
  '55006': COLLIDED,
  XX000: COLLIDED,
  '0A000': means('unsupported', 'this server does not know a feature that Latchkey needs (Postgres 15 or newer)'),
};

const BY_CLASS: Record<string, Meaning> = {
  '08': SERVER_AWAY,
  '40': COLLIDED,
  '53': means('unavailable', 'it is out of memory, disk or another resource'),
  '57': SERVER_AWAY,
  '58': SERVER_AWAY,
  XX: SERVER_AWAY,
};

/** nodejs.org/api/errors.html#common-system-errors */
const BY_ERRNO = byErrno({ away: SERVER_AWAY, noAnswer: SERVER_SILENT });

const meaningOf = (code: string): Meaning => {
  const known = BY_SQLSTATE[code] ?? BY_ERRNO[code];
  if (known) return known;
  if (code === '') return means('unavailable', 'the connection could not be made in time, or was lost');
  if (/^[0-9A-Z]{5}$/.test(code)) return BY_CLASS[code.slice(0, 2)] ?? means('misconfigured', 'it refused a statement');
  return means('unavailable', 'the connection failed');
};

const NAMES = { ca: '"ca" of the target', sslmode: '"sslmode" of the target' };

type At = {
  /** Names the server without secrets: `host:port/database`. */
  where: string;
  /** Whether the connection wants TLS. */
  isEncrypted: boolean;
  /** No connection came about. */
  isUntouched?: boolean;
};

export const toProviderError = (error: unknown, { where, isEncrypted, isUntouched = false }: At): ProviderError => {
  if (error instanceof ProviderError)
    return isUntouched ? new ProviderError(error.kind, error.message, { cause: error.cause, isUntouched }) : error;
  const code = codeOf(error);
  const fault = tlsFault(error, isEncrypted, NAMES);
  const { kind, sentence } = fault === null ? meaningOf(code) : means('misconfigured', fault);
  const message = `Postgres at ${where}: ${sentence}${code ? ` (${code})` : ''}.`;
  return new ProviderError(kind, message, { cause: error, isUntouched });
};
