/** The promises of memberships on a strict stand-in for GitHub: teams and repositories, renamed accounts, invitations and limits. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGithub, type Github } from '../../../sandbox/src/github/github.ts';
import { newOrganization } from '../../../sandbox/src/github/members.ts';
import type { Json } from '../../../src/domain/json.ts';
import { github } from '../../../src/providers/github/github.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';

let api: Github;
let connection: Connection<Json, Json>;

const TEAM = { team: 'prod-access' };
const REPOSITORY = { repository: 'acme/api', permission: 'push' };
const of = (user: string): ProviderContext => contextOf({ identity: { user } });

const configOf = (): Record<string, Json> => ({
  organization: 'acme',
  api_url: api.apiUrl,
  app: { id: api.state.appId, key: api.state.privateKey.pkcs1, installation: '7' },
});

beforeAll(async () => {
  api = await startGithub();
  api.state.repositories.push({ id: 55, full_name: 'acme/api', installation: 7 });
  connection = connectTo(github, configOf());
});
afterAll(async () => {
  await connection.disconnect();
  await api.stop();
});
beforeEach(() => {
  const organization = newOrganization();
  organization.people = [
    { id: 1001, login: 'ada-gh' },
    { id: 1002, login: 'olga-gh' },
    { id: 1003, login: 'stranger' },
  ];
  for (const id of [1001, 1002]) organization.members.set(id, 'active');
  organization.teams = [{ id: 12, slug: 'prod-access', isSynced: false, members: new Map(), repositories: [] }];
  api.state.organization = organization;
  api.state.permissions = { metadata: 'read', members: 'write', administration: 'write' };
  api.state.fault = null;
});

const team = () => api.state.organization.teams[0]?.members ?? new Map();
const isThere = (scope: object, id: number): boolean =>
  'team' in scope ? team().has(id) : api.state.organization.collaborators.has(`55/${id}`);

describe.each([
  { what: 'a team', scope: TEAM },
  { what: 'a repository', scope: REPOSITORY },
])('$what', ({ scope }) => {
  test('is given once however often it is asked for, found without a handle, and taken away', async () => {
    const ctx = of('ada-gh');
    expect(await connection.find?.(scope, ctx)).toMatchObject({ account: 'ada-gh (1001)', hadAlready: false });
    expect(await connection.revoke(scope, undefined, ctx)).toBe('already_absent');
    const { handle } = await connection.grant(scope, ctx);
    expect((await connection.grant(scope, ctx)).handle).toEqual(handle);
    expect(isThere(scope, 1001)).toBe(true);
    expect(await connection.find?.(scope, ctx)).toMatchObject({ hadAlready: true });
    expect(await connection.check(scope, undefined, ctx)).toBe('present');
    expect(await connection.close(scope, undefined, ctx)).toBe('closed');
    expect(isThere(scope, 1001)).toBe(false);
    expect(await connection.revoke(scope, handle, ctx)).toBe('already_absent');
  });

  test('is taken from the account it was given to, whoever has that login by now', async () => {
    const { handle } = await connection.grant(scope, of('ada-gh'));
    const [ada, olga] = api.state.organization.people;
    if (ada) ada.login = 'ada-new';
    if (olga) olga.login = 'ada-gh';
    await connection.grant(scope, of('ada-gh'));
    expect(await connection.revoke(scope, handle, of('ada-gh'))).toBe('removed');
    expect([isThere(scope, 1001), isThere(scope, 1002)]).toEqual([false, true]);
  });

  test('is not given to whoever would have to be invited, and nobody is invited', async () => {
    expect(await failureOf(connection.find?.(scope, of('stranger')))).toMatchObject({ kind: 'denied' });
    expect(await failureOf(connection.grant(scope, of('stranger')))).toMatchObject({ kind: 'denied' });
    expect(api.state.organization.members.has(1003)).toBe(false);
    expect(api.state.organization.repositoryInvitations).toEqual([]);
  });

  test.each(['nobody', 'ada-gh/../olga-gh', '*', 'orgs%2Facme'])('a login %s is taken to the letter', async (user) => {
    expect((await failureOf(connection.find?.(scope, of(user)))).message).toContain('There is no account');
  });

  test('ends a limit and a fault with a kind that is tried again, and is no proof of absence', async () => {
    const { handle } = await connection.grant(scope, of('ada-gh'));
    const kinds = {
      primary: 'throttled',
      secondary: 'throttled',
      error: 'unavailable',
      down: 'unavailable',
      moved: 'misconfigured',
    } as const;
    for (const [fault, kind] of Object.entries(kinds)) {
      api.state.fault = fault as keyof typeof kinds;
      expect(await failureOf(connection.revoke(scope, handle, of('ada-gh')))).toMatchObject({ kind });
    }
    api.state.fault = null;
    expect(isThere(scope, 1001)).toBe(true);
    expect(await connection.revoke(scope, handle, of('ada-gh'))).toBe('removed');
  });
});

test.each([
  { what: 'a team', scope: TEAM },
  { what: 'a repository', scope: REPOSITORY },
])('$what ends without a handle for whoever left the organization, or is gone from GitHub', async ({ scope }) => {
  await connection.grant(scope, of('ada-gh'));
  api.state.organization.members.delete(1001);
  expect(await failureOf(connection.find?.(scope, of('ada-gh')))).toMatchObject({ kind: 'denied' });
  expect(await connection.check(scope, undefined, of('ada-gh'))).toBe('present');
  expect(await connection.revoke(scope, undefined, of('ada-gh'))).toBe('removed');
  expect(isThere(scope, 1001)).toBe(false);
  api.state.organization.people = [];
  expect(await connection.revoke(scope, undefined, of('ada-gh'))).toBe('already_absent');
});

test('an end without a handle leaves another permission of their own alone', async () => {
  api.state.organization.collaborators.set('55/1001', 'read');
  expect(await connection.revoke(REPOSITORY, undefined, of('ada-gh'))).toBe('already_absent');
  expect(api.state.organization.collaborators.get('55/1001')).toBe('read');
});

test('somebody who left the organization in between is not left invited', async () => {
  const place = { list: 'team 4321/team/12', member: '1001' };
  api.state.organization.members.set(1001, 'pending');
  team().set(1001, 'pending');
  expect(await connection.revoke(TEAM, place, of('ada-gh'))).toBe('removed');
  expect(team().has(1001)).toBe(false);
  expect(api.state.organization.members.has(1001)).toBe(false);
});

test('a repository that somebody has with another permission is left as it is', async () => {
  api.state.organization.collaborators.set('55/1001', 'read');
  const failure = await failureOf(connection.find?.(REPOSITORY, of('ada-gh')));
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(failure.message).toContain('as read');
  expect(api.state.organization.collaborators.get('55/1001')).toBe('read');
});

test('a team that an identity provider keeps is not changed', async () => {
  const [one] = api.state.organization.teams;
  if (one) one.isSynced = true;
  expect(await failureOf(connection.grant(TEAM, of('ada-gh')))).toMatchObject({ kind: 'denied' });
});

test('a look finds nothing to fix, less is an error, more is a warning, and what a member could keep is said', async () => {
  const look = async (scopes: Record<string, Json>) => {
    const other = connectTo(github, configOf());
    const findings = (await other.preflight?.(scopes, contextOf())) ?? [];
    await other.disconnect();
    return findings.map(({ level, code }) => `${level} ${code}`);
  };
  const read = { repository: 'acme/api', permission: 'pull' };
  expect(await look({ team: TEAM, read })).toEqual([]);
  expect(await look({ push: REPOSITORY, team: TEAM })).toEqual(['warning may_stay']);
  api.state.permissions = { metadata: 'read', members: 'read', contents: 'write' };
  expect(await look({ team: TEAM })).toEqual(['error github_permissions', 'warning more_than_needed']);
  expect(await look({ team: { team: 'nothing' } })).toContain('error misconfigured');
});

test.each([
  ['neither App nor token', { organization: 'acme' }],
  ['plain http', { organization: 'acme', token: 'x'.repeat(30), api_url: 'http://ghe.acme.test' }],
  ['a key that is none', { organization: 'acme', app: { id: '1', key: 'x', installation: '2' } }],
])('%s is refused when the policy is loaded', (_name, config) => {
  expect(github.configProblems(config).length).toBeGreaterThan(0);
});
