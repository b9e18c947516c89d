/** Permission sets on a strict stand-in for IAM Identity Center: people, requests that take their time, conflicts, limits, and copies that lag. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startAws, type Aws } from '../../../sandbox/src/aws/aws.ts';
import { change, INSTANCE, newCenter, STORE } from '../../../sandbox/src/aws/center-state.ts';
import { ACCOUNT, addUser } from '../../../sandbox/src/aws/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { aws } from '../../../src/providers/aws/aws.ts';
import type { Connection, Identity, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { allow, policyIn } from './target.ts';
import { shortenWaits } from '../../support/short-waits.ts';

shortenWaits(10);

let api: Aws;
let connection: Connection<Json, Json>;
let config: Record<string, Json>;

const setArn = (name: string): string =>
  `arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-${name.padEnd(16, '0')}`;
const userId = (n: number): string => `93677f5d2c-${String(n).repeat(8)}-1111-2222-3333-444444444444`;
const [ADA, OLGA, EVE] = [userId(1), userId(2), userId(3)];
const SHOP = '444455556666';
const SCOPE = { permission_set_arn: setArn('admin'), account_id: SHOP };
const as = (identity: Identity): ProviderContext => contextOf({ identity });
const of = (user: string): ProviderContext => as({ user });
const ada = (): ProviderContext => of('ada@acme.test');
const { signal } = new AbortController();

beforeAll(async () => {
  api = await startAws();
  config = {
    region: 'eu-central-1',
    mode: 'identity-center',
    endpoint: api.url,
    instance_arn: INSTANCE,
    identity_store_id: STORE,
  };
  const printed = await aws.prepare?.(
    { ...config, credentials: { instance: 'http://169.254.169.254' } },
    { SCOPE },
    { signal },
  );
  const { id, secret } = addUser(
    api.state,
    'latchkey',
    policyIn(printed?.text ?? '', `arn:aws:iam::${ACCOUNT}:user/latchkey`),
  );
  config = { ...config, credentials: { access_key_id: id, secret_access_key: secret } };
  connection = connectTo(aws, config);
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});
beforeEach(() => {
  const center = newCenter();
  const user = (UserId: string, name: string, UserStatus = 'ENABLED') => ({
    UserId,
    UserName: `${name}@acme.test`,
    UserStatus,
    Emails: [{ Value: `${name}.mail@acme.test`, Primary: true }],
  });
  center.users = [user(ADA, 'ada'), user(OLGA, 'olga'), user(EVE, 'eve', 'DISABLED')];
  const set = (Name: string, managed: string[] = []) => ({ Name, SessionDuration: 'PT1H', managed, inline: '' });
  center.sets = new Map([
    [SCOPE.permission_set_arn, set('Operate', ['ReadOnlyAccess', 'SecurityAudit', 'ViewOnlyAccess'])],
  ]);
  center.accounts = new Set([SHOP]);
  // Others have it, so that the one that counts is on the last page.
  for (const n of [5, 6, 7, 8]) change(center, assignment(userId(n)), true);
  for (const entry of center.entries) entry.changedAt = 0;
  Object.assign(api.state, { center, lagMs: 0, ratePerSecond: Number.POSITIVE_INFINITY, onCall: null });
});

const assignment = (principal: string, type: 'USER' | 'GROUP' = 'USER') => ({
  set: SCOPE.permission_set_arn,
  account: SHOP,
  type,
  principal,
});
const have = (): string[] =>
  api.state.center.entries
    .filter(({ isThere, changedAt }) => isThere && changedAt > 0)
    .map(({ principal }) => principal);

describe('a permission set', () => {
  test('is assigned once however often it is requested, found without a handle, and taken away', async () => {
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({
      account: `ada@acme.test (${ADA})`,
      hadAlready: false,
    });
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('already_absent');
    const { handle } = await connection.grant(SCOPE, ada());
    expect((await connection.grant(SCOPE, ada())).handle).toEqual(handle);
    expect(have()).toEqual([ADA]);
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
    expect(await connection.check(SCOPE, undefined, ada())).toBe('present');
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
    expect(have()).toEqual([]);
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
  });

  test('is given to two people side by side, and taken from one of them alone', async () => {
    const [given] = await Promise.all([connection.grant(SCOPE, ada()), connection.grant(SCOPE, of('olga@acme.test'))]);
    expect(have().toSorted()).toEqual([ADA, OLGA]);
    expect(await connection.revoke(SCOPE, given.handle, ada())).toBe('removed');
    expect(have()).toEqual([OLGA]);
  });

  test('that a group gives is not taken, and is no assignment of the person’s own', async () => {
    change(api.state.center, assignment(ADA, 'GROUP'), true);
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
    await connection.grant(SCOPE, ada());
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
    expect(api.state.center.entries.find(({ type }) => type === 'GROUP')?.isThere).toBe(true);
  });

  test('is taken from the user it was given to, whoever has that name by now', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    const [first, second] = api.state.center.users;
    if (first) first.UserName = 'ada.new@acme.test';
    if (second) second.UserName = 'ada@acme.test';
    await connection.grant(SCOPE, ada());
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
    expect(have()).toEqual([OLGA]);
  });

  test('is taken from a user that was disabled since, without a handle', async () => {
    await connection.grant(SCOPE, ada());
    const [first] = api.state.center.users;
    if (first) first.UserStatus = 'DISABLED';
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
    expect(have()).toEqual([]);
  });

  test('that was deleted is had by nobody; an account that is not known proves nothing', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.center.accounts.clear();
    expect(await failureOf(connection.check(SCOPE, handle, ada()))).toMatchObject({ kind: 'misconfigured' });
    api.state.center.sets.clear();
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
  });
});

describe('a user', () => {
  test.each(['nobody', 'ada', ADA, '', '*', 'ada.mail@acme.test'])(
    'of the name %j is none: only a whole user name counts',
    async (user) => {
      const failure = await failureOf(connection.find?.(SCOPE, of(user)));
      expect(failure).toMatchObject({ kind: 'denied', message: textWith('There is no user') });
    },
  );

  test('is found by address, and capitals mean nothing', async () => {
    const found = await connection.find?.(SCOPE, as({ lookup: 'email', value: 'Ada.Mail@acme.test' }));
    expect(found).toMatchObject({ account: `ada@acme.test (${ADA})` });
    expect((await failureOf(connection.find?.(SCOPE, as({ lookup: 'email', value: 'ada@acme.test' })))).kind).toBe(
      'denied',
    );
  });

  test('that is disabled is given nothing, and a client has none', async () => {
    expect(await failureOf(connection.grant(SCOPE, of('eve@acme.test')))).toMatchObject({
      kind: 'denied',
      isUntouched: true,
    });
    const { person: _, ...rest } = contextOf() as ProviderContext & { person: object };
    const job = { ...rest, client: { id: 'c', name: 'deploy' } };
    expect(await failureOf(connection.grant(SCOPE, job))).toMatchObject({ kind: 'unsupported' });
  });
});

describe('AWS', () => {
  test('that takes long is found at work again, not asked twice, and an end waits for what would come after it', async () => {
    const { center } = api.state;
    center.workMs = 1_500;
    const impatient = connectTo(aws, config, { timeoutMs: 600 });
    expect(await failureOf(impatient.grant(SCOPE, ada()))).toMatchObject({ kind: 'unavailable' });
    expect(have()).toEqual([]);
    // Of several tries, the one that finds it gone answers.
    expect(await connection.revoke(SCOPE, undefined, ada())).toMatch(/^(?:removed|already_absent)$/);
    expect(have()).toEqual([]);
    expect(await failureOf(impatient.grant(SCOPE, ada()))).toMatchObject({ kind: 'unavailable' });
    await connection.grant(SCOPE, ada());
    expect(have()).toEqual([ADA]);
    expect(center.operations.filter(({ kind }) => kind === 'Creation')).toHaveLength(2);
    await impatient.disconnect();
  });

  test('that could not do it says why, and nobody is told that they have it', async () => {
    api.state.center.failure = 'Cannot exceed quota for RolesPerAccount: 1000';
    const failure = await failureOf(connection.grant(SCOPE, ada()));
    expect(failure).toMatchObject({ kind: 'misconfigured', message: textWith('RolesPerAccount') });
    await connection.grant(SCOPE, ada());
    api.state.center.failure = 'Internal';
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
    expect(have()).toEqual([]);
  });

  test('whose copies lag is asked until they agree', async () => {
    api.state.lagMs = 700;
    await connection.grant(SCOPE, ada());
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await connection.revoke(SCOPE, undefined, ada())).toMatch(/^(?:removed|already_absent)$/);
    expect(have()).toEqual([]);
    await expect.poll(async () => await connection.check(SCOPE, undefined, ada())).toBe('absent');
  });

  test('that limits is tried again, and is no proof of absence', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    for (const [code, kind] of [
      ['ThrottlingException', 'throttled'],
      ['ConflictException', 'conflict'],
      ['InternalServerException', 'unavailable'],
      ['AccessDeniedException', 'denied'],
    ] as const) {
      api.state.onCall = () => ({ status: code.startsWith('Internal') ? 500 : 400, code });
      expect(await failureOf(connection.revoke(SCOPE, handle, ada()))).toMatchObject({ kind, message: textWith(code) });
    }
    api.state.onCall = null;
    expect(have()).toEqual([ADA]);
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
  });

  test('bears few changes at once: thirty people come through, and all are taken away again', async () => {
    const { center } = api.state;
    const names = Array.from({ length: 30 }, (_, n) => `p${n}`);
    for (const [n, name] of names.entries())
      center.users.push({
        UserId: `93677f5d2c-${String(n).padStart(8, '0')}-1111-2222-3333-555555555555`,
        UserName: name,
        UserStatus: 'ENABLED',
        Emails: [],
      });
    Object.assign(center, { workMs: 20, outstandingMax: 3 });
    const tries = async (work: () => Promise<unknown>): Promise<void> => {
      for (;;) {
        const [done] = await Promise.allSettled([work()]);
        if (done.status === 'fulfilled') return;
        expect(done.reason).toMatchObject({ isRetried: true });
      }
    };
    await Promise.all(names.map(async (name) => await tries(async () => await connection.grant(SCOPE, of(name)))));
    expect(have()).toHaveLength(30);
    await Promise.all(
      names.map(async (name) => await tries(async () => await connection.revoke(SCOPE, undefined, of(name)))),
    );
    expect(have()).toEqual([]);
  });
});

test('killed after each single call of a grant or an end, the next end leaves nothing', async () => {
  const { state } = api;
  const callsOf = async (work: () => Promise<unknown>): Promise<number> => {
    state.log.length = 0;
    await work();
    return state.log.length;
  };
  const steps = await callsOf(async () => await connection.grant(SCOPE, ada()));
  const ends = await callsOf(async () => await connection.revoke(SCOPE, undefined, ada()));
  const killedAt = async (step: number, work: (once: Connection<Json, Json>) => Promise<unknown>): Promise<void> => {
    const once = connectTo(aws, config);
    let count = 0;
    state.onCall = () => ((count += 1) === step ? 'reset after' : count > step ? 'reset' : null);
    await work(once).catch(() => undefined);
    state.onCall = null;
    await once.disconnect();
  };
  for (let step = 1; step <= steps; step += 1) {
    await killedAt(step, async (once) => await once.grant(SCOPE, ada()));
    if (step % 2 === 0) await connection.grant(SCOPE, ada());
    await connection.revoke(SCOPE, undefined, ada());
    expect(await connection.check(SCOPE, undefined, ada())).toBe('absent');
  }
  for (let step = 1; step <= ends; step += 1) {
    await connection.grant(SCOPE, ada());
    await killedAt(step, async (once) => await once.revoke(SCOPE, undefined, ada()));
    await connection.revoke(SCOPE, undefined, ada());
    expect(have()).toEqual([]);
  }
}, 240_000);

test('a look finds nothing to fix, says how long sessions go on, and what a wide set leaves', async () => {
  const look = async (scopes: Record<string, Json> = { operate: SCOPE }) => {
    const other = connectTo(aws, config);
    const found = (await other.preflight?.(scopes, contextOf())) ?? [];
    const survives = other.guarantee(SCOPE);
    await other.disconnect();
    return {
      codes: found.map(({ level, code }) => `${level} ${code}`),
      remains: found.flatMap(({ remains }) => remains?.sentences ?? []),
      survives,
    };
  };
  expect(connection.guarantee(SCOPE)).toMatchObject({ endsBy: 'revoke', survives: textWith('for up to 12 h') });
  expect(await look()).toMatchObject({ codes: [], survives: { survives: textWith('for up to 1 h') } });
  const set = api.state.center.sets.get(SCOPE.permission_set_arn);
  if (!set) throw new Error('no set');
  Object.assign(set, { SessionDuration: 'PT4H30M', managed: ['a', 'b', 'AdministratorAccess'] });
  expect(await look()).toMatchObject({
    codes: ['warning long_sessions', 'warning role_leaves_behind'],
    remains: [textWith('sessions of other roles')],
    survives: { survives: textWith('for up to 4.5 h') },
  });
  Object.assign(set, { SessionDuration: 'PT1H', managed: [], inline: allow(['s3:GetObject', 'iam:CreateUser']) });
  expect((await look()).codes).toEqual(['warning role_leaves_behind']);
  expect((await look({ gone: { ...SCOPE, permission_set_arn: setArn('gone') } })).codes).toContain('error denied');
  expect(
    (await look({ wrong: { role_arn: `arn:aws:iam::${SHOP}:role/x` } }).catch((error: unknown) => error)) as object,
  ).toMatchObject({ kind: 'misconfigured' });
});

test.each<[object, string]>([
  [{ instance_arn: 'ssoins-1234567890abcdef' }, 'instance_arn'],
  [{ identity_store_id: '1234' }, 'identity_store_id'],
  [{ mode: 'sts' }, ''],
])('a config that is wrong is a sentence: %j', (wrong, at) => {
  const problems = aws.configProblems(JSON.parse(JSON.stringify({ ...config, ...wrong })) as Json);
  expect(problems.map(({ path }) => path)).toContain(at);
});

test.each<[Json, string]>([
  [{ permission_set_arn: SCOPE.permission_set_arn }, 'account_id'],
  [{ ...SCOPE, account_id: 444455556666 }, 'account_id'],
  [{ ...SCOPE, permission_set_arn: 'Operate' }, 'permission_set_arn'],
])('a scope that is wrong is a sentence: %j', (wrong, at) => {
  expect(aws.scopeProblems(wrong).map(({ path }) => path)).toEqual([at]);
});

test('a person has to be known by identity; a session of a role asks for none', () => {
  expect(aws.identityProblems(undefined, { operate: SCOPE })).toHaveLength(1);
  expect(aws.identityProblems({ user: '{email}' }, { operate: SCOPE })).toEqual([]);
  expect(aws.identityProblems({ lookup: 'mail' }, { operate: SCOPE })).toHaveLength(1);
  expect(aws.identityProblems({ user: '{email}' }, { read: { role_arn: 'x' } })).toHaveLength(1);
});
