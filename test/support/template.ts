/** A migrated database that others are copied from. */
import pg from 'pg';
import { migrateDatabase } from '../../src/store/migrate.ts';

const TEMPLATE = 'latchkey_template';

/** `templateProblem` is empty when it is there and migrated; else why not: only the tests that need it are to fail with it. */
export async function makeTemplate(adminUrl: string): Promise<{ templateName: string; templateProblem: string }> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE}`);
  await admin.end();
  const url = new URL(adminUrl);
  url.pathname = `/${TEMPLATE}`;
  try {
    await migrateDatabase(url.href);
    return { templateName: TEMPLATE, templateProblem: '' };
  } catch (error) {
    const templateProblem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { templateName: TEMPLATE, templateProblem };
  }
}
