/** The promises of memberships on a strict stand-in for Okta: logins and addresses, groups that rules fill, rights, pages and limits. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startOkta, type Okta } from '../../../sandbox/src/okta/okta.ts';
import type { Json } from '../../../src/domain/json.ts';
import { okta } from '../../../src/providers/okta/okta.ts';
import type { Connection, Identity, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';

let api: Okta;
let connection: Connection<Json, Json>;

const idOf = (prefix: string, name: string): string => `${prefix}${name.padEnd(17, '0')}`;
const GROUP = idOf('00g', 'prod');
const SCOPE = { group: GROUP };
const ADA = idOf('00u', 'ada');
const OLGA = idOf('00u', 'olga');
const as = (identity: Identity): ProviderContext => contextOf({ identity });
const of = (user: string): ProviderContext => as({ user });
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
  const user = (id: string, name: string, status = 'ACTIVE') => ({
    id,
    status,
    profile: { login: `${name}@acme.test`, email: `${name}.mail@acme.test` },
  });
  const group = (id: string, type = 'OKTA_GROUP') => ({ id, type, profile: { name: id }, members: new Set<string>() });
  state.users = [user(ADA, 'ada'), user(OLGA, 'olga'), user(idOf('00u', 'eve'), 'eve', 'SUSPENDED')];
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

const members = (): Set<string> => api.state.groups.find(({ id }) => id === GROUP)?.members ?? new Set();
const rule = (status: string) => ({ id: idOf('0pr', 'rule'), name: 'All engineers', status, groupIds: [GROUP] });

describe('a group', () => {
  test('is given once however often it is requested, found without a handle, and taken away', async () => {
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({
      account: `ada@acme.test (${ADA})`,
      hadAlready: false,
    });
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('already_absent');
    const { handle } = await connection.grant(SCOPE, ada());
    expect((await connection.grant(SCOPE, ada())).handle).toEqual(handle);
    expect([...members()]).toEqual([ADA]);
    expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: true });
    expect(await connection.check(SCOPE, undefined, ada())).toBe('present');
    expect(await connection.close(SCOPE, undefined, ada())).toBe('closed');
    expect([...members()]).toEqual([]);
    expect(await connection.check(SCOPE, handle, ada())).toBe('absent');
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
  });

  test('is given to two people side by side, and taken from one of them alone', async () => {
    const [given] = await Promise.all([connection.grant(SCOPE, ada()), connection.grant(SCOPE, of('olga@acme.test'))]);
    expect(members()).toEqual(new Set([ADA, OLGA]));
    expect(await connection.revoke(SCOPE, given.handle, ada())).toBe('removed');
    expect([...members()]).toEqual([OLGA]);
  });

  test('is taken from the account it was given to, whoever has that login by now', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    const [first, second] = api.state.users;
    if (first) first.profile.login = 'ada.new@acme.test';
    if (second) second.profile.login = 'ada@acme.test';
    await connection.grant(SCOPE, ada());
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
    expect([...members()]).toEqual([OLGA]);
  });

  test('is taken from an account that was suspended, and is out where the account is deleted', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    const [first] = api.state.users;
    if (first) first.status = 'DEPROVISIONED';
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
    expect([...members()]).toEqual([]);
    await connection.grant(SCOPE, of('olga@acme.test'));
    api.state.users = [];
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('already_absent');
  });

  test('ends without a handle, too, whatever became of the account or the group since', async () => {
    for (const change of [
      () => (api.state.users = api.state.users.map((one) => ({ ...one, status: 'SUSPENDED' }))),
      () => (api.state.rules = [rule('ACTIVE')]),
    ]) {
      await connection.grant(SCOPE, ada());
      change();
      expect(await failureOf(connection.find?.(SCOPE, ada()))).toMatchObject({ kind: 'denied' });
      expect(await connection.check(SCOPE, undefined, ada())).toBe('present');
      expect(await connection.revoke(SCOPE, undefined, ada())).toBe('removed');
      expect([...members()]).toEqual([]);
      api.state.users = api.state.users.map((one) => ({ ...one, status: 'ACTIVE' }));
    }
    api.state.users = [];
    expect(await connection.check(SCOPE, undefined, ada())).toBe('absent');
    expect(await connection.revoke(SCOPE, undefined, ada())).toBe('already_absent');
    expect(await connection.revoke(SCOPE, undefined, as({ missing: 'Ada is not in the map.' }))).toBe('already_absent');
  });

  test('of another organization proves no absence', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.users = [];
    api.state.groups = [];
    expect(await failureOf(connection.revoke(SCOPE, handle, ada()))).toMatchObject({ kind: 'misconfigured' });
    expect(await failureOf(connection.check(SCOPE, handle, ada()))).toMatchObject({ kind: 'misconfigured' });
  });
});

describe('an account', () => {
  test.each([
    ...['nobody', 'ada', ADA, 'me', '', '.', '..', '*', '?limit=1', '#'],
    ...['ada@acme.test/groups', 'olga@acme.test/../ada@acme.test', 'ada@acme.test%2Fgroups', 'ada@acme.test\u0000'],
  ])('of the name %j is none: only a whole login counts', async (user) => {
    const failure = await failureOf(connection.find?.(SCOPE, of(user)));
    expect(failure).toMatchObject({ kind: 'denied' });
    expect(failure.message).toContain('There is no account');
  });

  test('is found by address where exactly one has it, and capitals mean nothing', async () => {
    const lookup = (value: string): Identity => ({ lookup: 'email', value });
    const found = await connection.find?.(SCOPE, as(lookup('Ada.Mail@acme.test')));
    expect(found).toMatchObject({ account: `ada@acme.test (${ADA})` });
    for (const value of ['ada@acme.test', 'x" or profile.email pr or "', 'a\\'])
      expect((await failureOf(connection.find?.(SCOPE, as(lookup(value))))).message).toContain('There is no account');
    const [, olga] = api.state.users;
    if (olga) olga.profile.email = 'ada.mail@acme.test';
    const failure = await failureOf(connection.grant(SCOPE, as(lookup('ada.mail@acme.test'))));
    expect(failure.message).toContain('More than one account');
    expect([...members()]).toEqual([]);
  });

  test('that is not active is given nothing', async () => {
    const failure = await failureOf(connection.grant(SCOPE, of('eve@acme.test')));
    expect(failure).toMatchObject({ kind: 'denied' });
    expect(failure.message).toContain('SUSPENDED');
  });
});

describe('a group whose members are not Latchkey’s to change', () => {
  test.each(['ACTIVE', 'INACTIVE', 'INVALID'])('is refused: a rule fills it, and is %s', async (status) => {
    const other = { id: idOf('0pr', 'other'), name: 'Other', status: 'ACTIVE', groupIds: [idOf('00g', 'a')] };
    api.state.rules = [other, { ...other }, rule(status)];
    for (const work of [connection.find?.(SCOPE, ada()), connection.grant(SCOPE, ada())]) {
      const failure = await failureOf(work);
      expect(failure).toMatchObject({ kind: 'denied', isUntouched: true });
      expect(failure.message).toContain('the group rule All engineers fills it');
    }
    expect([...members()]).toEqual([]);
  });

  test('is left by its own end all the same, when the rule came later', async () => {
    const { handle } = await connection.grant(SCOPE, ada());
    api.state.rules = [rule('ACTIVE')];
    expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
  });

  test.each([
    ['ldap', 'an app or a directory fills it'],
    ['all', 'it is a group of Okta itself'],
  ])('is refused: %s, because %s', async (name, why) => {
    const failure = await failureOf(connection.grant({ group: idOf('00g', name) }, ada()));
    expect(failure).toMatchObject({ kind: 'denied' });
    expect(failure.message).toContain(why);
  });
});

test('a limit and a fault are tried again, say when, and are no proof of absence', async () => {
  const { handle } = await connection.grant(SCOPE, ada());
  const kinds = {
    limit: 'throttled',
    error: 'unavailable',
    down: 'unavailable',
    moved: 'misconfigured',
    elsewhere: 'misconfigured',
  } as const;
  for (const [fault, kind] of Object.entries(kinds)) {
    const other = connectTo(okta, configOf());
    await other.check(SCOPE, handle, ada());
    api.state.fault = fault as keyof typeof kinds;
    api.state.calls = [];
    const failure = await failureOf(other.revoke(SCOPE, handle, ada()));
    expect([fault, failure.kind]).toEqual([fault, kind]);
    expect(/It asks to wait (29|3[01]) s\./.test(failure.message)).toBe(fault === 'limit');
    // Who is asked to wait does not ask again before that.
    expect(fault !== 'limit' || api.state.calls.length === 1).toBe(true);
    api.state.fault = null;
    await other.disconnect();
  }
  api.state.fault = null;
  expect([...members()]).toEqual([ADA]);
  expect(await connection.revoke(SCOPE, handle, ada())).toBe('removed');
});

test('a token that Okta took back is replaced, and one token serves many calls', async () => {
  await connection.find?.(SCOPE, ada());
  api.state.tokens.clear();
  api.state.calls = [];
  expect(await connection.find?.(SCOPE, ada())).toMatchObject({ hadAlready: false });
  await connection.find?.(SCOPE, ada());
  expect(api.state.calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
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
