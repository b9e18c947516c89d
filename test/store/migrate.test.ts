import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateDatabase, schemaState } from '../../src/store/migrate.ts';
import { createTargetDatabase } from '../support/database.ts';
import { runCli } from '../support/process.ts';
import type { TargetDatabase } from '../support/database.ts';

let database: TargetDatabase<'nobody'>;
let client: pg.Client;

beforeAll(async () => {
  database = await createTargetDatabase({ groups: ['nobody'] });
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

test('an empty database is migrated once, however many try at the same time, and is current then', async () => {
  expect(await schemaState(database.url)).toMatchObject({ state: 'empty', applied: [] });
  const runs = await Promise.all([1, 2, 3].map(() => migrateDatabase(database.url)));
  const { state, applied, known } = await schemaState(database.url);
  expect(state).toBe('current');
  expect(applied).toEqual(known);
  expect(runs.flatMap((run) => run.applied)).toEqual(known);
  expect(await migrateDatabase(database.url)).toEqual({ applied: [] });
});

test('a database that misses the last migration is behind, and one that an unknown migration touched is ahead', async () => {
  const { rows } = await client.query(
    'delete from schema_migrations where id = (select max(id) from schema_migrations) returning hash, created_at',
  );
  const behind = await schemaState(database.url);
  expect(behind).toMatchObject({ state: 'behind', applied: behind.known.slice(0, -1) });
  await client.query('insert into schema_migrations (hash, created_at) values ($1, $2), ($3, $4)', [
    rows[0].hash,
    rows[0].created_at,
    'x',
    9_999_999_999_999,
  ]);
  expect(await schemaState(database.url)).toMatchObject({ state: 'ahead' });
  expect(await migrateDatabase(database.url)).toEqual({ applied: [] });
});

test('a lock that somebody holds on a table ends it before others wait behind it, and nothing is changed', async () => {
  const held = await createTargetDatabase({ groups: ['nobody'] });
  const holder = new pg.Client({ connectionString: held.url });
  await holder.connect();
  try {
    await migrateDatabase(held.url);
    await holder.query('delete from schema_migrations where id = (select max(id) from schema_migrations)');
    await holder.query('begin');
    await holder.query('lock table schema_migrations in share mode');
    const refused = await runCli(['migrate'], { DATABASE_URL: held.url });
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^Another session of Postgres holds a lock for too long .*55P03.*run this again\.\n$/);
    await holder.query('rollback');
    expect(await schemaState(held.url)).toMatchObject({ state: 'behind' });
    expect(await runCli(['migrate'], { DATABASE_URL: held.url })).toMatchObject({ code: 0 });
  } finally {
    await holder.end();
    await held.drop();
  }
});

test('the tables in code and the migrations say the same: generating would make nothing new', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-migrations-'));
  try {
    cpSync('migrations', folder, { recursive: true });
    const before = readdirSync(folder);
    execFileSync(
      'npx',
      [
        'drizzle-kit',
        'generate',
        '--dialect',
        'postgresql',
        '--schema',
        './src/store/schema/*.ts',
        '--out',
        path.relative('.', folder),
      ],
      { timeout: 90_000 },
    );
    expect(readdirSync(folder)).toEqual(before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
