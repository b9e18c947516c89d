/**
 * A database whose clock stands where the test puts it: a schema before `pg_catalog` has a `clock_timestamp` of its own. Everything that Latchkey
 * writes has its time from that function.
 */
import pg from 'pg';
import { withClient } from '../world.ts';

export const giveOwnClock = async (url: string, start: Date): Promise<void> => {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    await client.query(`create schema sim;
      create table sim.clock (at timestamptz not null);
      create function sim.clock_timestamp() returns timestamptz language sql volatile as 'select at from sim.clock';
      alter database ${pg.escapeIdentifier(rows[0]?.name ?? '')} set search_path = sim, public, pg_catalog`);
    await client.query('insert into sim.clock values ($1)', [start]);
  });
};

export const setClock = async (pool: pg.Pool, at: Date): Promise<void> => {
  await pool.query('update sim.clock set at = $1', [at]);
};
