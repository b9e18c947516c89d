/** A migrated database that others are copied from. */
import pg from 'pg';
import { migrateDatabase } from '../../src/store/migrate.ts';

const TEMPLATE = 'latchkey_template';

/** `templateProblem` is empty when it is there and migrated; else why not: only the tests that need it are to fail with it. */
export async function makeTemplate(adminUrl: string): Promise<{ templateName: string; templateProblem: string }> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`create database ${TEMPLATE}`);
    const templateProblem = await migrationProblem(adminUrl);
    await admin.query(closing(TEMPLATE));
    return { templateName: TEMPLATE, templateProblem };
  } finally {
    await admin.end();
  }
}

/** Nobody enters it any more, since it cannot be copied while somebody is in it: a look at all databases of a server would be. */
export const closing = (database: string): string => `alter database ${database} with allow_connections false`;

async function migrationProblem(adminUrl: string): Promise<string> {
  const url = new URL(adminUrl);
  url.pathname = `/${TEMPLATE}`;
  try {
    await migrateDatabase(url.href);
    return '';
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
