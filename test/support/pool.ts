/** Connections of a test that stay open between its statements. */
import pg from 'pg';

export const openPool = (connectionString: string, options: pg.PoolConfig): pg.Pool => {
  const pool = new pg.Pool({ connectionString, ...options });
  // Tests stop servers; an idle connection that dies of it is no failure.
  pool.on('error', () => undefined);
  return pool;
};
