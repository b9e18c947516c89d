/** The server that the MySQL tests run on, started once for the whole run by the file that needs it first. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { startMariaDb, type MariaDb } from '../../../sandbox/src/embedded/mariadb.ts';
import { oncePerRun } from '../../support/once-per-run.ts';
import { testServices } from '../../support/services.ts';

/** URL of an account that may do everything. Shared by all test files, so databases, roles and accounts need names of their own. */
export const sharedServer = async (): Promise<string> =>
  await oncePerRun('mariadb', async (folder) => (await startMariaDb(folder)).url);

/** For a test that stops it, or changes what counts for the whole server. It is ended by the test, or with the run. */
export const ownServer = async (settings: readonly string[] = []): Promise<MariaDb> => {
  const { runDir } = testServices();
  mkdirSync(runDir, { recursive: true });
  return await startMariaDb(mkdtempSync(path.join(runDir, 'mariadb-')), { settings });
};
