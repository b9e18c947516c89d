/** People of an organization, its teams and the collaborators of repositories, as GitHub documents them. Ids decide, and logins may be renamed. */
import type { Account, Permissions, State } from './state.ts';

type Team = {
  id: number;
  slug: string;
  isSynced: boolean;
  members: Map<number, 'active' | 'pending'>;
  repositories: object[];
};

export type Organization = {
  id: number;
  login: string;
  people: Account[];
  members: Map<number, 'active' | 'pending'>;
  teams: Team[];
  /** By repository id and user id. */
  collaborators: Map<string, string>;
  repositoryInvitations: { id: number; repository: number; user: number }[];
};

export const newOrganization = (): Organization => ({
  id: 4321,
  login: 'acme',
  people: [],
  members: new Map(),
  teams: [],
  collaborators: new Map(),
  repositoryInvitations: [],
});

export const newTeam = (id: number, slug: string): Team => ({
  ...{ id, slug },
  isSynced: false,
  members: new Map(),
  repositories: [],
});

type Answer = { status: number; body?: unknown };
type At = Record<string, string>;
type Asked = { state: State; query: URLSearchParams; body: Record<string, unknown> };
type MemberRoute = {
  method: string;
  path: string;
  as: 'installation';
  needs?: [keyof Permissions, 'read' | 'write'];
  run(asked: Asked, at: At): Answer;
};

const NOT_FOUND: Answer = { status: 404, body: { message: 'Not Found' } };
const ROLES: Record<string, string> = {
  pull: 'read',
  triage: 'triage',
  push: 'write',
  maintain: 'maintain',
  admin: 'admin',
};

const personNamed = ({ organization: { people } }: State, login = ''): Account | undefined =>
  people.find((one) => one.login.toLowerCase() === login.toLowerCase());

const json = (account: Account | undefined): Answer =>
  account ? { status: 200, body: { ...account, type: 'User' } } : NOT_FOUND;

export const paged = (items: object[], query: URLSearchParams): Answer => {
  const size = Math.min(Number(query.get('per_page') ?? 30), 100);
  const from = (Number(query.get('page') ?? 1) - 1) * size;
  return { status: 200, body: items.slice(from, from + size) };
};

const teamAt = ({ organization }: State, at: At): Team | undefined =>
  organization.teams.find(({ id, slug }) => String(id) === at['team'] || slug === at['slug']);

const stateOf = (state: string | undefined): Answer =>
  state ? { status: 200, body: { state, role: 'member' } } : NOT_FOUND;

const addToTeam = ({ state, body }: Asked, at: At): Answer => {
  const [team, person] = [teamAt(state, at), personNamed(state, at['user'])];
  if (!team || !person) return NOT_FOUND;
  if (body['role'] !== 'member' && body['role'] !== 'maintainer')
    return { status: 422, body: { message: 'Invalid role' } };
  if (team.isSynced) return { status: 403, body: { message: 'Membership is managed by an identity provider' } };
  const { organization } = state;
  const isMember = organization.members.get(person.id) === 'active';
  if (!isMember) organization.members.set(person.id, 'pending');
  team.members.set(person.id, isMember ? 'active' : 'pending');
  return stateOf(team.members.get(person.id));
};

const dropFromTeam = ({ state }: Asked, at: At): Answer => {
  const [team, person] = [teamAt(state, at), personNamed(state, at['user'])];
  if (!team || !person || !team.members.delete(person.id)) return NOT_FOUND;
  return { status: 204 };
};

const keyOf = (at: At, person: Account): string => `${at['repository']}/${person.id}`;

const addToRepository = ({ state, body }: Asked, at: At): Answer => {
  const person = personNamed(state, at['user']);
  const role = ROLES[String(body['permission'])];
  if (!person || !role) return NOT_FOUND;
  const { organization } = state;
  if (organization.members.get(person.id) === 'active') {
    organization.collaborators.set(keyOf(at, person), role);
    return { status: 204 };
  }
  const id = organization.repositoryInvitations.length + 900;
  organization.repositoryInvitations.push({ id, repository: Number(at['repository']), user: person.id });
  return { status: 201, body: { id } };
};

const collaboratorsOf = ({ state, query }: Asked, at: At): Answer =>
  paged(
    state.organization.people.flatMap((person) => {
      const role = state.organization.collaborators.get(keyOf(at, person));
      return role ? [{ ...person, role_name: role }] : [];
    }),
    query,
  );

const membership = '/organizations/:organization/team/:team/memberships/:user';
const collaborator = '/repositories/:repository/collaborators/:user';

export const MEMBER_ROUTES: readonly MemberRoute[] = [
  {
    method: 'GET',
    path: '/users/:user',
    as: 'installation',
    run: ({ state }, at) => json(personNamed(state, at['user'])),
  },
  {
    method: 'GET',
    path: '/user/:id',
    as: 'installation',
    run: ({ state }, at) => json(state.organization.people.find(({ id }) => String(id) === at['id'])),
  },
  {
    method: 'GET',
    path: '/orgs/:organization/memberships/:user',
    as: 'installation',
    needs: ['members', 'read'],
    run: ({ state }, at) => stateOf(state.organization.members.get(personNamed(state, at['user'])?.id ?? 0)),
  },
  {
    method: 'GET',
    path: '/orgs/:organization/teams/:slug',
    as: 'installation',
    needs: ['members', 'read'],
    run: ({ state }, at) => {
      const team = teamAt(state, at);
      const { id, login } = state.organization;
      return team ? { status: 200, body: { id: team.id, slug: team.slug, organization: { id, login } } } : NOT_FOUND;
    },
  },
  {
    method: 'GET',
    path: '/orgs/:organization/teams/:slug/repos',
    as: 'installation',
    needs: ['members', 'read'],
    run: ({ state, query }, at) => {
      const team = teamAt(state, at);
      return team ? paged(team.repositories, query) : NOT_FOUND;
    },
  },
  {
    method: 'GET',
    path: '/orgs/:organization/invitations',
    as: 'installation',
    needs: ['members', 'read'],
    run: ({ state: { organization }, query }) =>
      paged(
        organization.people.filter(({ id }) => organization.members.get(id) === 'pending'),
        query,
      ),
  },
  {
    method: 'DELETE',
    path: '/orgs/:organization/invitations/:id',
    as: 'installation',
    needs: ['members', 'write'],
    run: ({ state }, at) => ({ status: state.organization.members.delete(Number(at['id'])) ? 204 : 404 }),
  },
  {
    method: 'GET',
    path: membership,
    as: 'installation',
    needs: ['members', 'read'],
    run: ({ state }, at) => stateOf(teamAt(state, at)?.members.get(personNamed(state, at['user'])?.id ?? 0)),
  },
  { method: 'PUT', path: membership, as: 'installation', needs: ['members', 'write'], run: addToTeam },
  { method: 'DELETE', path: membership, as: 'installation', needs: ['members', 'write'], run: dropFromTeam },
  {
    method: 'GET',
    path: '/repos/:owner/:repo',
    as: 'installation',
    run: ({ state }, at) => {
      const found = state.repositories.find((one) => one.full_name === `${at['owner']}/${at['repo']}`);
      return found ? { status: 200, body: { id: found.id, full_name: found.full_name } } : NOT_FOUND;
    },
  },
  {
    method: 'GET',
    path: '/repositories/:repository/collaborators',
    as: 'installation',
    run: collaboratorsOf,
  },
  {
    method: 'GET',
    path: '/repositories/:repository/invitations',
    as: 'installation',
    needs: ['administration', 'read'],
    run: ({ state, query }, at) =>
      paged(
        state.organization.repositoryInvitations
          .filter(({ repository }) => String(repository) === at['repository'])
          .map(({ id, user }) => ({ id, invitee: { id: user } })),
        query,
      ),
  },
  {
    method: 'DELETE',
    path: '/repositories/:repository/invitations/:id',
    as: 'installation',
    needs: ['administration', 'write'],
    run: ({ state: { organization } }, at) => {
      const before = organization.repositoryInvitations.length;
      organization.repositoryInvitations = organization.repositoryInvitations.filter(
        ({ id }) => String(id) !== at['id'],
      );
      return { status: before === organization.repositoryInvitations.length ? 404 : 204 };
    },
  },
  { method: 'PUT', path: collaborator, as: 'installation', needs: ['administration', 'write'], run: addToRepository },
  {
    method: 'DELETE',
    path: collaborator,
    as: 'installation',
    needs: ['administration', 'write'],
    run: ({ state }, at) => {
      const person = personNamed(state, at['user']);
      if (person) state.organization.collaborators.delete(keyOf(at, person));
      return { status: person ? 204 : 404 };
    },
  },
];
