/** What a borrower, or somebody else in the account, could do to keep some of a session, and what Latchkey sees of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, addRole, write } from '../../../sandbox/src/aws/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { aws } from '../../../src/providers/aws/aws.ts';
import type { Connection, Secret } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import {
  allow,
  callWith,
  createTarget,
  form,
  keysIn,
  marksIn,
  ORDERS,
  roleArn,
  scopeOf,
  type Target,
} from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
const OWN = `arn:aws:iam::${ACCOUNT}:user/latchkey`;

beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(aws, target.config);
});
afterAll(async () => {
  await connection.disconnect();
  await target.api.stop();
});

const reads = async (secret: Secret | undefined): Promise<string> =>
  await callWith(target.api, keysIn(secret), { method: 'GET', path: ORDERS, service: 'orders' });

test.each([
  ['enters its own role anew', form('AssumeRole', { RoleArn: roleArn('write'), RoleSessionName: 'me' })],
  [
    'takes out the policy that ends it',
    form('DeleteRolePolicy', { RoleName: 'write', PolicyName: 'latchkey-x' }, 'iam'),
  ],
  [
    'writes one that allows more',
    form('PutRolePolicy', { RoleName: 'write', PolicyName: 'mine', PolicyDocument: allow(['*']) }, 'iam'),
  ],
])('a borrower with iam:* and sts:* who %s is refused', async (_what, call) => {
  const role = target.api.state.roles.get('write');
  if (role) role.trust = role.trust.replace(`"${OWN}"`, `["${OWN}","${role.arn}"]`);
  const ctx = contextOf();
  const { secret } = await connection.grant(target.scopes.write, ctx);
  await expect(callWith(target.api, keysIn(secret), call)).rejects.toThrow('AccessDenied');
  await connection.revoke(target.scopes.write, undefined, ctx);
  await expect(reads(secret)).rejects.toThrow('AccessDenied');
});

test('both keys of a session that was given twice end together', async () => {
  const ctx = contextOf();
  const [first, second] = [
    await connection.grant(target.scopes.read, ctx),
    await connection.grant(target.scopes.read, ctx),
  ];
  await reads(first.secret);
  await connection.revoke(target.scopes.read, second.handle, ctx);
  for (const { secret } of [first, second]) await expect(reads(secret)).rejects.toThrow('AccessDenied');
  expect(await failureOf(connection.grant(target.scopes.read, ctx))).toMatchObject({ kind: 'denied' });
});

test('a session policy of the role narrows, and cannot give back what is always denied', async () => {
  const statement = { Effect: 'Allow', Action: ['orders:Read', 'iam:*'], Resource: '*' };
  const scope = scopeOf('write', { Version: '2012-10-17', Statement: statement });
  const ctx = contextOf();
  const { secret } = await connection.grant(scope, ctx);
  await reads(secret);
  const put = { method: 'PUT', path: ORDERS, service: 'orders', body: 'x' } as const;
  await expect(callWith(target.api, keysIn(secret), put)).rejects.toThrow('AccessDenied');
  const remove = form('DeleteRolePolicy', { RoleName: 'write', PolicyName: `latchkey-${ctx.grantId}` }, 'iam');
  await expect(callWith(target.api, keysIn(secret), remove)).rejects.toThrow('AccessDenied');
  await connection.revoke(scope, undefined, ctx);
});

test('a policy that an administrator took out during a grant is put back by its end', async () => {
  const ctx = contextOf();
  const { handle, secret } = await connection.grant(target.scopes.read, ctx);
  const role = target.api.state.roles.get('read');
  if (role) write(target.api.state, role, { name: `latchkey-${ctx.grantId}`, text: null });
  expect(await connection.check(target.scopes.read, handle, ctx)).toBe('present');
  expect(await connection.revoke(target.scopes.read, handle, ctx)).toBe('removed');
  await expect(reads(secret)).rejects.toThrow('AccessDenied');
  expect(await connection.check(target.scopes.read, handle, ctx)).toBe('absent');
});

test('a policy of somebody else with our name is reported and left alone, and no session is begun', async () => {
  const ctx = contextOf();
  const role = target.api.state.roles.get('read');
  const name = `latchkey-${ctx.grantId}`;
  if (role) write(target.api.state, role, { name, text: allow(['orders:Read']) });
  expect(await failureOf(connection.grant(target.scopes.read, ctx))).toMatchObject({ kind: 'misconfigured' });
  expect(await failureOf(connection.revoke(target.scopes.read, undefined, ctx))).toMatchObject({
    kind: 'misconfigured',
  });
  const found = await connection.listLookalikes?.({ read: target.scopes.read }, contextOf());
  expect(found).toContainEqual(expect.objectContaining({ kind: 'lookalike', name: textWith(name) }));
  expect(marksIn(target.api, 'read').get(name)).toBe(allow(['orders:Read']));
});

test('a deadline and a condition that were changed are found, and put back', async () => {
  const ctx = contextOf();
  const { secret } = await connection.grant(target.scopes.read, ctx);
  const role = target.api.state.roles.get('read');
  const name = `latchkey-${ctx.grantId}`;
  const text = marksIn(target.api, 'read').get(name) ?? '';
  const changes = [
    [text.replace(/"aws:CurrentTime":"\d{4}/, '"aws:CurrentTime":"2099'), ['deadline', 'wider']],
    [text.replace('*:lk-', '*:xx-'), ['wider']],
  ] as const;
  for (const [changed, kinds] of changes) {
    if (role) write(target.api.state, role, { name, text: changed });
    const ours = (await connection.listOurs?.(contextOf()))?.find(({ grantId }) => grantId === ctx.grantId);
    const found = ours ? connection.differences?.(target.scopes.read, ours, ctx.expiresAt) : [];
    expect(found?.map(({ kind }) => kind)).toEqual(kinds);
    await connection.restore?.(target.scopes.read, ctx);
    expect(marksIn(target.api, 'read').get(name)).toBe(text);
  }
  await connection.revoke(target.scopes.read, undefined, ctx);
  await expect(reads(secret)).rejects.toThrow('AccessDenied');
  expect(await failureOf(connection.restore?.(target.scopes.read, ctx))).toMatchObject({ kind: 'denied' });
});

test('keys of another account end nothing: the role of that name there is another', async () => {
  const elsewhere = scopeOf('read');
  const scope = { ...(elsewhere as object), role_arn: roleArn('read').replace(ACCOUNT, '999988887777') };
  expect(await failureOf(connection.grant(scope, contextOf()))).toMatchObject({
    kind: 'misconfigured',
    message: textWith('of another account'),
  });
});

test('who a session is, AWS says until its keys expire: that is said, and they last an hour more than was granted at most', async () => {
  const hourMs = 3_600_000;
  const ctx = contextOf({ lastsMs: 5 * hourMs });
  const { secret, handle } = await connection.grant(target.scopes.write, ctx);
  await connection.revoke(target.scopes.write, handle, ctx);
  await expect(reads(secret)).rejects.toThrow('AccessDenied');
  expect(await callWith(target.api, keysIn(secret), form('GetCallerIdentity'))).toContain('assumed-role/write/');
  expect(connection.guarantee(target.scopes.write).survives).toMatch(
    /Until the keys expire, sts:GetCallerIdentity still answers.*EKS/,
  );
  const { holder } = target.api.state.keys.get(keysIn(secret).accessKeyId) ?? {};
  const endsAt = holder && 'session' in holder ? holder.session.endsAt : 0;
  expect(endsAt - ctx.expiresAt.getTime()).toBeGreaterThan(0);
  expect(endsAt - ctx.expiresAt.getTime()).toBeLessThan(1.1 * hourMs);
});

test('a session is never longer than its role allows, and what is asked beyond is refused before anything is written', async () => {
  const before = marksIn(target.api, 'read').size;
  const failure = await failureOf(connection.grant(target.scopes.read, contextOf({ lastsMs: 2 * 3_600_000 })));
  expect(failure).toMatchObject({ kind: 'denied', isUntouched: true, message: textWith('MaxSessionDuration') });
  expect(marksIn(target.api, 'read').size).toBe(before);
});

test('doctor says what is lacking, what is more than needed, and what may be left behind', async () => {
  const { state } = target.api;
  const look = async (scopes: Record<string, Json>) => {
    const found = (await connection.preflight?.(scopes, contextOf())) ?? [];
    return Object.fromEntries(
      found.map(({ code, message, remains }) => [code, remains?.sentences.join(' ') ?? message]),
    );
  };
  addRole(state, 'new', { trusts: OWN, base: allow(['orders:Read']) });
  expect((await look({ new: scopeOf('new') }))['no_role']).toContain('iam:GetRole');
  expect((await look({ gone: scopeOf('gone') }))['lacks_rights']).toContain('iam:PutRolePolicy');
  const user = [...state.keys.values()].flatMap(({ holder }) => ('user' in holder ? [holder.user] : []))[0];
  if (!user) throw new Error('no user');
  const base = user.base;
  user.base = allow(['iam:*']);
  addRole(state, 'code', { trusts: 'arn:aws:iam::999988887777:user/other', base: allow(['lambda:*', 'iam:*']) });
  const found = await look({ code: scopeOf('code') });
  expect(found['more_than_needed']).toContain('iam:CreateUser');
  expect(found['not_trusted']).toContain('does not trust');
  expect(found['role_leaves_behind']).toContain('Code that was started');
  user.base = allow(['iam:Get*', 'iam:List*', 'sts:*']);
  expect((await look({ read: target.scopes.read }))['rights_unknown']).toContain('iam:SimulatePrincipalPolicy');
  user.base = base;
});
