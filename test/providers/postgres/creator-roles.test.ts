/** Logins made by creator roles: who made them, that they end by whom they were made, and that nothing hangs on the makers. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { Connection, Finding, ProviderContext } from '../../../src/providers/provider.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { testServices } from '../../support/services.ts';
import { connectTo, contextOf } from '../connection.ts';
import { configOf, createTarget, enter, makersSql, untilCut, valueOf, type Target } from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
let scope: Json;
beforeAll(async () => {
  target = await createTarget(testServices().adminUrl);
  connection = connectTo(postgres, configOf(target));
  scope = { member_of: [target.read] };
});
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
});

type Made = { ctx: ProviderContext; handle: Json; login: string; secret: Parameters<typeof enter>[0] };

const make = async (): Promise<Made> => {
  const ctx = contextOf();
  const { handle, secret } = await connection.grant(scope, ctx);
  return { ctx, handle, secret, login: valueOf(secret, 'User') };
};

const makersOf = async (login: string): Promise<string[]> =>
  (
    await target.sql<{ name: string }>(
      `select pg_get_userbyid(m.member)::text as name from pg_auth_members m join pg_roles r on r.oid = m.roleid where r.rolname = $1`,
      [login],
    )
  ).map(({ name }) => name);

const maker = (n: number): string => `${target.manager}_maker_${n}`;

const unfit = async (): Promise<Finding[]> =>
  ((await connection.preflight?.({ read: scope }, contextOf())) ?? []).filter(
    ({ code }) => code === 'unfit_creator_role',
  );

test('a login is made by a creator role once there are some; one from before, and those of several creator roles, end together', async () => {
  const before = await make();
  expect(await makersOf(before.login)).toEqual([target.manager]);
  await target.sql(makersSql(target.manager, 2));
  const made = [before];
  const byWhom = new Set<string>();
  while (byWhom.size < 2) {
    const one = await make();
    const [by = '', ...others] = await makersOf(one.login);
    expect(others).toEqual([]);
    expect([maker(1), maker(2)]).toContain(by);
    byWhom.add(by);
    made.push(one);
  }
  const sessions = await Promise.all(made.map(({ secret }) => enter(secret)));
  const items = made.map(({ ctx, handle }) => ({ grantId: ctx.grantId, scope, handle }));
  const outcomes = await connection.revokeMany?.(items, contextOf());
  expect(outcomes).toEqual(made.map(() => 'removed'));
  await untilCut(sessions);
  expect(await target.sql('select from pg_roles where rolname = any($1)', [made.map(({ login }) => login)])).toEqual(
    [],
  );
});

test('a creator role that may not be acted as any more holds up neither an end nor a new deadline', async () => {
  const { ctx, handle, login } = await make();
  const [by = ''] = await makersOf(login);
  await target.sql(`revoke set option for ${by} from ${target.manager}`);
  const later = { ...ctx, expiresAt: new Date(ctx.expiresAt.getTime() + 60_000) };
  await connection.extend?.(scope, handle, later);
  expect(await connection.revoke(scope, handle, ctx)).toBe('removed');
  await target.sql(`grant ${by} to ${target.manager} with set true`);
});

test('a creator role that somebody else put there is not used: they could change the logins it made', async () => {
  const stranger = `stranger_${target.database}`;
  await target.sql(`drop role ${maker(1)}, ${maker(2)}; create role ${stranger} createrole; set role ${stranger};
    create role ${maker(1)} nologin createrole; grant ${maker(1)} to ${target.manager} with inherit false, set true; reset role`);
  const { ctx, handle, login } = await make();
  expect(await makersOf(login)).toEqual([target.manager]);
  expect(await connection.revoke(scope, handle, ctx)).toBe('removed');
  expect((await unfit()).map(({ message }) => message).join()).toContain(`REVOKE "${maker(1)}" FROM "${stranger}"`);
  // Whoever may act as Latchkey's role gains nothing by it.
  await target.sql(`grant ${target.manager} to ${stranger}`);
  expect(await unfit()).toEqual([]);
  await target.sql(`revoke ${target.manager} from ${stranger}; drop role ${maker(1)}; drop role ${stranger}`);
  await target.sql(makersSql(target.manager, 2));
});

test('what is named like a creator role and may log in, make no roles, or not be acted as is not used, and doctor says so', async () => {
  await target.sql(`alter role ${maker(1)} login; alter role ${maker(2)} nocreaterole`);
  const { ctx, handle, login } = await make();
  expect(await makersOf(login)).toEqual([target.manager]);
  expect(await connection.revoke(scope, handle, ctx)).toBe('removed');
  const findings = await unfit();
  expect(findings).toHaveLength(2);
  for (const { message } of findings) await target.sql(/As a superuser: (.*)$/.exec(message)?.[1] ?? '');
  expect(await unfit()).toEqual([]);
  const next = await make();
  expect([maker(1), maker(2)]).toContain((await makersOf(next.login))[0]);
  expect(await connection.revoke(scope, next.handle, next.ctx)).toBe('removed');
});
