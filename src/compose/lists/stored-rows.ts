/** What a list of targets gave when it could be read last, from the store. */
import { rowsFrom } from '../../config/found-text.ts';
import type { Store } from '../../application/deps.ts';
import { createLog } from '../../lib/log.ts';
import type { DatabaseAddress } from '../../store/address.ts';
import { createPool } from '../../store/client.ts';
import { schemaState } from '../../store/migrate.ts';
import { reaching } from '../../store/reaching.ts';
import { listRowsIn } from '../../store/target-lists.ts';
import type { StoredRows } from './complete-policy.ts';

export const storedRowsOf =
  ({ read }: Pick<Store, 'read'>): StoredRows =>
  async (list, { definition }) => {
    const text = await read.listRows({ list, definition });
    return text === null ? null : rowsFrom(text);
  };

/** Before the app is there. In a database that is not as it should be nothing is looked for: the start says so itself. */
export const storedRowsIn =
  (database: DatabaseAddress | null): StoredRows =>
  async (list, { definition }) => {
    if (database === null) return null;
    const text = await reaching(database, async () => {
      if ((await schemaState(database)).state !== 'current') return null;
      const pool = createPool({ ...database, log: createLog('silent'), max: 1 });
      try {
        return await listRowsIn(pool, { list, definition });
      } finally {
        await pool.end();
      }
    });
    return text === null ? null : rowsFrom(text);
  };
