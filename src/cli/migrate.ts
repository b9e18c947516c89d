/** `latchkey migrate`. */
import { migrateDatabase, schemaState } from '../store/migrate.ts';
import { reaching } from '../store/reaching.ts';
import { demandDatabase } from './database.ts';
import { print, printJson } from './output.ts';
import type { Exit } from './output.ts';

const AHEAD = 'The database was migrated by a newer Latchkey; nothing was changed. Use that version.';

export const migrate = async (options: { json?: boolean }): Promise<Exit> => {
  const database = demandDatabase();
  const { state } = await reaching(database, () => schemaState(database));
  const { applied } = state === 'ahead' ? { applied: [] } : await reaching(database, () => migrateDatabase(database));
  if (options.json) printJson({ state: state === 'ahead' ? 'ahead' : 'current', applied });
  else if (state === 'ahead') print(AHEAD);
  else print(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  return state === 'ahead' ? 1 : 0;
};
