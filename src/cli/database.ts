/** The database of a command that needs nothing else: DATABASE_URL and LATCHKEY_DATABASE_CA, or files with them. */
import { databaseProblems } from '../config/database.ts';
import { readVariable } from '../config/variable.ts';
import { StartError } from '../lib/start-error.ts';

const read = (name: string): string | null => {
  const found = readVariable(process.env, name);
  if ('problem' in found) throw new StartError(found.problem);
  return found.value?.trim() || null;
};

export const demandDatabase = (): { url: string; ca: string | null } => {
  const url = read('DATABASE_URL');
  if (!url)
    throw new StartError(
      'DATABASE_URL is not set; give the address of the database, as postgres://user:password@host/name.',
    );
  const database = { url, ca: read('LATCHKEY_DATABASE_CA') };
  const problems = databaseProblems(database, process.env);
  if (problems.length > 0) throw new StartError(problems.map(({ message }) => message).join('\n'));
  return database;
};
