/** One transaction on a connection of its own; whatever happens, the connection goes back clean or not at all. */
import type pg from 'pg';

const commit = async (client: pg.PoolClient): Promise<void> => {
  const { command } = await client.query('commit');
  // Postgres answers COMMIT of a failed transaction with ROLLBACK and no error: someone caught a statement's failure and went on.
  if (command !== 'COMMIT') throw new Error('The transaction had failed before its commit, so nothing was stored.');
};

const canRollBack = (client: pg.PoolClient): Promise<boolean> =>
  client.query('rollback').then(
    () => true,
    () => false,
  );

/** `begin` is the statement that opens it. */
export const inTransaction = async <T>(
  pool: pg.Pool,
  begin: string,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await pool.connect();
  let isClean = true;
  try {
    await client.query(begin);
    const result = await work(client);
    await commit(client);
    return result;
  } catch (error) {
    isClean = await canRollBack(client);
    throw error;
  } finally {
    client.release(!isClean);
  }
};
