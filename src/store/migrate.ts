/** Brings a database to the schema this program knows, and says how far a database is. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { connectionOf } from './address.ts';
import type { DatabaseAddress } from './address.ts';

/** From the package root, so that it is found from `src/store` and from `dist/db` alike. */
const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
const TABLE = { migrationsSchema: 'public', migrationsTable: 'schema_migrations' };
/** Any number will do as long as nothing else in the database takes the same advisory lock. */
const MIGRATION_LOCK = 7_215_001;
/** Behind a statement that waits for its lock all others on that table wait: short, so that only this waits. */
const LOCK_TIMEOUT = '5s';
const UNDEFINED_TABLE = '42P01';

/**
 * `behind`: run `latchkey migrate`. `ahead`: a newer Latchkey migrated it; this one must not write to it.
 * `applied` and `known` are names of migrations, oldest first; an applied one this program does not know is given by its time stamp.
 */
export type SchemaState = { state: 'current' | 'behind' | 'ahead' | 'empty'; applied: string[]; known: string[] };

/** What to do about a schema that is not this program's. */
export const SCHEMA_SENTENCES = {
  empty: 'The database has no tables yet; run `latchkey migrate` first.',
  behind: 'The database is behind this version of Latchkey; run `latchkey migrate`, then start again.',
  ahead: 'The database was migrated by a newer Latchkey; start that version, or restore a backup from before.',
} as const;

type Known = { name: string; createdAt: number };

const knownMigrations = (): Known[] => {
  const journal = JSON.parse(readFileSync(`${FOLDER}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string; when: number }[];
  };
  return journal.entries.map(({ tag, when }) => ({ name: tag, createdAt: when }));
};

type Queryable = { query(text: string): Promise<{ rows: { created_at: string }[] }> };

const appliedTimes = async (database: Queryable): Promise<number[]> => {
  try {
    const { rows } = await database.query(`select created_at from schema_migrations order by created_at`);
    return rows.map((row) => Number(row.created_at));
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE) return [];
    throw error;
  }
};

const compare = (times: number[]): SchemaState => {
  const known = knownMigrations();
  const names = new Map(known.map(({ name, createdAt }) => [createdAt, name]));
  const applied = times.map((time) => names.get(time) ?? String(time));
  const isAhead = times.some((time) => !names.has(time));
  const isBehind = known.some(({ createdAt }) => !times.includes(createdAt));
  const state = times.length === 0 ? 'empty' : isAhead ? 'ahead' : isBehind ? 'behind' : 'current';
  return { state, applied, known: known.map(({ name }) => name) };
};

type Address = DatabaseAddress | string;

const withClient = async <T>(address: Address, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const connection = connectionOf(typeof address === 'string' ? { url: address } : address);
  const client = new pg.Client({ ...connection, application_name: 'latchkey migrate' });
  // Heard here, or a connection that is cut between two statements ends the process; the next statement says what happened.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

export const schemaState = async (database: pg.Pool | Address): Promise<SchemaState> =>
  database instanceof pg.Pool
    ? compare(await appliedTimes(database))
    : withClient(database, async (client) => compare(await appliedTimes(client)));

/**
 * Applies what is missing, all of it or nothing. Two at once are safe: the second waits and finds nothing to do.
 * Changes nothing in a database that is ahead; ask `schemaState` before writing to it.
 */
export const migrateDatabase = (address: Address): Promise<{ applied: string[] }> =>
  withClient(address, async (client) => {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const before = compare(await appliedTimes(client));
    if (before.state === 'ahead' || before.state === 'current') return { applied: [] };
    await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`);
    await migrate(drizzle(client), { migrationsFolder: FOLDER, ...TABLE });
    const after = compare(await appliedTimes(client));
    return { applied: after.applied.filter((name) => !before.applied.includes(name)) };
  });
