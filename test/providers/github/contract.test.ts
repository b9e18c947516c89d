/** The promises of memberships on a strict stand-in for GitHub: teams and repositories, renamed accounts, invitations and limits. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGithub, type Github } from '../../../sandbox/src/github/github.ts';
import { newOrganization, newTeam } from '../../../sandbox/src/github/members.ts';
import type { Json } from '../../../src/domain/json.ts';
import { github } from '../../../src/providers/github/github.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { shortenWaits } from '../../support/short-waits.ts';
import { holdMembership } from '../membership.ts';

shortenWaits(10);

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
  organization.teams = [newTeam(12, 'prod-access')];
  api.state.repositories = [{ id: 55, full_name: 'acme/api', installation: 7 }];
  api.state.organization = organization;
  api.state.permissions = { metadata: 'read', members: 'write', administration: 'write' };
  api.state.fault = null;
});

const team = () => api.state.organization.teams[0]?.members ?? new Map();
const membersOf = (scope: object, teamId = 12, repositoryId = 55): number[] => {
  const { teams, collaborators } = api.state.organization;
  if ('team' in scope) return [...(teams.find(({ id }) => id === teamId)?.members.keys() ?? [])];
  return [...collaborators.keys()].flatMap((key) => {
    const [repository, who] = key.split('/').map(Number);
    return repository === repositoryId && who !== undefined ? [who] : [];
  });
};

const KINDS = [
  { what: 'a team', scope: TEAM, name: 'team acme/prod-access', id: '12' },
  { what: 'a repository', scope: REPOSITORY, name: 'repository acme/api', id: '55' },
];

for (const { what, scope, name, id } of KINDS)
  holdMembership({
    what,
    open: () => connectTo(github, configOf()),
    scope,
    ada: 'ada-gh',
    olga: 'olga-gh',
    account: 'ada-gh (1001)',
    membersIn: () => membersOf(scope).map((who) => ({ 1001: 'ada', 1002: 'olga' })[who] ?? String(who)),
    swapNames: () => {
      const [ada, olga] = api.state.organization.people;
      if (ada) ada.login = 'ada-new';
      if (olga) olga.login = 'ada-gh';
    },
    // To add who left would invite them.
    block: (isBlocked) => {
      if (isBlocked) api.state.organization.members.delete(1001);
      else api.state.organization.members.set(1001, 'active');
    },
    nobody: { names: ['nobody', 'ada-gh/../olga-gh', '*', 'orgs%2Facme'], why: 'There is no account' },
    faults: {
      set: (fault) => {
        api.state.fault = fault as typeof api.state.fault;
      },
      kinds: {
        primary: 'throttled',
        secondary: 'throttled',
        error: 'unavailable',
        down: 'unavailable',
        moved: 'misconfigured',
      },
    },
    names: {
      ...{ name, id },
      take: () => {
        const [team] = api.state.organization.teams;
        if (team) team.slug = 'prod-old';
        api.state.organization.teams.push(newTeam(13, 'prod-access'));
        const repository = api.state.repositories.find((one) => one.id === 55);
        if (repository) repository.full_name = 'acme/api-old';
        api.state.repositories.push({ id: 56, full_name: 'acme/api', installation: 7 });
        return 'team' in scope ? '13' : '56';
      },
      inTaker: () => membersOf(scope, 13, 56).map((who) => (who === 1001 ? 'ada' : String(who))),
    },
    cuts: { state: () => api.state, grant: 6, end: 4 },
    // The collaborators of a repository are one list, read whole at each look.
    ...('team' in scope && {
      crowd: {
        size: 200,
        hire: () => {
          const { organization } = api.state;
          for (let n = 0; n < 200; n += 1) {
            organization.people.push({ id: 5_000 + n, login: `u${n}` });
            organization.members.set(5_000 + n, 'active');
          }
        },
        nameOf: (n: number) => `u${n}`,
        // Then none for a while, as its limits say.
        limit: { calls: 1_000, perMs: 300 },
      },
    }),
  });

describe.each(KINDS)('$what', ({ scope }) => {
  test('is not given to whoever would have to be invited, and nobody is invited', async () => {
    expect(await failureOf(connection.find?.(scope, of('stranger')))).toMatchObject({ kind: 'denied' });
    expect(await failureOf(connection.grant(scope, of('stranger')))).toMatchObject({ kind: 'denied' });
    expect(api.state.organization.members.has(1003)).toBe(false);
    expect(api.state.organization.repositoryInvitations).toEqual([]);
  });

  test('ends without a handle for an account that is gone from GitHub', async () => {
    api.state.organization.people = [];
    expect(await connection.revoke(scope, undefined, of('ada-gh'))).toBe('already_absent');
  });
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
