import pg from 'pg';
import { expect, test } from 'vitest';
import { createTargetDatabase, createTestDatabase } from '../support/database.ts';
import { startPrivateRedis, testRedis } from '../support/services.ts';

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

test('each test database is a separate one and is gone after drop', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  expect(one.name).not.toBe(two.name);
  const client = await connected(one.url);
  await client.end();
  await Promise.all([one.drop(), two.drop()]);
  await expect(connected(one.url)).rejects.toMatchObject({ code: '3D000' });
});

test('a connection left open fails the drop', async () => {
  const database = await createTestDatabase();
  const leaked = await connected(database.url);
  const errors: Error[] = [];
  leaked.on('error', (error) => errors.push(error));
  await leaked.query('select 1 as the_leak');
  await expect(database.drop()).rejects.toThrow(/1 connection\(s\).*the_leak/s);
  // drop() ends the leaked session from the server's side.
  await expect.poll(() => errors[0]).toMatchObject({ code: '57P01' });
});

test("a target's manager may make a login in a group, and drop leaves no role behind", async () => {
  const target = await createTargetDatabase({ groups: ['app_read', 'app_write'] });
  const manager = await connected(target.managerUrl);
  await manager.query(
    `create role ${target.groups.app_read}_login login password 'x' in role ${target.groups.app_read}`,
  );
  await expect(manager.query('create table mine (id int)')).rejects.toMatchObject({ code: '42501' });
  await manager.end();
  await target.drop();
  const admin = await connected(target.adminUrl);
  const { rows } = await admin.query('select rolname from pg_roles where rolname like $1', [
    `%${target.groups.app_read.slice('app_read'.length)}%`,
  ]);
  expect(rows).toEqual([]);
  await admin.end();
});

test('a private Redis comes back at the same address, and is not the shared one', async () => {
  const server = await startPrivateRedis();
  expect(server.url).not.toBe(testRedis().url);
  await server.kill();
  await server.start();
  await server.remove();
});
