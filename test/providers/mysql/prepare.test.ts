/** What `latchkey doctor --sql` prints is enough for a server as it comes, and no more. */
import { readFileSync } from 'node:fs';
import type mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import { scopesOf } from '../../../src/providers/examine.ts';
import { preparationSql } from '../../../src/providers/mysql/prepare.ts';
import { account, name } from '../../../src/providers/mysql/quote.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { randomSuffix } from '../../support/services.ts';
import { connectTo, contextOf } from '../connection.ts';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import type { MariaDb } from '../../../sandbox/src/embedded/mariadb.ts';
import { ownServer } from './servers.ts';
import { adminConnection, createTarget, preparation, scopeOf, urlFor } from './target.ts';

let admin: mysql.Connection;
let adminUrl: string;
let server: MariaDb;
beforeAll(async () => {
  server = await ownServer();
  adminUrl = server.url;
  admin = await adminConnection(adminUrl);
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});

const rows = async (text: string): Promise<Record<string, unknown>[]> =>
  (await admin.query(text))[0] as Record<string, unknown>[];

describe('the printed SQL', () => {
  it('says for which server it is, may be run again, and leaves nothing to fix', async () => {
    const target = await createTarget(adminUrl);
    const scopes = { read: scopeOf(target.read), write: scopeOf(target.write) };
    const text = await preparation({ url: target.managerUrl }, scopes);
    expect(text).toMatch(/^-- For MariaDB 10\.\d+\.\d+\.\n/);
    await target.sql(text);
    const connection = connectTo(provider, { url: target.managerUrl });
    expect(await connection.preflight?.(scopes, contextOf())).toEqual([]);
    await connection.disconnect();
    await target.drop();
  });

  it('makes an account that nobody can log in with before it has a password', async () => {
    const user = `fresh_${randomSuffix()}`;
    const url = urlFor(adminUrl, { user, password: 'guess' });
    await admin.query(await preparation({ url }, {}));
    for (const password of ['guess', 'invalid', ''])
      await expect(adminConnection(urlFor(url, { password: password || ' ' }))).rejects.toMatchObject({ errno: 1045 });
    await admin.query(`DROP USER ${account(user)}`);
  });

  it('takes away what a fresh server gives to everybody', async () => {
    await admin.query(`INSERT INTO mysql.db (Host, Db, User, Select_priv, Event_priv) VALUES ('%', 'test\\\\_%', '', 'Y', 'Y');
      CREATE USER IF NOT EXISTS ''@'no-such-host'; FLUSH PRIVILEGES`);
    const target = await createTarget(adminUrl);
    expect(await rows(`select 1 from mysql.db where User = ''`)).toEqual([]);
    expect(await rows(`select 1 from mysql.user where User = ''`)).toEqual([]);
    await target.drop();
  });

  it('names stay names: nothing else is made, and comments stay comments', async () => {
    const hostile = ["a'; DROP TABLE x; --", 'back`tick', 'a\nDROP ROLE x;', 'back\\slash', 'a\u2028b'];
    const suffix = randomSuffix();
    const roles = hostile.map((each) => `${each}${suffix}`);
    const who = account(`L${hostile[2] ?? ''}${suffix}`);
    const sql = preparationSql({
      who,
      dialect: null,
      why: hostile[2] ?? '',
      roles: { 'r\nDROP': roles },
      isRecorded: false,
    });
    await admin.query(sql);
    const made = await rows(`select User as user from mysql.user where User like '%${suffix}' order by 1`);
    expect(made.map(({ user }) => user)).toEqual([...roles, `L${hostile[2] ?? ''}${suffix}`].sort());
    await admin.query(roles.map((role) => `DROP ROLE ${name(role)};`).join('\n'));
    await admin.query(`DROP USER ${who}`);
  });
});

it('docs/mysql.md shows what is printed for examples/mysql.yml', async () => {
  const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
  const input = {
    text: read('examples/mysql.yml'),
    env: {},
    path: 'mysql.yml',
    providers: PROVIDERS,
    areVariablesOptional: true,
  };
  const loaded = loadPolicy(input);
  const target = 'policy' in loaded ? loaded.policy.targets['shop-db'] : undefined;
  if (!target) throw new Error('the example has no shop-db');
  const printed = await preparation(target.config, scopesOf(target));
  expect(read('docs/mysql.md')).toContain(`\`\`\`sql\n${printed}\`\`\``);
});
