/** What `latchkey doctor --sql` prints runs as it is, on every version, more than once, and leaves nothing to be found wrong. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import type { Json } from '../../../src/domain/json.ts';
import { scopesOf } from '../../../src/providers/examine.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { preparationSql } from '../../../src/providers/postgres/prepare.ts';
import type { Preparation } from '../../../src/providers/provider.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { randomSuffix } from '../../support/services.ts';
import { withClient } from '../../support/world.ts';
import { connectTo, contextOf } from '../connection.ts';
import { startVersion, VERSIONS } from './servers.ts';
import { enter, urlFor } from './target.ts';

const { signal } = new AbortController();
const PSQL = '/usr/bin/psql';

/** As an administrator pastes it; without psql on the machine, as any other client sends it. */
const paste = async (url: string, sql: string): Promise<void> => {
  if (!existsSync(PSQL)) return withClient(url, async (client) => void (await client.query(sql)));
  const env = { ...process.env, PGOPTIONS: '-c client_min_messages=warning' };
  const ran = spawnSync(PSQL, ['-X', '-v', 'ON_ERROR_STOP=1', '-d', url], { input: sql, encoding: 'utf8', env });
  expect({ status: ran.status, err: ran.stderr }).toEqual({ status: 0, err: '' });
};

type Server = { adminUrl: string; database: string; login: string; groups: string[]; url: string };

const PASSWORD = 'p@ss word/that is long';

const createServer = async (version: number): Promise<Server> => {
  const suffix = randomSuffix();
  const database = `orders_${suffix}`;
  const root = await startVersion(version);
  await withClient(root, (client) => client.query(`create database ${database}`));
  const adminUrl = urlFor(root, { database });
  const login = `latchkey-${suffix}`;
  const groups = [`app_read_${suffix}`, `App "Write" ${suffix}`];
  return { adminUrl, database, login, groups, url: urlFor(adminUrl, { user: login, password: PASSWORD }) };
};

const remove = async ({ adminUrl, database, login, groups }: Server): Promise<void> =>
  withClient(urlFor(adminUrl, { database: 'postgres' }), async (client) => {
    await client.query(`drop database ${database} with (force)`);
    for (const role of [...groups, login]) await client.query(`drop role if exists ${pg.escapeIdentifier(role)}`);
  });

const scopesIn = ({ groups: [read = '', write = ''] }: Server): Record<string, Json> => ({
  read: { member_of: [read] },
  write: { member_of: [write, read], set_role: write },
});

const sqlFor = async (server: Server): Promise<Preparation> => {
  const made = await postgres.prepare?.({ url: server.url }, scopesIn(server), { signal });
  if (!made) throw new Error('Postgres has no preparation');
  return made;
};

/** Codes of what is an error. */
const look = async (server: Server): Promise<string[]> => {
  const connection = connectTo(postgres, { url: server.url });
  const findings = await connection.preflight?.(scopesIn(server), contextOf());
  await connection.disconnect();
  return (findings ?? []).flatMap(({ level, code }) => (level === 'error' ? [code] : []));
};

const setPassword = ({ adminUrl, login }: Server): Promise<unknown> =>
  withClient(adminUrl, (client) =>
    client.query(`alter role ${pg.escapeIdentifier(login)} password ${pg.escapeLiteral(PASSWORD)}`),
  );

const docs = readFileSync(new URL('../../../docs/postgres.md', import.meta.url), 'utf8');
/** The blocks under "Prepare the server". */
const documented = (): string[] => {
  const [, part = ''] = docs.split('## Prepare the server\n');
  const [section = ''] = part.split('\n## ');
  return [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
};

describe.each(VERSIONS)('a Postgres %s that knows nothing of Latchkey', (version) => {
  let server: Server;
  beforeAll(async () => {
    server = await createServer(version);
  });
  afterAll(async () => await remove(server));

  it('is prepared by what is printed before Latchkey can log in, twice, and then nothing is wrong', async () => {
    const { text, version: known, notes } = await sqlFor(server);
    expect(known).toBeNull();
    expect(notes[0]).toMatch(/refuses Latchkey's own login.*\(28P01\)\.$/);
    expect(text).toMatch(/version is not known: this is for the newest, Postgres 18, and runs on 15, 16 and 17 too\./);
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(new URL(server.url).password);
    await paste(server.adminUrl, text);
    await setPassword(server);
    expect(await look(server)).toEqual([]);
    await paste(server.adminUrl, text);
    expect(await look(server)).toEqual([]);
  });

  it('is then asked for its version, and prints for that one, which runs too', async () => {
    const { text, version: known, notes } = await sqlFor(server);
    expect({ known, notes }).toEqual({ known: String(version), notes: [] });
    expect(text.split('\n')[0]).toBe(`-- For Postgres ${version}.`);
    expect(text.includes('WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;')).toBe(version >= 16);
    expect(text.includes('WITH ADMIN OPTION;')).toBe(version < 16);
    await paste(server.adminUrl, text);
    expect(await look(server)).toEqual([]);
  });

  it('gives and takes access, in which nothing can be left in the schema public', async () => {
    const connection = connectTo(postgres, { url: server.url });
    const scope = scopesIn(server)['write'] ?? {};
    const ctx = contextOf();
    const { handle, secret } = await connection.grant(scope, ctx);
    const session = await enter(secret);
    expect(await session.query('select current_user::text as who')).toEqual([{ who: server.groups[1] }]);
    await expect(session.query('create table public.left_behind (id int)')).rejects.toMatchObject({ code: '42501' });
    expect(await connection.revoke(scope, handle, ctx)).toBe('removed');
    await connection.disconnect();
  });

  it('gives Latchkey no right in what the groups may do', async () => {
    const { rows } = await withClient(server.adminUrl, (client) =>
      client.query(
        `select g.rolname as group, m.admin_option as admin, to_jsonb(m) ->> 'inherit_option' as inherit, to_jsonb(m) ->> 'set_option' as set
         from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles l on l.oid = m.member
         where l.rolname = $1 and g.rolname <> 'pg_signal_backend'`,
        [server.login],
      ),
    );
    const isModern = version >= 16;
    const options = { admin: true, inherit: isModern ? 'false' : null, set: isModern ? 'false' : null };
    expect(rows).toHaveLength(2);
    expect(rows).toEqual(expect.arrayContaining(server.groups.map((group) => ({ group, ...options }))));
  });

  it('takes the optional lines too, without the dashes in front', async () => {
    const { text } = await sqlFor(server);
    const [, optional = ''] = text.split('-- Optional.');
    const lines = optional.split('\n').slice(1);
    const sql = lines.filter((line) => !/^-- (?:The |From |see )/.test(line)).map((line) => line.replace(/^-- /, ''));
    expect(sql.join('\n')).toContain('GRANT pg_read_all_stats');
    await paste(server.adminUrl, sql.join('\n'));
    expect(await look(server)).toEqual([]);
    await withClient(server.adminUrl, async (client) => {
      await client.query(`drop owned by ${server.groups.map((group) => pg.escapeIdentifier(group)).join(', ')}`);
      const { rows } = await client.query<{ name: string }>(
        'select rolname as name from pg_roles where starts_with(rolname, $1)',
        [`${server.login}_maker_`],
      );
      expect(rows).toHaveLength(version >= 16 ? 16 : 0);
      for (const { name } of rows)
        await client.query(`drop owned by ${pg.escapeIdentifier(name)}; drop role ${pg.escapeIdentifier(name)}`);
    });
  });

  it('runs what docs/postgres.md shows for the example policy, twice', async () => {
    const ours = (quote: string) => (_all: string, name: string) => `${quote}${name}_${server.database}${quote}`;
    const rename = (sql: string): string =>
      sql
        .replaceAll(/"(latchkey|app_read|app_write)"/g, ours('"'))
        .replaceAll(/'(latchkey|app_read|app_write)'/g, ours("'"));
    const roles = ['app_read', 'app_write', 'latchkey'].map((name) => `"${name}_${server.database}"`).join(', ');
    await withClient(server.adminUrl, (client) => client.query('create table public.orders (id int)'));
    try {
      for (const sql of [...documented(), ...documented()]) await paste(server.adminUrl, rename(sql));
      expect(documented().length).toBeGreaterThan(1);
    } finally {
      await withClient(server.adminUrl, (client) => client.query(`drop owned by ${roles}; drop role ${roles}`));
    }
  });
});

describe('docs/postgres.md', () => {
  it('shows what is printed for the example policy', async () => {
    const text = readFileSync(new URL('../../../latchkey.example.yml', import.meta.url), 'utf8');
    const input = { text, env: {}, path: 'latchkey.example.yml', providers: PROVIDERS, areVariablesOptional: true };
    const loaded = loadPolicy(input);
    const target = 'policy' in loaded ? loaded.policy.targets['orders-db'] : undefined;
    if (!target) throw new Error('the example policy has no orders-db');
    const printed = await postgres.prepare?.(target.config, scopesOf(target), { signal });
    expect(documented()[0]).toBe(printed?.text);
  });
});

describe('names that could be mistaken for SQL', () => {
  const HOSTILE = [
    'a"; DROP ROLE x; --',
    "it's",
    'a\nDROP ROLE x;',
    '$latchkey$ END $latchkey$',
    'a\u2028b',
    'back\\slash',
  ];

  it('stay names: nothing else is made, and comments stay comments', async () => {
    const server = await createServer(18);
    const groups = HOSTILE.map((name) => `${name}${server.database}`.slice(0, 60));
    const login = `L${HOSTILE[2]}${server.database}`.slice(0, 60);
    const scopes = [{ member_of: groups, connection_limit: 5, record: 'statements' as const }];
    const plan = { login, database: HOSTILE[2] ?? '', why: HOSTILE[2] ?? '', roles: { 'r\nDROP': groups }, scopes };
    for (const version of [null, 18]) {
      const sql = preparationSql({ ...plan, version });
      await paste(server.adminUrl, sql);
      expect(sql.split('\n').filter((line) => /^-- .*[\u2028]/.test(line))).toEqual([]);
    }
    await withClient(server.adminUrl, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'select rolname as name from pg_roles where rolname = any($1)',
        [[...groups, login]],
      );
      expect(rows.map(({ name }) => name).sort()).toEqual([...groups, login].sort());
      for (const { name } of rows)
        await client.query(`drop owned by ${pg.escapeIdentifier(name)}; drop role ${pg.escapeIdentifier(name)}`);
    });
    await remove(server);
  });
});
