/** Turns what Postgres or the way to it says about Latchkey's own database into a sentence. */
import { StartError } from '../lib/start-error.ts';
import { tlsFault } from '../lib/postgres-tls-faults.ts';
import { isEncrypted } from './address.ts';
import type { DatabaseAddress } from './address.ts';

const codeIn = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Libraries wrap what the database or the network said; that has the code, or nothing within it. */
const innermost = (error: Error): Error => {
  let found = error;
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (codeIn(at) !== '' || (at.cause === undefined && codeIn(found) === '')) found = at;
  return found;
};

const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Not let in, no such database, shutting down or starting, no connection left. */
const NOT_IN = /^(?:08|28|3D|57P|53)/;
const NAMES = { ca: 'LATCHKEY_DATABASE_CA', sslmode: 'sslmode in DATABASE_URL' };

const withCode = (error: Error): string => {
  const [message, code] = [error.message, codeIn(error)];
  return message && code && !message.includes(code) ? `${message}, ${code}` : message || code;
};

/** null for a fault of ours. */
const faultOf = (error: Error, address: DatabaseAddress): string | null => {
  const code = codeIn(error);
  const what = withCode(error);
  const ofTls = tlsFault(error, isEncrypted(address), NAMES);
  if (ofTls) return `Postgres cannot be reached with DATABASE_URL: ${ofTls} (${what}).`;
  if (code === '42501')
    return `Postgres refuses (${what}); give the role of DATABASE_URL that right, or name the role that owns the database.`;
  if (code === '55P03')
    return `Another session of Postgres holds a lock for too long (${what}), and nothing was changed; let it end (pg_stat_activity shows it), then run this again.`;
  const isOfNetwork = /^E[A-Z_]+$/.test(code);
  if (SQLSTATE.test(code) && !NOT_IN.test(code) && !isOfNetwork)
    return `Postgres refused a statement (${what}); see its log, and that DATABASE_URL names Latchkey's own database.`;
  const isOurs = code === '' && /^(?:Type|Range|Syntax|Reference)Error$/.test(error.name);
  if (isOurs || code.startsWith('ERR_')) return null;
  return `Postgres cannot be reached with DATABASE_URL (${what || 'no answer'}); start it, or correct the address.`;
};

/** A fault of ours passes as it is. @throws StartError */
export const reaching = async <T>(address: DatabaseAddress, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof StartError) throw error;
    const sentence = faultOf(innermost(error), address);
    throw sentence === null ? error : new StartError(sentence, { cause: error });
  }
};
