/** The part of Graph that memberships need, with its own statuses and error codes. */
import type { Group, State, User } from './state.ts';

/** `items` are paged. */
export type Answer = { status: number; body?: unknown; items?: object[] };
export type Asked = {
  state: State;
  permissions: Set<string>;
  query: URLSearchParams;
  body: Record<string, unknown>;
  /** Whether the header says that an index may answer. */
  isEventual: boolean;
  origin: string;
};

export const failed = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { code, message, innerError: { date: new Date().toISOString(), 'request-id': 'stand-in' } } },
});
const gone = (id: string): Answer =>
  failed(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
const FORBIDDEN = failed(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
const bad = (message: string): Answer => failed(400, 'Request_BadRequest', message);

const READS_USERS = ['User.Read.All', 'Directory.Read.All', 'User.ReadWrite.All'];
const READS_MEMBERS = ['GroupMember.Read.All', 'GroupMember.ReadWrite.All', 'Group.ReadWrite.All'];
const WRITES_MEMBERS = ['GroupMember.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.ReadWrite.All'];

const may = ({ permissions }: Asked, any: readonly string[]): boolean => any.some((one) => permissions.has(one));

const userAt = ({ users }: State, name: string): User | undefined =>
  users.find(
    ({ id, userPrincipalName, isDeleted }) =>
      !isDeleted && (id === name || userPrincipalName.toLowerCase() === name.toLowerCase()),
  );
const groupAt = ({ groups }: State, id: string): Group | undefined => groups.find((group) => group.id === id);

const selected = (value: object, query: URLSearchParams): object => {
  const wanted = query.get('$select')?.split(',');
  return wanted ? Object.fromEntries(Object.entries(value).filter(([key]) => wanted.includes(key))) : value;
};

const filtered = (query: URLSearchParams, property: string): string | null => {
  const found = new RegExp(`^${property} eq '((?:[^']|'')*)'$`).exec(query.get('$filter') ?? '')?.[1];
  return found?.replaceAll("''", "'") ?? null;
};

const people = (asked: Asked): Answer => {
  const { state, query } = asked;
  if (!may(asked, READS_USERS)) return FORBIDDEN;
  const mail = filtered(query, 'mail');
  if (mail === null) return bad('Invalid filter clause');
  const found = state.users.filter((user) => !user.isDeleted && user.mail?.toLowerCase() === mail.toLowerCase());
  return { status: 200, items: found.map((user) => selected(user, query)) };
};

/** As a replica knows it: what is younger than the lag is not there yet. */
const isMember = ({ lagMs }: State, group: Group, id: string): boolean => {
  const known = group.members.get(id);
  if (!known) return false;
  return Date.now() - known.at >= lagMs ? known.isIn : !known.isIn;
};

const membersOf = (asked: Asked, group: Group): Answer => {
  const { state, query, isEventual } = asked;
  if (!may(asked, READS_MEMBERS)) return FORBIDDEN;
  // A filter here is answered by an index, and only where both say so.
  if (query.has('$filter') && !(isEventual && query.get('$count') === 'true'))
    return failed(400, 'Request_UnsupportedQuery', 'Unsupported Query.');
  const wanted = filtered(query, 'id');
  const there = [...group.members.keys()].filter((id) => isMember(state, group, id) && (wanted ?? id) === id);
  const seen = there.filter((id) => userAt(state, id) !== undefined || groupAt(state, id) !== undefined);
  return { status: 200, items: seen.map((id) => ({ '@odata.type': '#microsoft.graph.user', id })) };
};

const ownersOf = (asked: Asked, group: Group): Answer =>
  may(asked, READS_MEMBERS)
    ? {
        status: 200,
        items: group.owners.map(({ id, type }) => ({ '@odata.type': `#microsoft.graph.${type}`, id })),
      }
    : FORBIDDEN;

const isInside = (state: State, group: Group, id: string): boolean =>
  isMember(state, group, id) ||
  state.groups.some((inner) => isMember(state, group, inner.id) && isInside(state, inner, id));

const checkMemberGroups = (asked: Asked, user: User): Answer => {
  const { state, body } = asked;
  if (!may(asked, READS_USERS) || !may(asked, READS_MEMBERS)) return FORBIDDEN;
  const wanted = Array.isArray(body['groupIds']) ? (body['groupIds'] as string[]) : [];
  if (wanted.length === 0 || wanted.length > 20) return bad('Invalid number of groupIds');
  const groups = wanted.flatMap((id) => groupAt(state, id) ?? []);
  return {
    status: 200,
    body: { value: groups.filter((group) => isInside(state, group, user.id)).map(({ id }) => id) },
  };
};

const fixed = (asked: Asked, group: Group): Answer | null => {
  if (!may(asked, WRITES_MEMBERS)) return FORBIDDEN;
  if (group.groupTypes.includes('DynamicMembership') || group.onPremisesSyncEnabled) return FORBIDDEN;
  if (group.isAssignableToRole && !asked.permissions.has('RoleManagement.ReadWrite.Directory')) return FORBIDDEN;
  return group.mailEnabled && !group.groupTypes.includes('Unified')
    ? bad('Cannot Update a mail-enabled security groups and or distribution list.')
    : null;
};

const add = (asked: Asked, group: Group): Answer => {
  const { state, body, origin } = asked;
  const refusal = fixed(asked, group);
  if (refusal) return refusal;
  const prefix = `${origin}/v1.0/directoryObjects/`;
  const reference = String(body['@odata.id']);
  if (!reference.startsWith(prefix)) return bad('Invalid URL format specified in payload.');
  const id = reference.slice(prefix.length);
  if (!userAt(state, id)) return gone(id);
  if (group.members.get(id)?.isIn)
    return bad("One or more added object references already exist for the following modified properties: 'members'.");
  group.members.set(id, { isIn: true, at: Date.now() });
  return { status: 204 };
};

const remove = (asked: Asked, group: Group, { id, isReference }: { id: string; isReference: boolean }): Answer => {
  const { state, permissions } = asked;
  if (!isReference) {
    // As the documentation warns: this is the account itself.
    if (!permissions.has('User.ReadWrite.All')) return FORBIDDEN;
    for (const user of state.users) if (user.id === id) user.isDeleted = true;
    return { status: 204 };
  }
  const refusal = fixed(asked, group);
  if (refusal) return refusal;
  if (!userAt(state, id) || !group.members.get(id)?.isIn) return gone(id);
  group.members.set(id, { isIn: false, at: Date.now() });
  return { status: 204 };
};

const ofUser = (method: string, [name, action]: (string | undefined)[], asked: Asked): Answer => {
  if (name === undefined) return method === 'GET' ? people(asked) : bad('Unsupported');
  if (!may(asked, READS_USERS)) return FORBIDDEN;
  const user = userAt(asked.state, name);
  if (!user) return gone(name);
  if (method === 'POST' && action === 'checkMemberGroups') return checkMemberGroups(asked, user);
  return method === 'GET' && action === undefined
    ? { status: 200, body: selected(user, asked.query) }
    : bad('Resource not found for the segment.');
};

const ofGroup = (method: string, [id = '', list, member, reference]: (string | undefined)[], asked: Asked): Answer => {
  const group = groupAt(asked.state, id);
  if (!may(asked, READS_MEMBERS)) return FORBIDDEN;
  if (!group) return gone(id);
  if (method === 'GET' && list === undefined) {
    const { members: _members, owners: _owners, ...properties } = group;
    return { status: 200, body: selected(properties, asked.query) };
  }
  if (method === 'GET' && list === 'owners') return ownersOf(asked, group);
  if (list !== 'members') return bad('Resource not found for the segment.');
  if (method === 'GET' && member === undefined) return membersOf(asked, group);
  if (method === 'POST' && member === '$ref') return add(asked, group);
  if (method === 'DELETE' && member !== undefined)
    return remove(asked, group, { id: member, isReference: reference === '$ref' });
  return bad('Unsupported');
};

export const route = (method: string, path: readonly string[], asked: Asked): Answer => {
  const [version, kind, ...rest] = path;
  if (version !== 'v1.0') return bad('Invalid version.');
  if (kind === 'users') return ofUser(method, rest, asked);
  return kind === 'groups' ? ofGroup(method, rest, asked) : bad('Resource not found for the segment.');
};
