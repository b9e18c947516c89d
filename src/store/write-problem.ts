/** Whether Postgres can be written. With a full disk, or as a standby, it goes on answering questions, so an answer proves nothing. */
import pg from 'pg';
import { inTransaction } from './in-transaction.ts';

const DISK_FULL = '53100';
/** The least that Postgres allows; what does not fit goes to the disk. */
const LITTLE_MEMORY = `set local work_mem = '64kB'`;
/** Where the data are, and not where temporary files may have been sent. */
const SAME_DISK = `set local temp_tablespaces = ''`;
/**
 * Too much for that memory. A temporary file needs room as a table does, and leaves nothing behind: no row, no WAL, nothing to
 * vacuum, and it takes none of the last room in the pages of tables, which the record of an end may need.
 */
const ASK_FOR_ROOM = `select current_setting('transaction_read_only') = 'on' as "isReadOnly", count(*) from generate_series(1, 8000)`;

/** null when it can, else a sentence. Rejects when Postgres does not answer. */
export const writeProblem = (pool: pg.Pool) => async (): Promise<string | null> => {
  try {
    return await inTransaction(pool, 'begin', async ({ client }) => {
      await client.query(`${LITTLE_MEMORY}; ${SAME_DISK}`);
      const { rows } = await client.query<{ isReadOnly: boolean }>(ASK_FOR_ROOM);
      return rows[0]?.isReadOnly ? 'Postgres takes no writes: it is read-only.' : null;
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === DISK_FULL)
      return `Postgres takes no writes: its disk is full (${error.message}).`;
    throw error;
  }
};
