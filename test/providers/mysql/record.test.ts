/** What is done through a login is read from the server's general log: nobody else's, without values and secrets, and compared with its own count. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import { mostStatements, statementOf } from '../../../src/providers/mysql/log-text.ts';
import { mysql } from '../../../src/providers/mysql/mysql.ts';
import type { Connection, Recorded } from '../../../src/providers/provider.ts';
import type { MariaDb } from '../../../sandbox/src/embedded/mariadb.ts';
import { randomSuffix } from '../../support/services.ts';
import { connectTo, contextOf } from '../connection.ts';
import { ownServer } from './servers.ts';
import { configOf, createTarget, enter, preparation, scopeOf, urlFor, type Session, type Target } from './target.ts';

type World = { server: MariaDb; target: Target; connection: Connection<Json, Json>; scope: Json };

/** Before its script has run. */
const createWorld = async (settings: readonly string[]): Promise<World> => {
  const server = await ownServer(settings);
  const target = await createTarget(server.url);
  const scope = scopeOf(target.write, { record: 'statements' });
  return { server, target, connection: connectTo(mysql, configOf(target)), scope };
};

const prepareWorld = async ({ target, scope }: World): Promise<void> =>
  void (await target.sql(await preparation({ url: target.managerUrl }, { write: scope })));

const dropWorld = async ({ server, target, connection }: World): Promise<void> => {
  await connection.disconnect();
  await target.drop();
  await server.stop();
};

type Of = { grantId: string; handle: Json; position: Json };

/** Everything that is there, from where the last look ended. */
const look = async ({ connection, scope }: World, of: Of): Promise<Recorded> => {
  const [found] = (await connection.recorded?.([{ scope, ...of }], contextOf())) ?? [];
  if (!found) throw new Error('nothing was answered');
  return found;
};

const textsOf = ({ statements }: Recorded): string[] => statements.map(({ text }) => text);

/** One grant, used as `work` does; what was logged of it. */
const used = async (world: World, work: (session: Session) => Promise<unknown>) => {
  const grantId = `g${randomSuffix()}`;
  const { handle, secret } = await world.connection.grant(world.scope, contextOf({ grantId }));
  const session = await enter(secret);
  await work(session);
  await session.leave();
  return { found: await look(world, { grantId, handle, position: null }), grantId, handle, secret };
};

const codesOf = async (world: World, level: 'error' | 'warning'): Promise<string[]> =>
  ((await world.connection.preflight?.({ write: world.scope }, contextOf())) ?? [])
    .filter((finding) => finding.level === level)
    .map(({ code }) => code);

describe('what is done through a login in MariaDB', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(['performance-schema=ON', 'event-scheduler=ON']);
    await prepareWorld(world);
  });
  afterAll(async () => await dropWorld(world));

  it('is recorded: both protocols, several in one text, what fails and what does not parse, without values', async () => {
    const { database } = world.target;
    const { found } = await used(world, async ({ query, connection }) => {
      await query('select count(*) from orders');
      await connection.execute('insert into orders values (?, ?)', [10, 'the "value" of a customer']);
      await connection.execute('insert into orders values (?, ?)', [11, 'another']);
      await query('insert into orders values (1, "twice")').catch(() => undefined);
      await query('selekt 2').catch(() => undefined);
      await query("prepare p from 'select 3'");
      await query('execute p');
      await query(`use ${database}`);
      await query("select '\u00e4\u4e16\nlk_other[lk_other]'");
    });
    expect(textsOf(found)).toEqual([
      'select count(*) from orders',
      'insert into orders values (?, ?)',
      'insert into orders values (?, ?)',
      'insert into orders values (1, "twice")',
      'selekt 2',
      "prepare p from 'select 3'",
      'execute p',
      'select ?',
      `use ${database}`,
      "select '\u00e4\u4e16\nlk_other[lk_other]'",
    ]);
    expect(found.statements.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(JSON.stringify(found)).not.toMatch(/customer|another/);
    expect(found).toMatchObject({ missing: [], lost: [], sessions: 1, isAtEnd: true });
  });

  it('cannot be switched off, and the attempt is recorded', async () => {
    const refused: string[] = [];
    const attempts = [
      'set sql_log_off = 1',
      'set session sql_log_off = 1',
      'set global general_log = off',
      "set global log_output = 'NONE'",
      'truncate table mysql.general_log',
      'drop view latchkey.statements',
      "update performance_schema.setup_actors set enabled = 'NO'",
    ];
    const { found } = await used(world, async ({ query }) => {
      for (const sql of attempts) await query(sql).catch(() => refused.push(sql));
    });
    expect(refused).toEqual(attempts);
    expect(textsOf(found)).toEqual(attempts);
    expect(found.lost).toEqual([]);
  });

  it('is recorded where it is no text in any character set, and said where it is too long to be kept', async () => {
    const { found } = await used(world, async ({ query, connection }) => {
      await query({ sql: "select '\u00ff\u00fe', 1", values: [] } as never);
      await connection.query('set names latin1');
      await query(`select length('${'x'.repeat(4_200_000)}')`);
      await query('select 2');
    });
    const texts = textsOf(found);
    expect(texts.at(-1)).toBe('select 2');
    expect(texts.some((text) => /^-- Query of 42000\d\d bytes, which is too long to be kept$/.test(text))).toBe(true);
    expect(found.lost).toEqual([
      expect.stringMatching(/^A statement of 42000\d\d bytes on .* was too long to be kept\.$/),
    ]);
  });

  it.each(['-12:00', '+12:00'])('is recorded whatever clock the session sets: %s', async (zone) => {
    const { found, grantId, handle, secret } = await used(world, async ({ query }) => {
      await query(`set time_zone = '${zone}'`);
      await query("select 'far away'");
      await query('set timestamp = 1');
      await query("select 'long ago'");
    });
    const session = await enter(secret);
    await session.query("select 'as usual'");
    await session.leave();
    const next = await look(world, { grantId, handle, position: found.position });
    expect([...textsOf(found), ...textsOf(next)]).toEqual([
      `set time_zone = '${zone}'`,
      "select 'far away'",
      'set timestamp = 1',
      "select 'long ago'",
      "select 'as usual'",
    ]);
    expect([...found.lost, ...next.lost]).toEqual([]);
  });

  it('goes on where the last look ended', async () => {
    const { found, grantId, handle, secret } = await used(world, async ({ query }) => await query('select 1'));
    const again = await look(world, { grantId, handle, position: found.position });
    expect([again.statements, again.sessions, again.lost]).toEqual([[], 0, []]);
    const session = await enter(secret);
    await session.query('select 5; select 6').catch(() => undefined);
    await session.query('select 7');
    const second = await look(world, { grantId, handle, position: again.position });
    expect([textsOf(second), second.sessions, second.lost]).toEqual([['select 5; select 6', 'select 7'], 1, []]);
    await session.query('select 8');
    await session.leave();
    const third = await look(world, { grantId, handle, position: second.position });
    expect([third.statements.map(({ text, line }) => [text, line]), third.sessions]).toEqual([[['select 8', 3]], 0]);
  });

  it('names how many statements the log lost, by what the server counted', async () => {
    const { found, grantId, handle, secret } = await used(world, async ({ query }) => await query('select 1'));
    const session = await enter(secret);
    await session.query('select 2');
    await session.connection.execute('select ?', [3]);
    await world.target.sql('truncate table mysql.general_log');
    await session.query('select 4');
    const after = await look(world, { grantId, handle, position: found.position });
    expect(textsOf(after)).toEqual(['select 4']);
    expect(after.lost).toEqual([
      expect.stringMatching(/^2 statements that 127\.0\.0\.1:\d+ counted until [-\d :.]+ are missing in its log\.$/),
    ]);
    await session.query('select 5');
    await session.leave();
    const last = await look(world, { grantId, handle, position: after.position });
    expect([textsOf(last), last.lost]).toEqual([['select 5'], []]);
  });

  it('says so where the log is switched off, and what was done meanwhile is counted as missing', async () => {
    const { found, grantId, handle, secret } = await used(world, async ({ query }) => await query('select 1'));
    await world.target.sql('set global general_log = off');
    const session = await enter(secret);
    await session.query('select 2');
    const off = await look(world, { grantId, handle, position: found.position });
    expect(off.lost[0]).toMatch(/does not log statements into its table any more\.$/);
    expect(off.lost[1]).toMatch(/^1 statement that .* is missing in its log\.$/);
    await expect(world.connection.grant(world.scope, contextOf({ grantId: `g${randomSuffix()}` }))).rejects.toThrow(
      'SET GLOBAL general_log = ON',
    );
    expect(await codesOf(world, 'error')).toEqual(['record_log']);
    await world.target.sql('set global general_log = on');
    await session.leave();
  });

  it("gives Latchkey's account the lines of temporary logins and nothing else", async () => {
    await world.target.sql("select 'said by the administrator'");
    const { found } = await used(world, async ({ query }) => await query('select 4711'));
    expect(textsOf(found)).toEqual(['select 4711']);
    const latchkey = await enter({
      fields: [
        {
          name: 'url',
          label: 'URL',
          env: null,
          value: urlFor(world.target.managerUrl, { database: '' }),
          secret: true,
        },
      ],
    });
    await expect(latchkey.query('select * from mysql.general_log')).rejects.toThrow('denied');
    await expect(latchkey.query('create or replace view latchkey.statements as select 1')).rejects.toThrow('denied');
    await latchkey.leave();
    const own = await world.target.sql<{ n: number }>(
      "select count(*) as n from latchkey.statements where user_host not like 'lk\\_%'",
    );
    expect(own).toEqual([{ n: 0 }]);
    expect(await codesOf(world, 'warning')).toEqual([]);
  });

  it('begins anew with what a restarted server counts, and says so', async () => {
    const { found, grantId, handle, secret } = await used(world, async ({ query }) => await query('select 1'));
    // Known by its uptime, which must be more than the restarted one's.
    await waitUntil(
      async () => {
        const [uptime] = await world.target.sql<{ Value: string }>("show global status like 'Uptime'");
        return Number(uptime?.Value) > 3;
      },
      { what: 'a server that has been up for some seconds', timeoutMs: 60_000 },
    );
    await world.server.stop();
    await world.server.start();
    const admin = await enter({
      fields: [{ name: 'url', label: 'URL', env: null, value: world.server.url, secret: true }],
    });
    await admin.query("set global log_output = 'TABLE'");
    await admin.query('set global general_log = on');
    const session = await enter(secret);
    await session.query('select 2');
    await session.leave();
    let after: Recorded | undefined;
    await waitUntil(
      async () => {
        after = await look(world, { grantId, handle, position: found.position }).catch(() => undefined);
        return after !== undefined;
      },
      { what: 'a look at the restarted server', timeoutMs: 60_000 },
    );
    expect(after && textsOf(after)).toEqual(['select 2']);
    expect(after?.lost).toEqual([expect.stringContaining('was restarted, and what it had counted is gone')]);
    world.target = { ...world.target, drop: async () => await admin.leave() };
  });
});

describe('a server that does not count', () => {
  it('is recorded, and nobody says that it is complete', async () => {
    const world = await createWorld(['event-scheduler=ON']);
    expect(await codesOf(world, 'error')).toEqual(['no_rights']);
    await expect(world.connection.grant(world.scope, contextOf({ grantId: `g${randomSuffix()}` }))).rejects.toThrow(
      'does not log them into a table',
    );
    await prepareWorld(world);
    expect([await codesOf(world, 'error'), await codesOf(world, 'warning')]).toEqual([[], ['record_count']]);
    const { found } = await used(world, async ({ query }) => await query('select 1'));
    expect(textsOf(found)).toEqual(['select 1']);
    expect(found.lost).toEqual([expect.stringContaining('does not count statements')]);
    expect(world.connection.terms?.(world.scope)).toEqual(['Statements are recorded.']);
    await dropWorld(world);
  });
});

describe('the text of a line', () => {
  const of = (command: string, text: string): string | null =>
    statementOf({ command, text, bytes: Buffer.byteLength(text) });
  it.each([
    ["set password = password('top secret')"],
    ["alter user current_user() identified by 'top secret'"],
    ['alter user x identified via ed25519 using password("top secret")'],
    ["create user x@y identified with mysql_native_password by 'top \\' secret'"],
    ["set password for x@y = 'top secret'"],
    ["change master to master_password = 'top secret'"],
    ["create user x identified by 'top secret"],
  ])('has no password: %s', (sql) => {
    expect(of('Query', sql)).not.toMatch(/top|secret/);
    expect(of('Query', sql)).toContain('***');
  });
  it('has no value of a parameter, and keeps names and comments', () => {
    const sql =
      "insert into `t 1` (a1, b) values (1, -2.5e3, 0x1F, x'00', 'it''s', \"a\\\"b\", _utf8mb4'\u00e4', NULL) /* job 7 */ -- 8";
    expect(of('Execute', sql)).toBe('insert into `t 1` (a1, b) values (?, -?, ?, ?, ?, ?, ?, NULL) /* job 7 */ -- 8');
  });
  it('is none where nothing is done', () => {
    for (const command of ['Connect', 'Quit', 'Prepare', 'Close stmt', 'Ping']) expect(of(command, 'x')).toBeNull();
    expect(of('Kill', '7')).toBe('-- Kill: 7');
  });
  it('counts separators outside of strings, names and comments', () => {
    expect(mostStatements("select ';' as `;` /* ; */ -- ;\n; select 2;")).toBe(3);
  });
});
