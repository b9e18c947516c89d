/** The promises of memberships on a strict stand-in for Okta: logins and addresses, groups that rules fill, rights, pages and limits. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startOkta, type Okta } from '../../../sandbox/src/okta/okta.ts';
import type { Json } from '../../../src/domain/json.ts';
import { okta } from '../../../src/providers/okta/okta.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { holdMembership } from '../membership.ts';
import { shortenWaits } from '../../support/short-waits.ts';

shortenWaits(10);

let api: Okta;
let connection: Connection<Json, Json>;

const idOf = (prefix: string, name: string): string => `${prefix}${name.padEnd(17, '0')}`;
const GROUP = idOf('00g', 'prod');
const SCOPE = { group: GROUP };
const ADA = idOf('00u', 'ada');
const OLGA = idOf('00u', 'olga');
const of = (user: string): ProviderContext => contextOf({ identity: { user } });
const ada = (): ProviderContext => of('ada@acme.test');

const configOf = (): Record<string, Json> => ({
  url: api.url,
  oauth: { client_id: api.state.clientId, key: api.state.privateKey, key_id: 'latchkey-1' },
});

beforeAll(async () => {
  api = await startOkta();
  connection = connectTo(okta, configOf());
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});
beforeEach(() => {
  const { state } = api;
  const group = (id: string, type = 'OKTA_GROUP') => ({ id, type, profile: { name: id }, members: new Set<string>() });
  state.users = [person(ADA, 'ada'), person(OLGA, 'olga')];
  // Of which Ada is a member, so that the one that counts is on the last page.
  const others = ['a', 'b', 'c', 'd'].map((name) => group(idOf('00g', name)));
  for (const other of others) other.members.add(ADA);
  state.groups = [
    ...others,
    group(idOf('00g', 'ldap'), 'APP_GROUP'),
    group(idOf('00g', 'all'), 'BUILT_IN'),
    group(GROUP),
  ];
  state.rules = [];
  state.scopes = new Set(['okta.groups.manage', 'okta.users.read']);
  state.rights = { users: true, rules: true, members: new Set([GROUP]) };
  state.fault = null;
});

const person = (id: string, name: string) => ({
  id,
  status: 'ACTIVE',
  profile: { login: `${name}@acme.test`, email: `${name}.mail@acme.test` },
});
const members = (): Set<string> => api.state.groups.find(({ id }) => id === GROUP)?.members ?? new Set();
const rule = (status: string) => ({ id: idOf('0pr', 'rule'), name: 'All engineers', status, groupIds: [GROUP] });

holdMembership({
  open: () => connectTo(okta, configOf()),
  scope: SCOPE,
  ada: 'ada@acme.test',
  olga: 'olga@acme.test',
  account: `ada@acme.test (${ADA})`,
  membersIn: () => [...members()].map((id) => ({ [ADA]: 'ada', [OLGA]: 'olga' })[id] ?? id),
  swapNames: () => {
    const [first, second] = api.state.users;
    if (first) first.profile.login = 'ada.new@acme.test';
    if (second) second.profile.login = 'ada@acme.test';
  },
  block: (isBlocked) => {
    const [first] = api.state.users;
    if (first) first.status = isBlocked ? 'SUSPENDED' : 'ACTIVE';
  },
  nobody: {
    names: [
      ...['nobody', 'ada', ADA, 'me', '', '.', '..', '*', '?limit=1', '#'],
      ...['ada@acme.test/groups', 'olga@acme.test/../ada@acme.test', 'ada@acme.test%2Fgroups', 'ada@acme.test\u0000'],
    ],
    why: 'There is no account',
  },
  lookup: {
    by: 'email',
    found: 'Ada.Mail@acme.test',
    none: ['ada@acme.test', 'x" or profile.email pr or "', 'a\\'],
    twin: () => {
      const [, second] = api.state.users;
      if (second) second.profile.email = 'ada.mail@acme.test';
      return () => undefined;
    },
  },
  refused: ['ACTIVE', 'INACTIVE', 'INVALID'].map((status) => ({
    what: `a rule fills it, and is ${status}`,
    make: () => {
      const other = { id: idOf('0pr', 'other'), name: 'Other', status: 'ACTIVE', groupIds: [idOf('00g', 'a')] };
      api.state.rules = [other, { ...other }, rule(status)];
    },
    why: 'the group rule All engineers fills it',
    isLeft: status === 'ACTIVE',
  })),
  faults: {
    set: (fault) => {
      api.state.fault = fault as typeof api.state.fault;
    },
    kinds: {
      limit: 'throttled',
      error: 'unavailable',
      down: 'unavailable',
      moved: 'misconfigured',
      elsewhere: 'misconfigured',
    },
    calls: () => api.state.calls.length,
  },
  tokens: {
    forget: () => {
      api.state.tokens.clear();
      api.state.calls = [];
    },
    asked: () => api.state.calls.filter((call) => call.startsWith('POST')).length,
  },
  cuts: { state: () => api.state, grant: 6, end: 4 },
  crowd: {
    size: 1_000,
    hire: () => {
      const people = Array.from({ length: 1_000 }, (_, n) => person(idOf('00u', `${n}n`), `u${n}`));
      api.state.users = [...api.state.users, ...people];
    },
    nameOf: (n) => `u${n}@acme.test`,
    // Then none for a while, as its limits say.
    limit: { calls: 2_000, perMs: 300 },
  },
});

describe('a group', () => {
  test('has nothing left of an account that is deleted', async () => {
    const { handle } = await connection.grant(SCOPE, of('olga@acme.test'));
    api.state.users = [];
    for (const known of [handle, undefined]) {
      expect(await connection.check(SCOPE, known, of('olga@acme.test'))).toBe('absent');
      expect(await connection.revoke(SCOPE, known, of('olga@acme.test'))).toBe('already_absent');
    }
  });

  test('of another organization proves no absence', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.users = [];
    api.state.groups = [];
    expect(await failureOf(connection.revoke(SCOPE, handle, ada()))).toMatchObject({ kind: 'misconfigured' });
    expect(await failureOf(connection.check(SCOPE, handle, ada()))).toMatchObject({ kind: 'misconfigured' });
  });
});

test.each([
  ['ldap', 'an app or a directory fills it'],
  ['all', 'it is a group of Okta itself'],
])('a group that is not of Okta alone is refused: %s, because %s', async (name, why) => {
  const failure = await failureOf(connection.grant({ group: idOf('00g', name) }, ada()));
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(failure.message).toContain(why);
});

test('missing rights are said, and nobody is let in', async () => {
  api.state.rights.members.clear();
  const failure = await failureOf(connection.grant(SCOPE, ada()));
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(failure.message).toContain('E0000006');
  expect(await failureOf(connection.grant({ group: idOf('00g', 'none') }, ada()))).toMatchObject({
    kind: 'misconfigured',
  });
  expect([...members()]).toEqual([]);
});

test('an API token does the same', async () => {
  const other = connectTo(okta, { url: api.url, token: api.state.apiToken });
  expect(await other.grant(SCOPE, ada())).toMatchObject({ handle: { list: GROUP, member: ADA } });
  await other.disconnect();
  const wrong = connectTo(okta, { url: api.url, token: 'x'.repeat(42) });
  expect(await failureOf(wrong.revoke(SCOPE, undefined, ada()))).toMatchObject({ kind: 'denied' });
  await wrong.disconnect();
});

test('a look finds nothing to fix, and says each right that is missing', async () => {
  const look = async (scopes: Record<string, Json> = { prod: SCOPE }) => {
    const other = connectTo(okta, configOf());
    const findings = (await other.preflight?.(scopes, contextOf())) ?? [];
    await other.disconnect();
    return findings.map(({ level, code, message }) => `${level} ${code} ${message}`).join('\n');
  };
  expect(await look()).toBe('');
  expect(
    await look({ prod: SCOPE, ldap: { group: idOf('00g', 'ldap') }, none: { group: idOf('00g', 'none') } }),
  ).toMatch(/^error denied .*directory fills it.*\nerror misconfigured .*E0000007.*$/);
  api.state.rights.rules = false;
  expect(await look()).toContain('error denied Okta could not list the group rules');
  api.state.rights.users = false;
  expect(await look()).toContain('error denied Okta could not list people');
  api.state.scopes.delete('okta.users.read');
  expect(await look()).toContain('invalid_scope');
});

test.each([
  ['neither OAuth nor a token', { url: 'https://acme.okta.com' }],
  ['both', { url: 'https://acme.okta.com', token: 'x'.repeat(42), oauth: { client_id: 'a', key: 'x' } }],
  ['plain http', { url: 'http://acme.okta.com', token: 'x'.repeat(42) }],
  ['the Admin Console', { url: 'https://acme-admin.okta.com', token: 'x'.repeat(42) }],
  ['a path', { url: 'https://acme.okta.com/api/v1', token: 'x'.repeat(42) }],
  ['a key that is none', { url: 'https://acme.okta.com', oauth: { client_id: 'a', key: 'x' } }],
  ['a line break in a token', { url: 'https://acme.okta.com', token: `${'x'.repeat(42)}\r\nx: y` }],
])('%s is refused when the policy is loaded', (_name, config) => {
  expect(okta.configProblems(config).length).toBeGreaterThan(0);
});

test.each(['prod', `${GROUP}/users`, '00u00000000000000000', '00g*'])('a group %s is no ID', (group) => {
  expect(okta.scopeProblems({ group }).length).toBeGreaterThan(0);
});
