/** Latchkey's own connections look names up in the catalogue only, whatever is set for its role or database; where that is not so, nothing runs. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { startPooler } from './pooler.ts';
import { SERVERS } from './servers.ts';
import { configOf, createTarget, enter, untilCut, type Target } from './target.ts';

/** What an owner of the database, or an administrator in a hurry, could set; each keeps a plain connection from doing its work, or changes what it means. */
const SET_PAST_US: Record<string, string> = {
  search_path: 'public, pg_catalog',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
  idle_session_timeout: '1ms',
  exit_on_error: 'on',
  array_nulls: 'off',
  transform_null_equals: 'on',
  statement_timeout: '1ms',
  DateStyle: 'SQL, DMY',
};

const SINCE: Record<string, { version: number; value: string }> = {
  createrole_self_grant: { version: 16, value: 'set, inherit' },
  transaction_timeout: { version: 17, value: '1ms' },
};

describe.each(SERVERS)('a connection to $title', ({ start }) => {
  let target: Target;

  beforeAll(async () => {
    const server = await start();
    target = await createTarget(server.adminUrl, server.makers);
  });
  afterAll(async () => await target.drop());

  const wholeLife = async (): Promise<string> => {
    const connection = connectTo(postgres, configOf(target));
    const scope = { member_of: [target.read] };
    const ctx = contextOf();
    const access = await connection.grant(scope, ctx);
    const session = await enter(access.secret);
    const later = { ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 60_000) };
    await connection.extend?.(scope, access.handle, later);
    const listed = (await connection.listOurs?.(ctx)) ?? [];
    expect(listed).toContainEqual(expect.objectContaining({ grantId: ctx.grantId, expiresAt: later.expiresAt }));
    expect((await connection.activity?.(ctx))?.map(({ grantId }) => grantId)).toEqual([ctx.grantId]);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    expect(await connection.check(scope, access.handle, ctx)).toBe('absent');
    await untilCut([session]);
    await connection.disconnect();
    return 'begun, moved, seen, ended';
  };

  const everySetting = (): [string, string][] => [
    ...Object.entries(SET_PAST_US),
    ...Object.entries(SINCE).flatMap(([setting, { version, value }]): [string, string][] =>
      target.version >= version ? [[setting, value]] : [],
    ),
  ];

  test.each(['ROLE', 'DATABASE', 'ROLE IN DATABASE'] as const)(
    'keeps its own settings whatever ALTER %s sets',
    async (what) => {
      const who = {
        ROLE: `role ${target.manager}`,
        DATABASE: `database ${target.database}`,
        'ROLE IN DATABASE': `role ${target.manager} in database ${target.database}`,
      }[what];
      const quoted = (setting: string, value: string): string => (setting === 'search_path' ? value : `'${value}'`);
      // Borrowers' own sessions have these too; what would end those is left to the role.
      const settings = everySetting().filter(([setting]) => what !== 'DATABASE' || !setting.endsWith('_timeout'));
      for (const [setting, value] of settings)
        await target.sql(`alter ${who} set ${setting} = ${quoted(setting, value)}`);
      expect(await wholeLife()).toContain('ended');
      await target.sql(`alter ${who} reset all`);
    },
  );

  test('is itself, though the database is set to act as a group', async () => {
    await target.sql(
      `grant ${target.write} to ${target.manager}; alter database ${target.database} set role = '${target.write}'`,
    );
    expect(await wholeLife()).toContain('ended');
    await target.sql(`alter database ${target.database} reset all`);
  });

  test.each(['drops', 'refuses'] as const)(
    'through a pooler that %s its settings does nothing, and says so',
    async (what) => {
      const pooler = await startPooler(target.managerUrl, what);
      const connection = connectTo(postgres, configOf(target, { url: pooler.urlOf(target.managerUrl) }));
      const scope = { member_of: [target.read] };
      const ctx = contextOf();
      const expected = { kind: 'misconfigured', message: textWith('straight at the server') };
      expect(await failureOf(connection.grant(scope, ctx))).toMatchObject(expected);
      expect(await failureOf(connection.revoke(scope, undefined, ctx))).toMatchObject(expected);
      expect(await failureOf(connection.activity?.(ctx))).toMatchObject(expected);
      expect(await failureOf(connection.listOurs?.(ctx))).toMatchObject(expected);
      expect(await connection.preflight?.({ read: scope }, ctx)).toEqual([
        { level: 'error', code: 'misconfigured', message: textWith('straight at the server') },
      ]);
      await connection.disconnect();
      await pooler.close();
    },
  );

  test('does nothing where a login event trigger changes a setting', async ({ skip }) => {
    skip(target.version < 17, 'Postgres knows login event triggers since 17');
    await target.sql(`create function changes() returns event_trigger language plpgsql as
        $$ begin if session_user = '${target.manager}' then perform set_config('search_path', 'public', false); end if; end $$;
      create event trigger changes_${target.database} on login execute function changes()`);
    const connection = connectTo(postgres, configOf(target));
    expect(await failureOf(connection.activity?.(contextOf()))).toMatchObject({
      kind: 'misconfigured',
      message: textWith('search_path is "public"'),
    });
    await connection.disconnect();
    await target.sql(`drop event trigger changes_${target.database}`);
    await wholeLife();
  });
});

test('no provider opens a connection to a server in another place, so that every one has these settings', () => {
  const root = fileURLToPath(new URL('../../../src/providers', import.meta.url));
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const opening = files
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const text = readFileSync(file, 'utf8');
      // Types alone open nothing; `ssh2` has a Client of its own.
      return /^import (?!type)[^;]* from 'pg'/m.test(text) && /\b(?:Client|Pool)\(/.test(text);
    })
    .map((file) => path.relative(root, file));
  expect(opening).toEqual(['postgres/server.ts']);
});
