/** The promises of memberships on a strict stand-in for Entra: names and addresses, groups that are not Latchkey's to change, late reads. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startEntra, type Entra } from '../../../sandbox/src/entra/entra.ts';
import { newGroup, type Group } from '../../../sandbox/src/entra/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { entra } from '../../../src/providers/entra/entra.ts';
import type { Connection, Identity, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { holdMembership } from '../membership.ts';
import { shortenWaits } from '../../support/short-waits.ts';

shortenWaits(10);

let api: Entra;
let connection: Connection<Json, Json>;

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const [GROUP, INNER] = [idOf(900), idOf(901)];
const SCOPE = { group: GROUP };
const [ADA, OLGA] = [idOf(1), idOf(2)];
const as = (identity: Identity): ProviderContext => contextOf({ identity });
const of = (user: string): ProviderContext => as({ user });
const ada = (): ProviderContext => of('ada@acme.test');

const configOf = (): Record<string, Json> => ({
  tenant: api.state.tenant,
  client_id: api.state.clientId,
  client_secret: api.state.clientSecret,
  login_url: api.url,
  graph_url: api.url,
});

beforeAll(async () => {
  api = await startEntra();
  connection = connectTo(entra, configOf());
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});

const user = (id: string, name: string) => ({
  id,
  userPrincipalName: `${name}@acme.test`,
  mail: `${name}.mail@acme.test`,
  accountEnabled: true,
});

beforeEach(() => {
  const { state } = api;
  state.users = [user(ADA, 'ada'), user(OLGA, 'olga'), user(idOf(4), "o'brien")];
  state.groups = [newGroup(GROUP, 'Production'), newGroup(INNER, 'Engineers')];
  state.permissions = new Set(['GroupMember.ReadWrite.All', 'User.Read.All']);
  Object.assign(state, { fault: null, lagMs: 0, certificate: null, federatedToken: null, notBefore: 0, calls: [] });
});

const groupOf = (id = GROUP): Group => {
  const found = api.state.groups.find((group) => group.id === id);
  if (!found) throw new Error('no such group');
  return found;
};
const members = (id = GROUP): string[] => [...groupOf(id).members].flatMap(([who, { isIn }]) => (isIn ? [who] : []));
const put = (who: string, into = GROUP): unknown => groupOf(into).members.set(who, { isIn: true, at: 0 });

/** As of a group of such a kind. */
const change = (what: string, to: Partial<Group>, why: string) => ({
  ...{ what, why, isLeft: to.visibility === 'Public' },
  make: () => void Object.assign(groupOf(), to),
});

holdMembership({
  open: () => connectTo(entra, configOf()),
  scope: SCOPE,
  ada: 'ada@acme.test',
  olga: 'olga@acme.test',
  account: `ada@acme.test (${ADA})`,
  membersIn: () => members().map((id) => ({ [ADA]: 'ada', [OLGA]: 'olga' })[id] ?? id),
  swapNames: () => {
    const [first, second] = api.state.users;
    if (first) first.userPrincipalName = 'ada.new@acme.test';
    if (second) second.userPrincipalName = 'ada@acme.test';
  },
  block: (isBlocked) => {
    const [first] = api.state.users;
    if (first) first.accountEnabled = !isBlocked;
  },
  nobody: {
    names: [
      ...['nobody@acme.test', 'ada', ADA, 'me', '', '.', '..', '*', '?$top=1', '#', "o'brien"],
      ...['ada@acme.test/memberOf', 'olga@acme.test/../ada@acme.test', '$count@acme.test', 'ada@acme.test\u0000'],
    ],
    why: 'There is no account',
  },
  lookup: {
    by: 'mail',
    found: 'Ada.Mail@acme.test',
    none: ['ada@acme.test', "x' or mail ne 'y"],
    twin: () => {
      const [, second] = api.state.users;
      if (second) second.mail = 'ada.mail@acme.test';
      return () => undefined;
    },
  },
  refused: [
    change('a rule fills it', { groupTypes: ['DynamicMembership'] }, 'a rule fills it'),
    change('it comes from elsewhere', { onPremisesSyncEnabled: true }, 'Active Directory'),
    change('it gives roles of Entra', { isAssignableToRole: true }, 'global administrator'),
    change('Exchange keeps it', { mailEnabled: true }, 'Exchange'),
    change('anybody can join it', { groupTypes: ['Unified'], mailEnabled: true, visibility: 'Public' }, 'join it'),
  ],
  faults: {
    set: (fault) => {
      api.state.fault = fault as typeof api.state.fault;
    },
    kinds: {
      limit: 'throttled',
      busy: 'throttled',
      error: 'unavailable',
      down: 'unavailable',
      moved: 'misconfigured',
      elsewhere: 'misconfigured',
    },
    calls: () => api.state.calls.length,
  },
  cuts: { state: () => api.state, grant: 6, end: 5 },
  crowd: {
    size: 200,
    hire: () => {
      const people = Array.from({ length: 200 }, (_, n) => user(idOf(10_000 + n), `u${n}`));
      api.state.users = [...api.state.users, ...people];
    },
    nameOf: (n) => `u${n}@acme.test`,
    // Then none for a while, as its limits say.
    limit: { calls: 700, perMs: 300 },
  },
});

test('a quote in an address is a letter', async () => {
  const found = await connection.find?.(SCOPE, as({ lookup: 'mail', value: "o'brien.mail@acme.test" }));
  expect(found).toMatchObject({ hadAlready: false });
});

describe('a group', () => {
  test('never costs anybody the account: a member is removed by reference only', async () => {
    api.state.permissions.add('User.ReadWrite.All');
    const other = connectTo(entra, configOf());
    await other.grant(SCOPE, ada());
    expect(await other.revoke(SCOPE, undefined, ada())).toBe('removed');
    await other.disconnect();
    expect(api.state.users.some(({ isDeleted }) => isDeleted)).toBe(false);
    expect(api.state.calls.filter((call) => call.startsWith('DELETE'))).not.toEqual([]);
    expect(api.state.calls.every((call) => !call.startsWith('DELETE') || call.endsWith('/$ref'))).toBe(true);
  });

  test('has nothing left of an account that is deleted, and is seen again where the account is restored', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    const [first] = api.state.users;
    if (first) first.isDeleted = true;
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('already_absent');
    // Entra restores a deleted account with its groups: the comparison with the grants finds it.
    if (first) first.isDeleted = false;
    expect(await connection.check(SCOPE, handle, ada())).toBe('present');
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
  });

  test('that is deleted has nobody in it, and of another tenant proves no absence', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.groups = [];
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
    api.state.users = [];
    for (const call of [connection.revoke, connection.check])
      expect(await failureOf<string>(call(SCOPE, handle, ada()))).toMatchObject({ kind: 'misconfigured' });
  });
});

describe('a group in the group', () => {
  test('gives it anyway: nothing is added, nothing is taken, and who leaves it is found out', async () => {
    put(INNER);
    put(ADA, INNER);
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
    const { handle } = await connection.grant(SCOPE, ada());
    expect(members()).toEqual([INNER]);
    expect(await connection.check(SCOPE, handle, ada())).toBe('present');
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
    expect(await connection.check(SCOPE, handle, ada())).toBe('present');
    groupOf(INNER).members.clear();
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
  });
});

describe('replicas that hear of it late', () => {
  test('are waited for: one answer is no proof', { timeout: 30_000 }, async () => {
    api.state.lagMs = 900;
    const { handle } = await connection.grant(SCOPE, ada());
    const before = Date.now();
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
    expect(Date.now() - before).toBeGreaterThan(900);
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
  });

  test('that never hear of it are no end', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.lagMs = 3_600_000;
    // What is read is the opposite of what is so: an end that believed its own answer would be called one.
    groupOf().members.set(ADA, { isIn: false, at: Date.now() });
    expect(await failureOf(connection.revoke(SCOPE, handle, ada()))).toMatchObject({ kind: 'unavailable' });
  });
});

test('a private group of Microsoft 365 is as good as a security group', async () => {
  Object.assign(groupOf(), { groupTypes: ['Unified'], mailEnabled: true, visibility: 'Private' });
  await connection.grant(SCOPE, ada());
  expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
});

test('a token that Entra took back is replaced, and one token serves many calls', async () => {
  await connection.find?.(SCOPE, ada());
  const firstS = Math.floor(Date.now() / 1000);
  api.state.notBefore = firstS + 1;
  api.state.calls = [];
  // Entra counts whole seconds.
  while (Math.floor(Date.now() / 1000) <= firstS) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
  await connection.find?.(SCOPE, ada());
  expect(api.state.calls.filter((call) => call.endsWith('/token'))).toHaveLength(1);
});

describe('a look', () => {
  const look = async (scopes: Record<string, Json> = { prod: SCOPE }) => {
    const other = connectTo(entra, configOf());
    const findings = (await other.preflight?.(scopes, contextOf())) ?? [];
    await other.disconnect();
    return findings;
  };

  test('finds nothing to fix where the app has its two permissions; less is an error, more is a warning', async () => {
    expect(await look()).toEqual([]);
    api.state.permissions.add('Directory.ReadWrite.All');
    expect(await look()).toMatchObject([
      {
        level: 'warning',
        code: 'more_than_needed',
        message: expect.stringContaining('Directory.ReadWrite.All') as string,
      },
    ]);
    api.state.permissions = new Set(['GroupMember.ReadWrite.All']);
    expect(await look()).toMatchObject([
      { level: 'error', code: 'entra_permissions', message: expect.stringContaining('User.Read.All') as string },
    ]);
    api.state.permissions.clear();
    expect(await failureOf(connectTo(entra, configOf()).grant(SCOPE, ada()))).toMatchObject({ kind: 'denied' });
  });

  test('says of a group with owners who could let people in, and that to approvers, too', async () => {
    groupOf().owners = [
      { id: OLGA, type: 'user' },
      { id: idOf(5), type: 'servicePrincipal' },
    ];
    const [finding] = await look({ prod: SCOPE, same: SCOPE });
    expect(finding).toMatchObject({ level: 'warning', code: 'group_has_owners', remains: { roles: ['prod', 'same'] } });
    groupOf().owners = [{ id: idOf(5), type: 'servicePrincipal' }];
    expect(await look()).toEqual([]);
  });

  test('names a group that is not there', async () => {
    expect(await look({ none: { group: idOf(777) } })).toMatchObject([{ level: 'error', code: 'misconfigured' }]);
  });
});

test('what is said of the end is honest, and what an administrator runs names both', async () => {
  expect(connection.guarantee(SCOPE)).toMatchObject({
    endsBy: 'revoke',
    survives: expect.stringContaining('60 to 90 minutes') as string,
  });
  const { handle } = await connection.grant(SCOPE, ada());
  expect(connection.manual?.(SCOPE, handle, ada()).statements).toEqual([
    `az ad group member remove --group ${GROUP} --member-id ${ADA}`,
  ]);
  await connection.revoke(SCOPE, handle, ada());
  const prepared = await entra.prepare?.(configOf(), { prod: SCOPE }, contextOf());
  expect(prepared?.text).toContain('GroupMember.ReadWrite.All User.Read.All');
  expect(prepared?.text).not.toContain(api.state.clientSecret);
  execFileSync('sh', ['-n'], { input: prepared?.text ?? '' });
});
