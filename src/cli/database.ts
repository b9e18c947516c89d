/** The database of a command that needs nothing else: DATABASE_URL, or DATABASE_URL_FILE. */
import { readVariable } from '../config/variable.ts';
import { StartError } from '../lib/start-error.ts';

export const demandDatabaseUrl = (): string => {
  const found = readVariable(process.env, 'DATABASE_URL');
  if ('problem' in found) throw new StartError(found.problem);
  if (!found.value)
    throw new StartError(
      'DATABASE_URL is not set; give the address of the database, as postgres://user:password@host/name.',
    );
  return found.value.trim();
};

/** Turns a failure to reach Postgres into a sentence; any other error passes. */
export const reaching = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^(E[A-Z]+|08\d{3}|28\w{3}|3D000|57P03)$/.test(code)) throw error;
    const why = error instanceof Error && error.message ? error.message : code;
    throw new StartError(`Postgres cannot be reached with DATABASE_URL (${why}); start it, or correct the address.`, {
      cause: error,
    });
  }
};
