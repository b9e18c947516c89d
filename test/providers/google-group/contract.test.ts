/** The promises of memberships on a strict stand-in for Google: deadlines of its own, groups in groups, managers, late reads and limits. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGoogle, type Google } from '../../../sandbox/src/google/google.ts';
import { newGroup, newMember, type Group, type RoleName } from '../../../sandbox/src/google/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { googleGroup } from '../../../src/providers/google-group/google-group.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { holdMembership } from '../membership.ts';
import { shortenWaits } from '../../support/short-waits.ts';

shortenWaits(10);

let api: Google;
let connection: Connection<Json, Json>;
let plain: Connection<Json, Json>;

const SCOPE = { group: 'prod@acme.test' };
const ADA = 'ada@acme.test';
const of = (user: string, more: Partial<ProviderContext> = {}): ProviderContext =>
  contextOf({ identity: { user }, ...more });
const ada = (lastsMs = 600_000): ProviderContext => contextOf({ identity: { user: ADA }, lastsMs });

const configOf = (change: Record<string, Json> = {}): Record<string, Json> => ({
  service_account: { email: api.state.account, key: api.state.privateKey },
  domains: ['acme.test'],
  enterprise: true,
  token_url: api.url,
  api_url: api.url,
  ...change,
});

beforeAll(async () => {
  api = await startGoogle();
  connection = connectTo(googleGroup, configOf());
  plain = connectTo(googleGroup, configOf({ enterprise: false }));
});
afterAll(async () => {
  await Promise.all([connection.disconnect(), plain.disconnect()]);
  await api.stop();
});

const groupWith = (id: string, address: string, own: RoleName[] = ['MEMBER', 'MANAGER']): Group => ({
  ...newGroup(id, address),
  members: [newMember(api.state.account, own)],
});

beforeEach(() => {
  const { state } = api;
  state.people = new Set([ADA, 'olga@acme.test']);
  state.groups = [groupWith('g1', 'prod@acme.test'), groupWith('g2', 'engineers@acme.test')];
  state.delegated.clear();
  Object.assign(state, { fault: null, lagMs: 0, isAdministrator: false, isEnterprise: true, calls: [] });
});

const groupOf = (at = 0): Group => {
  const found = api.state.groups[at];
  if (!found) throw new Error('no such group');
  return found;
};
const isIn = ({ leftAt, expiresAt }: Group['members'][number]): boolean =>
  leftAt === null && (expiresAt === null || expiresAt.getTime() > Date.now());
const members = (): string[] =>
  groupOf()
    .members.filter(isIn)
    .flatMap(({ address }) => (address === api.state.account ? [] : [address]));
const deadline = (): Date | null | undefined =>
  groupOf().members.find((one) => isIn(one) && one.address === ADA)?.expiresAt;

holdMembership({
  open: () => connectTo(googleGroup, configOf()),
  scope: SCOPE,
  ada: ADA,
  olga: 'olga@acme.test',
  account: ADA,
  membersIn: () => members().map((address) => address.replace(/^(ada|olga)@acme.test$/, '$1')),
  refused: [
    { what: 'a query fills it', make: () => Object.assign(groupOf(), { isDynamic: true }), why: 'a query fills it' },
    {
      what: 'another directory fills it',
      make: () => Object.assign(groupOf(), { labels: { 'system/groups/external': '' } }),
      why: 'another directory fills it',
    },
  ],
  faults: {
    set: (fault) => {
      api.state.fault = fault as typeof api.state.fault;
    },
    kinds: {
      limit: 'throttled',
      quota: 'throttled',
      error: 'unavailable',
      down: 'unavailable',
      moved: 'misconfigured',
    },
  },
  tokens: {
    forget: () => {
      api.state.tokens.clear();
      api.state.calls = [];
    },
    asked: () => api.state.calls.filter((call) => call === 'POST /token').length,
  },
  names: {
    name: 'group prod@acme.test',
    id: 'g1',
    take: () => {
      groupOf().address = 'prod-old@acme.test';
      api.state.groups.push(groupWith('g9', 'prod@acme.test'));
      return 'g9';
    },
    inTaker: () => groupOf(2).members.flatMap((one) => (isIn(one) && one.address === ADA ? ['ada'] : [])),
  },
  cuts: { state: () => api.state, grant: 7, end: 6 },
  crowd: {
    size: 200,
    hire: () => {
      api.state.people = new Set(Array.from({ length: 200 }, (_, n) => `u${n}@acme.test`));
    },
    nameOf: (n) => `u${n}@acme.test`,
    // Then none for a while, as its limits say.
    limit: { calls: 480, perMs: 300 },
  },
});

describe('a group', () => {
  test('is left by whoever became its manager since, and whose account is gone, with and without a handle', async () => {
    for (const isKept of [true, false]) {
      const { handle } = await connection.grant(SCOPE, ada());
      for (const one of groupOf().members) if (one.address === ADA) one.roles = ['MEMBER', 'OWNER'];
      api.state.people.delete(ADA);
      expect(await connection.check(SCOPE, undefined, ada())).toBe('present');
      expect(await connection.revoke(SCOPE, isKept ? handle : undefined, ada())).toBe('removed');
      expect(members()).toEqual([]);
      api.state.people.add(ADA);
    }
    expect(await connection.revoke(SCOPE, undefined, of('nobody@elsewhere.test'))).toBe('already_absent');
    expect(await connection.revoke(SCOPE, undefined, of('no address'))).toBe('already_absent');
  });

  test('that is gone, or not to be seen any more, proves no absence', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    groupOf().members = groupOf().members.filter(({ address }) => address === ADA);
    for (const call of [connection.revoke, connection.check])
      expect(await failureOf<string>(call(SCOPE, handle, ada()))).toMatchObject({ kind: 'denied' });
    expect(members()).toEqual([ADA]);
  });
});

describe('a deadline of Google’s own', () => {
  test('ends it though Latchkey does nothing, and is said', async () => {
    expect(connection.guarantee(SCOPE)).toMatchObject({ endsBy: 'both', survives: expect.any(String) as string });
    await connection.grant(SCOPE, ada());
    expect(await connection.check(SCOPE, undefined, ada())).toBe('present');
    // The deadline comes.
    for (const one of groupOf().members) if (one.expiresAt) one.expiresAt = new Date(Date.now() - 1);
    expect(await connection.check(SCOPE, undefined, ada())).toBe('absent');
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('already_absent');
  });

  test('is never earlier than that of the grant, moves to a later time, and never takes from another grant', async () => {
    const first = ada();
    const { handle } = await connection.grant(SCOPE, first);
    expect(deadline()?.getTime()).toBeGreaterThanOrEqual(first.expiresAt.getTime());
    expect((deadline()?.getTime() ?? 0) - first.expiresAt.getTime()).toBeLessThan(1_000);
    const second = ada(1_200_000);
    await connection.grant(SCOPE, second);
    expect(deadline()?.getTime()).toBeGreaterThanOrEqual(second.expiresAt.getTime());
    const before = deadline();
    await connection.extend?.(SCOPE, handle, ada(60_000));
    expect(deadline()).toEqual(before);
    const third = ada(3_600_000);
    await connection.extend?.(SCOPE, handle, third);
    expect(deadline()?.getTime()).toBeGreaterThanOrEqual(third.expiresAt.getTime());
    await connection.revoke(SCOPE, handle, third);
    expect(await failureOf(connection.extend?.(SCOPE, handle, third))).toMatchObject({ kind: 'denied' });
    expect(members()).toEqual([]);
  });

  test('is not put on whoever was there before without one', async () => {
    groupOf().members.push(newMember(ADA));
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
    await connection.grant(SCOPE, ada());
    expect(deadline()).toBeNull();
  });

  test('is not promised where the edition has none, and asking for one all the same is said', async () => {
    api.state.isEnterprise = false;
    expect(plain.guarantee(SCOPE)).toMatchObject({ endsBy: 'revoke' });
    expect(plain.extend).toBeUndefined();
    await plain.grant(SCOPE, ada());
    expect(deadline()).toBeNull();
    expect(await plain.revoke(SCOPE, undefined, ada())).toBe('removed');
    expect(await failureOf(connection.grant(SCOPE, ada()))).toMatchObject({ kind: 'denied' });
    expect(members()).toEqual([]);
    const [finding] = (await connection.preflight?.({ prod: SCOPE }, contextOf())) ?? [];
    expect(finding).toMatchObject({ level: 'error', message: expect.stringContaining('enterprise') as string });
  });
});

test('a group in the group gives it anyway: nothing is added, and nothing is taken', async () => {
  groupOf().members.push(newMember('engineers@acme.test'));
  groupOf(1).members.push(newMember(ADA));
  expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
  const { handle } = await connection.grant(SCOPE, ada());
  expect(members()).toEqual(['engineers@acme.test']);
  expect(await connection.check(SCOPE, handle, ada())).toBe('present');
  expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
  // Without the edition Google does not tell.
  expect(await plain.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
});

describe('servers that hear of it late', () => {
  test('are waited for: one answer is no proof', { timeout: 30_000 }, async () => {
    api.state.lagMs = 900;
    const { handle } = await connection.grant(SCOPE, ada());
    const before = Date.now();
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
    expect(Date.now() - before).toBeGreaterThan(900);
  });

  test('that never hear of it are no end', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.lagMs = 3_600_000;
    for (const one of groupOf().members) if (one.address === ADA) one.leftAt = Date.now();
    expect(await failureOf(connection.revoke(SCOPE, handle, ada()))).toMatchObject({ kind: 'unavailable' });
  });
});

describe('an account', () => {
  test.each<[string, string]>([
    ['nobody', 'is no address'],
    ['', 'is no address'],
    ["ada@acme.test' || member_key_id == 'x", 'is no address'],
    ['ada@acme.test/x', 'is no address'],
    ['eve@gmail.com', 'is outside of acme.test'],
    ['eve@sub.acme.test', 'is outside of acme.test'],
    ['engineers@acme.test', 'is no account of a person'],
  ])('%j is given nothing: it %s', async (user, why) => {
    const failure = await failureOf(connection.find?.(SCOPE, of(user)));
    expect(failure).toMatchObject({ kind: 'denied', isUntouched: true });
    expect(failure.message).toContain(why);
    expect(await failureOf(connection.grant(SCOPE, of(user)))).toMatchObject({ kind: 'denied' });
    expect(members()).toEqual([]);
  });

  test('that turns out to be no person is taken out again at once', async () => {
    // A group in which the service account is no manager, so that it cannot be seen before.
    api.state.groups.push(newGroup('g3', 'hidden@acme.test'));
    const failure = await failureOf(connection.grant(SCOPE, of('hidden@acme.test')));
    expect(failure).toMatchObject({ kind: 'denied' });
    expect(failure.message).toContain('is no account of a person');
    expect(members()).toEqual([]);
  });

  test('that Google does not have is given nothing, and capitals mean nothing', async () => {
    expect(await failureOf(connection.grant(SCOPE, of('noone@acme.test')))).toMatchObject({ kind: 'misconfigured' });
    const { handle } = await connection.grant(SCOPE, of('Ada@ACME.test'));
    expect(handle).toEqual({ list: 'groups/g1', member: ADA });
  });
});

describe('a look', () => {
  const look = async (change: Record<string, Json> = {}, scopes: Record<string, Json> = { prod: SCOPE }) => {
    const other = connectTo(googleGroup, configOf(change));
    const findings = (await other.preflight?.(scopes, contextOf())) ?? [];
    await other.disconnect();
    return findings;
  };

  test('finds nothing to fix where the service account is a manager, and says more and less', async () => {
    expect(await look()).toEqual([]);
    const [own] = groupOf().members;
    if (own) own.roles = ['MEMBER', 'OWNER'];
    expect(await look()).toMatchObject([{ level: 'warning', code: 'more_than_needed' }]);
    groupOf().members = [];
    expect(await look()).toMatchObject([{ level: 'error', code: 'misconfigured' }]);
    api.state.isAdministrator = true;
    expect(await look()).toMatchObject([
      { level: 'warning', code: 'more_than_needed', message: expect.stringContaining('every group') as string },
    ]);
  });

  test('says of owners and managers who could let people in, and that to approvers, too', async () => {
    groupOf().members.push(newMember(ADA), newMember('olga@acme.test', ['MEMBER', 'OWNER']));
    expect(await look({}, { prod: SCOPE, same: SCOPE })).toMatchObject([
      { level: 'warning', code: 'group_has_owners', remains: { roles: ['prod', 'same'] } },
    ]);
  });

  test('and by domain-wide delegation it works, with a warning when the policy is loaded', async () => {
    expect(
      await failureOf(connectTo(googleGroup, configOf({ subject: 'admin@acme.test' })).check(SCOPE, undefined, ada())),
    ).toMatchObject({ kind: 'denied' });
    api.state.delegated.add('admin@acme.test');
    expect(await look({ subject: 'admin@acme.test' })).toEqual([]);
    expect(googleGroup.configWarnings(configOf({ subject: 'admin@acme.test' }))).toHaveLength(1);
    expect(googleGroup.configWarnings(configOf())).toEqual([]);
  });
});

test('what an administrator runs names both, and holds no secret', async () => {
  const { handle } = await connection.grant(SCOPE, ada());
  expect(connection.manual?.(SCOPE, handle, ada()).statements).toEqual([
    `gcloud identity groups memberships delete --group-email='prod@acme.test' --member-email='${ADA}'`,
  ]);
  const prepared = await googleGroup.prepare?.(configOf(), { prod: SCOPE }, contextOf());
  expect(prepared?.text).toContain(api.state.account);
  expect(prepared?.text).not.toContain('PRIVATE KEY');
  execFileSync('sh', ['-n'], { input: prepared?.text ?? '' });
});

test.each<[string, Record<string, Json>]>([
  ['no domain', { domains: [] }],
  ['a key that is none', { service_account: { email: 'a@b.test', key: 'x' } }],
  ['plain http', { api_url: 'http://cloudidentity.googleapis.com' }],
  ['a path', { api_url: 'https://cloudidentity.googleapis.com/v1' }],
])('%s is refused when the policy is loaded', (_name, change) => {
  expect(googleGroup.configProblems(configOf()).length).toBe(0);
  expect(googleGroup.configProblems(configOf(change)).length).toBeGreaterThan(0);
});

test.each(['prod', 'groups/g1', "x'@acme.test"])('a group %s is no address', (group) => {
  expect(googleGroup.scopeProblems({ group }).length).toBeGreaterThan(0);
});
