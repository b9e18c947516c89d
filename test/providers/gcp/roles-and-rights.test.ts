/** Which roles are refused and what is said of the others, who somebody is, and what drift sees. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newestOf, type Binding } from '../../../sandbox/src/gcp/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { gcp } from '../../../src/providers/gcp/gcp.ts';
import type { Connection, Difference } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import {
  ada,
  bindingsOf,
  byOthers,
  isIn,
  of,
  openTarget,
  PROJECT,
  READER,
  reset,
  WRITER,
  type Target,
} from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;

beforeAll(async () => {
  target = await openTarget();
});
beforeEach(() => {
  reset(target);
  // A new one: what roles allow is kept for a minute.
  connection = connectTo(gcp, target.config);
});
afterAll(async () => await target.stop());

const bindings = (): Binding[] => newestOf(target.state, PROJECT).bindings;
const roleWith = (...permissions: string[]): { project: string; role: string } => {
  target.state.roles.set('roles/app.other', ['app.orders.get', ...permissions]);
  return { project: PROJECT, role: 'roles/app.other' };
};
const codes = async (scopes: Record<string, Json>): Promise<Record<string, string>> =>
  Object.fromEntries(
    ((await connection.preflight?.(scopes, contextOf())) ?? []).map(({ code, message }) => [code, message]),
  );

describe('a role', () => {
  test.each(['roles/owner', 'roles/editor', 'roles/viewer'])('%s is refused when the policy is loaded', (role) => {
    expect(gcp.scopeProblems({ project: PROJECT, role })).toEqual([
      { path: 'role', message: textWith('is a basic role') },
    ]);
  });

  test.each<Record<string, Json>>([
    { project: 'Acme Prod', role: 'roles/a' },
    { project: '1234567', role: 'roles/a' },
    { project: `${PROJECT}/../other`, role: 'roles/a' },
    { project: PROJECT, role: 'storage.admin' },
    { project: PROJECT, role: 'roles/../projects' },
    { project: PROJECT, role: 'roles/a?x=1' },
    { project: PROJECT, role: 'projects/other-prod/roles/deploy' },
    { project: PROJECT },
  ])('in the scope %j is a problem', (scope) => {
    expect(gcp.scopeProblems(scope).length).toBeGreaterThan(0);
  });

  test.each([
    'resourcemanager.projects.setIamPolicy',
    'resourcemanager.organizations.setIamPolicy',
    'iam.serviceAccounts.setIamPolicy',
    'iam.serviceAccountKeys.create',
    'iam.roles.update',
    'iam.workloadIdentityPoolProviders.create',
    'privilegedaccessmanager.entitlements.create',
  ])('with %s is never granted: access could be kept by it', async (permission) => {
    const scope = roleWith(permission);
    for (const work of [() => connection.find?.(scope, ada()), () => connection.grant(scope, ada())])
      expect(await failureOf(work())).toMatchObject({
        kind: 'denied',
        isUntouched: true,
        message: textWith(permission),
      });
    expect((await codes({ other: scope }))['role_keeps_access']).toContain(permission);
    expect(bindings()).toHaveLength(2);
  });

  test.each([
    ['iam.serviceAccounts.getAccessToken', 'Tokens of service accounts'],
    ['iam.serviceAccounts.actAs', 'started as a service account'],
    ['storage.buckets.setIamPolicy', 'Access to single resources'],
    ['storage.hmacKeys.create', 'HMAC keys'],
    ['compute.projects.setCommonInstanceMetadata', 'SSH keys'],
    ['run.services.create', 'Programs'],
  ])('with %s is granted, and what may remain is said', async (permission, sentence) => {
    const findings = (await connection.preflight?.({ other: roleWith(permission) }, contextOf())) ?? [];
    expect(findings.find(({ code }) => code === 'role_leaves_behind')?.remains).toEqual({
      roles: ['other'],
      sentences: [textWith(sentence)],
    });
  });

  test('that does not exist, or is of a project that the target does not name, is refused', async () => {
    expect(await failureOf(connection.grant({ project: PROJECT, role: 'roles/none' }, ada()))).toMatchObject({
      kind: 'misconfigured',
      message: textWith('does not exist'),
    });
    const other = { project: 'other-prod', role: READER.role };
    expect(await failureOf(connection.grant(other, ada()))).toMatchObject({
      message: textWith('is not among the projects'),
    });
    expect(Object.keys(await codes({ none: { project: PROJECT, role: 'roles/none' }, other })).sort()).toEqual([
      'no_role',
      'other_project',
    ]);
  });

  test('says what its end does not cut: the worst before Latchkey knows what it allows', async () => {
    const { endsBy, survives } = connection.guarantee(READER);
    expect(endsBy).toBe('both');
    expect(survives).toContain('at times for 7 or longer. SSH sessions and sessions in databases that are open go on.');
    await connection.find?.(READER, ada());
    expect(connection.guarantee(READER).survives).not.toContain('sessions');
    await connection.find?.(roleWith('compute.instances.osLogin'), ada());
    expect(connection.guarantee({ project: PROJECT, role: 'roles/app.other' }).survives).toContain(
      'SSH sessions that are open go on.',
    );
  });
});

describe('a person', () => {
  test('who has the role without a deadline is found as such, and keeps it at the end', async () => {
    expect(await connection.find?.(READER, ada())).toMatchObject({ account: 'ada@acme.test', hadAlready: false });
    byOthers(target, (list) => [...list, { role: READER.role, members: ['user:ada@acme.test'] }]);
    expect(await connection.find?.(READER, of('Ada@Acme.test'))).toMatchObject({
      account: 'ada@acme.test',
      hadAlready: true,
    });
    const ctx = ada();
    await connection.grant(READER, ctx);
    expect(await connection.revoke(READER, undefined, ctx)).toBe('removed');
    expect(isIn(target, 'ada@acme.test')).toBe(true);
  });

  test.each([
    'allUsers',
    'ada',
    'group:all@acme.test',
    'domain:acme.test',
    'ada@acme.test"',
    'a b@acme.test',
    'principal://iam.googleapis.com/x',
    '',
  ])('is no account of the name %j', async (user) => {
    expect(gcp.identityProblems({ map: { 'ada@acme.test': user } }, {})).toHaveLength(1);
    expect(await failureOf(connection.grant(READER, of(user)))).toMatchObject({ kind: 'denied', isUntouched: true });
    expect(bindings()).toHaveLength(2);
  });

  test('of a workforce pool is named as a whole', async () => {
    const user = 'principal://iam.googleapis.com/locations/global/workforcePools/acme/subject/ada@acme.test';
    target.state.members.add(user);
    const ctx = of(user);
    await connection.grant(READER, ctx);
    expect(bindingsOf(target, ctx.grantId)[0]?.members).toEqual([user]);
  });

  test('is what this gives access to: neither a job nor somebody without identity', async () => {
    const client = { client: { id: 'c1', name: 'api-deploy' } };
    const { person: _person, ...rest } = ada() as ReturnType<typeof ada> & { person: unknown };
    expect(await failureOf(connection.grant(READER, { ...rest, ...client }))).toMatchObject({ kind: 'unsupported' });
    expect(await failureOf(connection.grant(READER, contextOf()))).toMatchObject({ kind: 'denied' });
  });
});

describe('what was changed by hand', () => {
  const seen = async (grantId: string, expiresAt: Date): Promise<Difference[]> => {
    const found = (await connection.listOurs?.(contextOf()))?.find((one) => one.grantId === grantId);
    return found ? (connection.differences?.(READER, found, expiresAt) ?? []) : [];
  };
  const changed = (grantId: string, change: (one: Binding) => Binding): void =>
    byOthers(target, (list) => list.map((one) => (one.condition?.title === `latchkey ${grantId}` ? change(one) : one)));
  const until = (expression: string) => (one: Binding) => ({ ...one, condition: { ...one.condition, expression } });

  test.each<[string, (one: Binding) => Binding, string[]]>([
    ['its deadline', until('request.time < timestamp("2040-01-01T00:00:00Z")'), ['deadline']],
    ['its condition', until('true'), ['wider']],
    ['another member', (one) => ({ ...one, members: [...one.members, 'user:olga@acme.test'] }), ['wider']],
    ['its role', (one) => ({ ...one, role: WRITER.role }), ['wider']],
  ])('is found and put back: %s', async (_what, change, kinds) => {
    const ctx = ada();
    await connection.grant(READER, ctx);
    const [before] = bindingsOf(target, ctx.grantId);
    expect(await seen(ctx.grantId, ctx.expiresAt)).toEqual([]);
    changed(ctx.grantId, change);
    expect((await seen(ctx.grantId, ctx.expiresAt)).map(({ kind }) => kind)).toEqual(kinds);
    await connection.restore?.(READER, ctx);
    expect(bindingsOf(target, ctx.grantId)).toEqual([before]);
    expect(await connection.revoke(READER, undefined, ctx)).toBe('removed');
  });

  test('is ended whole, with whoever was added to it', async () => {
    const ctx = ada();
    await connection.grant(READER, ctx);
    changed(ctx.grantId, (one) => until('true')({ ...one, members: [...one.members, 'user:olga@acme.test'] }));
    expect(await connection.revoke(READER, undefined, ctx)).toBe('removed');
    expect([isIn(target, 'ada@acme.test'), isIn(target, 'olga@acme.test')]).toEqual([false, false]);
  });

  test('and taken away is not put back', async () => {
    const ctx = ada();
    await connection.grant(READER, ctx);
    byOthers(target, (list) => list.filter(({ condition }) => condition?.title !== `latchkey ${ctx.grantId}`));
    expect(await connection.check(READER, undefined, ctx)).toBe('absent');
    expect(await failureOf(connection.restore?.(READER, ctx))).toMatchObject({ kind: 'conflict' });
  });

  test('a binding of somebody else with our title is reported, and never touched', async () => {
    const ctx = ada();
    const theirs = {
      role: READER.role,
      members: ['user:olga@acme.test'],
      condition: { title: `latchkey ${ctx.grantId}`, description: 'mine', expression: 'true' },
    };
    byOthers(target, (list) => [...list, theirs]);
    expect(await connection.check(READER, undefined, ctx)).toBe('absent');
    expect(await connection.listLookalikes?.({}, contextOf())).toEqual([
      { kind: 'lookalike', name: textWith(ctx.grantId), why: textWith('no mark') },
    ]);
    await connection.grant(READER, ctx);
    await connection.revoke(READER, undefined, ctx);
    expect(bindings()).toContainEqual(theirs);
  });
});
