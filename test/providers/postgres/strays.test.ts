/** Roles that Latchkey's rights, or those of a grant, have made or let in are found; what an administrator gave is not taken for one. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Lookalike } from '../../../src/providers/provider.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { connectTo, contextOf, textWith } from '../connection.ts';
import { HOSTILE_SERVERS } from './servers.ts';
import { configOf, createTarget, enter, type Target } from './target.ts';

describe.each(HOSTILE_SERVERS)('what no grant explains on $title', ({ start }) => {
  let target: Target;
  let connection: Connection<Json, Json>;
  let creator: string | null = null;
  let svc: string;

  beforeAll(async () => {
    const server = await start();
    target = await createTarget(server.adminUrl, server.makers, server.template);
    connection = connectTo(postgres, configOf(target));
    creator = server.makers > 0 ? `${target.manager}_maker_1` : null;
    svc = `svc_${target.database}`;
  });
  afterEach(async () => await target.sql(`drop role if exists ${svc}`));
  afterAll(async () => {
    await connection.disconnect();
    await target.drop();
  });

  const strays = async (): Promise<Lookalike[]> =>
    (
      (await connection.listLookalikes?.(
        { read: { member_of: [target.read] }, write: { member_of: [target.write] } },
        contextOf(),
      )) ?? []
    ).filter(({ kind }) => kind === 'stray');
  /** As what took over Latchkey's role would. The path is the one that Latchkey has. */
  const asManager = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: target.managerUrl, options: '-c search_path=pg_catalog' });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const removeByTheirWords = async (found: readonly Lookalike[]): Promise<void> => {
    for (const { why } of found) await target.sql(/as a superuser: (.*)$/.exec(why)?.[1] ?? 'none');
  };

  test('a login that Latchkey’s role put into a group is found, and removed by the SQL of the sentence', async () => {
    await asManager(`create role ${svc} login in role ${target.read}, ${target.write}`);
    const found = await strays();
    expect(found).toMatchObject([{ name: svc, why: textWith(`put it into "${target.read}"`) }]);
    expect(found[0]?.why).toContain(`REVOKE "${target.write}" FROM "${svc}"`);
    await removeByTheirWords(found);
    expect(await strays()).toEqual([]);
    const left = await target.sql(
      'select from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = $1',
      [svc],
    );
    expect(left).toEqual([]);
  });

  test('a login or an administrator of roles that is in no group yet is found since 16', async ({ skip }) => {
    skip(target.version < 16, 'before 16 Postgres does not keep who made a role');
    for (const option of ['login', 'createrole']) {
      await asManager(`create role ${svc} ${option}`);
      const found = await strays();
      expect(found).toMatchObject([{ name: svc, why: textWith("Latchkey's role can change it") }]);
      await removeByTheirWords(found);
      expect(await target.sql('select from pg_roles where rolname = $1', [svc])).toEqual([]);
    }
  });

  test('a role that a creator role made is found, whatever it may do', async ({ skip }) => {
    skip(creator === null, 'there are no creator roles');
    await asManager(`set role ${creator}; create role ${svc} nologin`);
    const found = await strays();
    expect(found).toMatchObject([{ name: svc }]);
    await removeByTheirWords(found);
    expect(await strays()).toEqual([]);
  });

  test('a predefined role that Latchkey’s role gave away is found where it may give it', async ({ skip }) => {
    skip(target.version >= 16, 'since 16 Latchkey’s role may not grant what it does not administer');
    await target.sql(`create role ${svc} login`);
    await asManager(`grant pg_execute_server_program to ${svc}`);
    const found = await strays();
    expect(found).toMatchObject([{ name: svc, why: textWith('"pg_execute_server_program"') }]);
    await removeByTheirWords(found);
    expect(await strays()).toEqual([]);
  });

  test('a membership that a borrower gave while acting as a group is found', async () => {
    await target.sql(`create role ${svc} login`);
    const ctx = contextOf();
    const scope = { member_of: [target.write] };
    const access = await connection.grant(scope, ctx);
    const session = await enter(access.secret);
    // Later than the grant, which is refused for a group that may hand another on.
    await target.sql(`grant ${target.read} to ${target.write} with admin option`);
    await session.query(`grant ${target.read} to ${svc}`);
    await session.leave();
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    const found = await strays();
    expect(found).toMatchObject([{ name: svc, why: textWith(`"${target.write}" put it into "${target.read}"`) }]);
    await removeByTheirWords(found);
    expect(await strays()).toEqual([]);
    await target.sql(`revoke ${target.read} from ${target.write}`);
  });

  test('what an administrator made or let in is none, and neither are live grants', async () => {
    await target.sql(
      `create role ${svc} login; grant ${target.read} to ${svc}; grant ${target.write} to ${svc} with admin option`,
    );
    const ctx = contextOf();
    const scope = { member_of: [target.read, target.write] };
    const access = await connection.grant(scope, ctx);
    const session = await enter(access.secret);
    expect(await strays()).toEqual([]);
    expect(await connection.revoke(scope, access.handle, ctx)).toBe('removed');
    await session.leave().catch(() => undefined);
    expect(await strays()).toEqual([]);
  });
});
