/** The database of a command that needs nothing else: DATABASE_URL, or DATABASE_URL_FILE. */
import { readVariable } from '../config/variable.ts';
import { StartError } from '../lib/start-error.ts';

const NO_ADDRESS =
  'DATABASE_URL is no address that starts with postgres:// or postgresql://; correct it (special characters of the password as %XX).';

export const demandDatabaseUrl = (): string => {
  const found = readVariable(process.env, 'DATABASE_URL');
  if ('problem' in found) throw new StartError(found.problem);
  const url = found.value?.trim();
  if (!url)
    throw new StartError(
      'DATABASE_URL is not set; give the address of the database, as postgres://user:password@host/name.',
    );
  if (!URL.canParse(url) || !/^postgres(?:ql)?:$/.test(new URL(url).protocol)) throw new StartError(NO_ADDRESS);
  return url;
};

const codeIn = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Libraries wrap what the database or the network said; that has the code. */
const innermost = (error: Error): Error => {
  let found = error;
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (codeIn(at) !== '') found = at;
  return found;
};

const CERTIFICATE = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Not let in, no such database, shutting down or starting, no connection left. */
const NOT_IN = /^(?:08|28|3D|57P|53)/;

const withCode = (error: Error): string => {
  const [message, code] = [error.message, codeIn(error)];
  return message && code && !message.includes(code) ? `${message}, ${code}` : message || code;
};

/** null for a fault of ours. */
const faultOf = (error: Error): string | null => {
  const code = codeIn(error);
  if (code === 'ERR_INVALID_URL' || error instanceof URIError) return NO_ADDRESS;
  const what = withCode(error);
  if (CERTIFICATE.test(code))
    return `The certificate of Postgres is not trusted (${what}); see docs/configuration.md on TLS, or correct DATABASE_URL.`;
  if (code === '42501')
    return `Postgres refuses (${what}); give the role of DATABASE_URL that right, or name the role that owns the database.`;
  const isOfNetwork = /^E[A-Z_]+$/.test(code);
  if (SQLSTATE.test(code) && !NOT_IN.test(code) && !isOfNetwork)
    return `Postgres refused a statement (${what}); see its log, and that DATABASE_URL names Latchkey's own database.`;
  const isOurs = code === '' && /^(?:Type|Range|Syntax|Reference)Error$/.test(error.name);
  if (isOurs || code.startsWith('ERR_')) return null;
  return `Postgres cannot be reached with DATABASE_URL (${what || 'no answer'}); start it, or correct the address.`;
};

/** Turns what Postgres or the way to it says into a sentence; a fault of ours passes as it is. */
export const reaching = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof StartError) throw error;
    const sentence = faultOf(innermost(error));
    throw sentence === null ? error : new StartError(sentence, { cause: error });
  }
};
