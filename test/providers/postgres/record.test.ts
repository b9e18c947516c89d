/** What is done through a login is read from the server's own log: all of it, nobody else's, without secrets, and with what is missing. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { scrubSql } from '../../../src/providers/kit/scrub-sql.ts';
import type { Connection, Recorded, Secret } from '../../../src/providers/provider.ts';
import { randomSuffix } from '../../support/services.ts';
import { withClient } from '../../support/world.ts';
import { connectTo, contextOf } from '../connection.ts';
import { startRecording, startVersion } from './servers.ts';
import { configOf, createTarget, valueOf, type Target } from './target.ts';

const { signal } = new AbortController();

const urlOf = (secret: Secret | undefined): string => valueOf(secret, 'URL');

type World = { target: Target; connection: Connection<Json, Json>; scope: Json };

const prepareSql = async (target: Target, scope: Json): Promise<string> => {
  const made = await postgres.prepare?.({ url: target.managerUrl }, { read: scope }, { signal });
  return made?.text ?? '';
};

const createWorld = async (adminUrl: string, makers = 0): Promise<World> => {
  const target = await createTarget(adminUrl, makers);
  const scope = {
    member_of: [target.write],
    record: 'statements',
    limits: { statement_timeout: '30s', temp_file_limit: '64MB' },
  };
  await target.sql(await prepareSql(target, scope));
  return { target, connection: connectTo(postgres, configOf(target)), scope };
};

/** Everything that is there, from where the last look ended. */
const look = async (
  { connection, scope }: World,
  of: { grantId: string; handle: Json; position: Json },
): Promise<Recorded> => {
  const [found] = (await connection.recorded?.([{ scope, ...of }], contextOf())) ?? [];
  if (!found) throw new Error('nothing was answered');
  return found;
};

const textsOf = ({ statements }: Recorded): string[] => statements.map(({ text }) => text);

const VERSIONS = [15, 18];

describe.each(VERSIONS.map((version) => ({ version, makers: version === 18 ? 2 : 0 })))(
  'what is done through a login on Postgres $version',
  ({ version, makers }) => {
    let world: World;
    beforeAll(async () => void (world = await createWorld(await startRecording(version), makers)));
    afterAll(async () => {
      await world.connection.disconnect();
      await world.target.drop();
    });

    /** One grant, used as `work` does; what was logged of it, once `last` is there. */
    const used = async (work: (client: pg.Client) => Promise<unknown>, last = 'select 4711') => {
      const grantId = `g${randomSuffix()}`;
      const { handle, secret } = await world.connection.grant(world.scope, contextOf({ grantId }));
      await withClient(urlOf(secret), async (client) => {
        await work(client);
        await client.query(last);
      });
      let found: Recorded | undefined;
      await waitUntil(
        async () => {
          found = await look(world, { grantId, handle, position: null });
          return textsOf(found).includes(last);
        },
        { what: 'the last statement in the record', timeoutMs: 60_000 },
      );
      if (!found) throw new Error('nothing was recorded');
      return { found, grantId, handle, secret };
    };

    it('is recorded: both protocols, what fails and what does not parse, in order and without a gap', async () => {
      const { found } = await used(async (client) => {
        await client.query('select count(*) from orders');
        await client.query('insert into orders values ($1, $2)', [10, 'the value of a customer']);
        await client.query('select 1/0').catch(() => undefined);
        await client.query('selekt 2').catch(() => undefined);
        await client.query('prepare p as select 3');
        await client.query('execute p');
        await client.query('select \'a\nline "user":"lk_other_x"\', \'\u00e4\u4e16\'');
      });
      expect(textsOf(found)).toEqual([
        'select count(*) from orders',
        'insert into orders values ($1, $2)',
        'select 1/0',
        'selekt 2',
        'prepare p as select 3',
        'execute p\n-- prepare: prepare p as select 3',
        'select \'a\nline "user":"lk_other_x"\', \'\u00e4\u4e16\'',
        'select 4711',
      ]);
      expect(found.statements.map(({ code }) => code)).toEqual([null, null, '22012', '42601', null, null, null, null]);
      expect(JSON.stringify(found)).not.toContain('the value of a customer');
      expect(found).toMatchObject({ missing: [], lost: [], sessions: 1, isAtEnd: true });
    });

    it('cannot be switched off, unlike a default', async () => {
      const refused: string[] = [];
      const { found } = await used(async (client) => {
        for (const sql of [
          'set log_statement = none',
          'set log_parameter_max_length = -1',
          "set lc_messages = 'de_DE'",
          'set temp_file_limit = -1',
          'alter role current_user set log_statement = none',
          'alter role session_user reset log_statement',
        ])
          await client
            .query(sql)
            .catch((error: unknown) => refused.push(`${sql}: ${(error as { code: string }).code}`));
        await client.query('set role none; alter role session_user reset all');
        await client.query('set statement_timeout = 0');
      });
      expect(refused.map((text) => text.slice(-5))).toEqual(Array.from(refused, () => '42501'));
      expect(refused).toHaveLength(6);
      expect(textsOf(found)).toContain('set log_statement = none');
    });

    it('that is taken off the login by hand, or a limit that is, is drift and put back', async () => {
      const { connection, target, scope } = world;
      const ctx = contextOf();
      const { secret } = await connection.grant(scope, ctx);
      const user = valueOf(secret, 'User');
      const drift = async (): Promise<string[]> => {
        const ours = (await connection.listOurs?.(ctx))?.find(({ grantId }) => grantId === ctx.grantId);
        if (!ours) throw new Error('the login is not listed');
        return (connection.differences?.(scope, ours, ctx.expiresAt) ?? []).map(
          ({ kind, message }) => `${kind}: ${message}`,
        );
      };
      expect(await drift()).toEqual([]);
      // What a session may change for itself is no drift.
      await target.sql(`alter role "${user}" set statement_timeout = 0`);
      expect(await drift()).toEqual([]);
      await target.sql(`alter role "${user}" reset log_statement; alter role "${user}" set temp_file_limit = -1`);
      await target.sql(`alter role "${user}" connection limit -1`);
      expect(await drift()).toEqual([
        'wider: it may have any number of sessions at once instead of 5',
        'wider: what was set on it was changed: log_statement, temp_file_limit',
      ]);
      await connection.restore?.(scope, ctx);
      expect(await drift()).toEqual([]);
      const [login] = await target.sql<{ limit: number }>(
        'select rolconnlimit as limit from pg_roles where rolname = $1',
        [user],
      );
      expect(login?.limit).toBe(5);
      await connection.revoke(scope, undefined, ctx);
    });

    it('goes on where the last look ended, and names lines that are missing', async () => {
      const { found, grantId, handle, secret } = await used(async (client) => void (await client.query('select 1')));
      const again = await look(world, { grantId, handle, position: found.position });
      expect(again.statements).toEqual([]);
      await withClient(urlOf(secret), async (client) => void (await client.query('select 5')));
      await waitUntil(
        async () => textsOf(await look(world, { grantId, handle, position: found.position })).includes('select 5'),
        {
          what: 'the second session',
          timeoutMs: 60_000,
        },
      );
      const second = await look(world, { grantId, handle, position: found.position });
      expect([second.sessions, second.missing]).toEqual([1, []]);
      // As if the lines before the last of the first session had never been written.
      const position = found.position as { sessions: Record<string, number> };
      const [session = ''] = Object.keys(position.sessions);
      const sessions = { [session]: 1 };
      const beginning = { ...position, sessions, logs: (handle as { starts: Json }).starts, heads: { [session]: 0 } };
      const gap = await look(world, { grantId, handle, position: { ...beginning, sessions: { [session]: -2 } } });
      expect(gap.missing).toEqual([{ session, from: -1, to: expect.any(Number) as number }]);
    });

    it('says so where a log was gone before it was read', async () => {
      const { found, grantId, handle } = await used(async () => undefined);
      const position = found.position as { logs: Record<string, { file: string }> };
      const logs = Object.fromEntries(
        Object.entries(position.logs).map(([where, at]) => [where, { ...at, file: 'postgresql-1999.json' }]),
      );
      const after = await look(world, { grantId, handle, position: { ...position, logs } });
      expect(after.lost).toEqual(['The log postgresql-1999.json was gone before it was read to its end.']);
    });

    it('goes over into the next log', async () => {
      const { found } = await used(async (client) => {
        await client.query('select 21');
        await world.target.sql('select pg_rotate_logfile()');
        await waitUntil(
          async () => {
            await client.query('select 22');
            const [row] = await world.target.sql<{ files: number }>(
              'select count(*)::int as files from latchkey.log_files()',
            );
            return (row?.files ?? 0) > 1;
          },
          { what: 'a second log', timeoutMs: 60_000 },
        );
      }, 'select 23');
      expect(textsOf(found)).toEqual(expect.arrayContaining(['select 21', 'select 22', 'select 23']));
      expect(found.missing).toEqual([]);
    });

    it("gives Latchkey's role the lines of temporary logins and nothing else", async () => {
      await world.target.sql("select 'said by the administrator'");
      const seen = await withClient(world.target.managerUrl, async (client) => {
        const { rows } = await client.query<{ lines: Buffer[] }>(
          'select lines from latchkey.log_files() f, latchkey.log_lines(f.name, 0)',
        );
        const refusals: string[] = [];
        for (const sql of [
          "select latchkey.log_lines('../postgresql.auto.conf', 0)",
          "select latchkey.log_lines('/etc/passwd', 0)",
          "select latchkey.log_lines('..', 0)",
          "select pg_read_file('postgresql.auto.conf')",
        ])
          await client.query(sql).catch((error: unknown) => refusals.push((error as { code: string }).code));
        return { text: Buffer.concat(rows.flatMap(({ lines }) => lines)).toString(), refusals };
      });
      expect(seen.text).toContain('"user":"lk_');
      expect(seen.text).not.toContain('said by the administrator');
      expect(seen.text).not.toContain(`"user":"${world.target.manager}"`);
      expect(seen.refusals).toEqual(['22023', '22023', '22023', '42501']);
    });

    it('is refused, with what to run, where the group could switch it off or the reader is somebody else’s', async () => {
      const codes = async (): Promise<string[]> =>
        ((await world.connection.preflight?.({ write: world.scope }, contextOf())) ?? [])
          .filter(({ level }) => level === 'error')
          .map(({ code }) => code);
      const attempt = async (): Promise<unknown> =>
        world.connection.grant(world.scope, contextOf({ grantId: `g${randomSuffix()}` })).then(
          () => null,
          (error: unknown) => (error as Error).message,
        );
      expect(await codes()).toEqual([]);
      await world.target.sql(`grant set on parameter log_statement to ${world.target.write}`);
      expect(await codes()).toEqual(['group_undoes_settings']);
      expect(await attempt()).toContain(`REVOKE SET ON PARAMETER "log_statement" FROM "${world.target.write}"`);
      await world.target.sql(`revoke set on parameter log_statement from ${world.target.write}`);
      await world.target.sql(`alter function latchkey.log_files() owner to ${world.target.manager}`);
      expect(await codes()).toEqual(['record_reader']);
      expect(await attempt()).toContain('doctor --sql');
      await world.target.sql(await prepareSql(world.target, world.scope));
      expect(await codes()).toEqual([]);
    });
  },
);

describe('a server that logs nothing in JSON', () => {
  it('gives no access that is to be recorded, and doctor says what to do', async () => {
    const world = await createWorld(await startVersion(18));
    const findings = (await world.connection.preflight?.({ write: world.scope }, contextOf())) ?? [];
    expect(findings.filter(({ level }) => level === 'error').map(({ code }) => code)).toEqual(['record_log']);
    await expect(world.connection.grant(world.scope, contextOf({ grantId: `g${randomSuffix()}` }))).rejects.toThrow(
      'logging_collector = on',
    );
    expect(world.connection.terms?.(world.scope)).toEqual([
      'Statements are recorded.',
      'Limit: temp_file_limit 64MB.',
      'Default, which a session may change: statement_timeout 30s.',
    ]);
    await world.connection.disconnect();
    await world.target.drop();
  });
});

describe('passwords in statements', () => {
  it.each([
    ["alter role x password 'top secret'"],
    ["ALTER USER x WITH ENCRYPTED PASSWORD\n/* c */ 'top secret' VALID UNTIL 'x'"],
    ["alter role x password E'top \\' secret'"],
    ['alter role x password $a$top secret$a$'],
    ['alter role x password $$top secret$$'],
    ["alter role x password -- why\n 'top secret'"],
    ["create user mapping for x server y options (user 'u', password 'top secret')"],
    ["select dblink('host=h user=u password=top-secret')"],
    ["select dblink('host=h password=''top secret'' user=u')"],
    ["create subscription s connection 'postgresql://u:top-secret@h/d'"],
    ["alter role x password 'top secret"],
    ["select login(p_password => 'top secret')"],
  ])('are hidden: %s', (sql) => {
    expect(scrubSql(sql)).not.toMatch(/top|secret[^_]/);
    expect(scrubSql(sql)).toContain('***');
  });
  it('and what is none stays as it was', () => {
    const sql = "update users set note = 'it''s fine', password_changed_at = now() where id = 1 -- https://a.test/x:1";
    expect(scrubSql(sql)).toBe(sql);
  });
});
