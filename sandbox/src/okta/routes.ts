/** The part of the management API that memberships need, with Okta's own statuses and error codes. */
import type { Group, State, User } from './state.ts';

/** `items` are paged. */
export type Answer = { status: number; body?: unknown; items?: object[] };
type Asked = { state: State; scopes: string[]; query: URLSearchParams };

const failed = (status: number, errorCode: string, errorSummary: string): Answer => ({
  status,
  body: { errorCode, errorSummary, errorLink: errorCode, errorId: 'oae0', errorCauses: [] },
});
const notFound = (id: string, kind: string): Answer =>
  failed(404, 'E0000007', `Not found: Resource not found: ${id} (${kind})`);
const FORBIDDEN = failed(403, 'E0000006', 'You do not have permission to perform the requested action');
const NO_SCOPE = failed(403, 'E0000006', 'The access token provided does not contain the required scopes.');
const FIXED = failed(
  400,
  'E0000001',
  'Api validation failed: The group is not an Okta group, and its members cannot be changed.',
);
export const NO_TOKEN = failed(401, 'E0000011', 'Invalid token provided');
export const LIMITED = failed(429, 'E0000047', 'API call exceeded rate limit due to too many requests.');

/** By ID, login, or the part of the login before the @, as the documentation says. */
const userAt = ({ users }: State, name: string): User | undefined => {
  const asked = name.toLowerCase();
  return (
    users.find(({ id }) => id === name) ??
    users.find(({ profile }) => profile.login.toLowerCase() === asked) ??
    users.find(({ profile }) => profile.login.toLowerCase().split('@')[0] === asked) ??
    (name === 'me' ? users[0] : undefined)
  );
};

const groupBody = ({ id, type, profile }: Group): object => ({ id, type, profile });

const people = ({ state, scopes, query }: Asked): Answer => {
  if (!scopes.includes('okta.users.read')) return NO_SCOPE;
  if (!state.rights.users) return FORBIDDEN;
  const search = query.get('search');
  if (search === null) return { status: 200, items: state.users };
  const found = /^profile\.email eq ("(?:[^"\\]|\\.)*")$/.exec(search)?.[1];
  if (found === undefined) return failed(400, 'E0000031', 'Invalid search criteria.');
  const email = (JSON.parse(found) as string).toLowerCase();
  return { status: 200, items: state.users.filter(({ profile }) => profile.email.toLowerCase() === email) };
};

const person = ({ state, scopes }: Asked, name: string, isGroups: boolean): Answer => {
  if (!scopes.includes('okta.users.read')) return NO_SCOPE;
  if (!state.rights.users) return FORBIDDEN;
  const user = userAt(state, name);
  if (!user) return notFound(name, 'User');
  if (!isGroups) return { status: 200, body: user };
  return { status: 200, items: state.groups.filter(({ members }) => members.has(user.id)).map(groupBody) };
};

const rulesOf = ({ state, scopes }: Asked): Answer => {
  if (!scopes.includes('okta.groups.manage')) return NO_SCOPE;
  if (!state.rights.rules) return FORBIDDEN;
  return {
    status: 200,
    items: state.rules.map(({ id, name, status, groupIds }) => ({
      ...{ type: 'group_rule', id, name, status },
      actions: { assignUserToGroups: { groupIds } },
    })),
  };
};

const change = (asked: Asked, method: 'PUT' | 'DELETE', { groupId, userId }: { groupId: string; userId: string }) => {
  const { state, scopes } = asked;
  if (!scopes.includes('okta.groups.manage')) return NO_SCOPE;
  const group = state.groups.find(({ id }) => id === groupId);
  if (!group) return notFound(groupId, 'UserGroup');
  if (!state.rights.members.has(groupId)) return FORBIDDEN;
  // Here an ID alone counts.
  const user = state.users.find(({ id }) => id === userId);
  if (!user) return notFound(userId, 'User');
  if (group.type !== 'OKTA_GROUP') return FIXED;
  if (method === 'PUT') group.members.add(userId);
  else group.members.delete(userId);
  return { status: 204 };
};

export const route = (method: string, path: readonly string[], asked: Asked): Answer => {
  const [api, version, kind, id, sub, subId, ...more] = path;
  const none = failed(404, 'E0000022', 'The endpoint does not support the provided HTTP method');
  if (api !== 'api' || version !== 'v1' || more.length > 0) return none;
  if (kind === 'users' && method === 'GET' && subId === undefined) {
    if (id === undefined) return people(asked);
    if (sub === undefined || sub === 'groups') return person(asked, id, sub === 'groups');
  }
  if (kind !== 'groups' || id === undefined) return none;
  if (method === 'GET' && sub === undefined) {
    if (id === 'rules') return rulesOf(asked);
    const group = asked.state.groups.find((one) => one.id === id);
    if (!asked.scopes.includes('okta.groups.manage')) return NO_SCOPE;
    return group ? { status: 200, body: groupBody(group) } : notFound(id, 'UserGroup');
  }
  if ((method === 'PUT' || method === 'DELETE') && sub === 'users' && subId !== undefined)
    return change(asked, method, { groupId: id, userId: subId });
  return none;
};
