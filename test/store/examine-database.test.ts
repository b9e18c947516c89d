/** Doctor says who else may create functions where Latchkey's own statements look names up, and the SQL that ends it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import pg from 'pg';
import { createLog } from '../../src/lib/log.ts';
import { examineDatabase } from '../../src/store/examine.ts';
import { createTestDatabase } from '../support/database.ts';
import { randomSuffix } from '../support/services.ts';

const role = `other_${randomSuffix()}`;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
  await client.query(`create role ${role} nologin`);
});
afterAll(async () => {
  await client.query(`drop owned by ${role}; drop role ${role}`);
  await client.end();
  await database.drop();
});

const look = async (): Promise<string[]> => {
  const { findings } = await examineDatabase({ url: database.url, ca: null, opens: null, log: createLog('silent') });
  return findings.filter(({ code }) => code === 'others_create').map(({ message }) => message);
};

test.each([
  ['a role with CREATE on a schema', `grant create on schema public to ${role}`, role],
  ['PUBLIC, as in databases made before Postgres 15', 'grant create on schema public to public', 'PUBLIC'],
  [
    'a role that may make schemas',
    `do $$ begin execute format('grant create on database %I to ${role}', current_database()); end $$`,
    role,
  ],
])('%s is a warning, until its SQL was run', async (_who, sql, who) => {
  expect(await look()).toEqual([]);
  await client.query(sql);
  const [message = ''] = await look();
  expect(message).toContain(who);
  await client.query(message.slice(message.indexOf('Run there: ') + 'Run there: '.length));
  expect(await look()).toEqual([]);
});
