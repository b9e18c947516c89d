/** The part of the Cloud Identity Groups API that memberships need, with its own statuses. */
import { newMember } from './state.ts';
import type { Group, Member, RoleName, State } from './state.ts';

export type Answer = { status: number; body?: unknown };
export type Asked = { state: State; actsAs: string; query: URLSearchParams; body: Record<string, unknown> };

export const failed = (code: number, status: string, message: string): Answer => ({
  status: code,
  body: { error: { code, message, status } },
});
const hidden = (what: string): Answer =>
  failed(403, 'PERMISSION_DENIED', `Error(2028): Permission denied for resource ${what} (or it may not exist).`);
const gone = (what: string): Answer => failed(404, 'NOT_FOUND', `Error(2003): ${what} not found.`);
const bad = (message: string): Answer => failed(400, 'INVALID_ARGUMENT', message);

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** In at this moment: not past its deadline. */
const isIn = ({ leftAt, expiresAt }: Member): boolean =>
  leftAt === null && (expiresAt === null || expiresAt.getTime() > Date.now());

/** As one of many servers knows it: what is younger than the lag is not there yet. */
const isSeen = ({ lagMs }: State, member: Member): boolean => {
  const now = Date.now();
  if (member.leftAt !== null) return now - member.leftAt < lagMs;
  return isIn(member) && now - member.at >= lagMs;
};

const mayManage = ({ state, actsAs }: Asked, group: Group): boolean =>
  state.isAdministrator ||
  state.delegated.has(actsAs) ||
  group.members.some((one) => isIn(one) && isSame(one.address, actsAs) && one.roles.some((role) => role !== 'MEMBER'));

const typeOf = (state: State, address: string): string => {
  if (state.groups.some((group) => isSame(group.address, address))) return 'GROUP';
  if (address.endsWith('.gserviceaccount.com')) return 'SERVICE_ACCOUNT';
  return state.people.has(address.toLowerCase()) ? 'USER' : 'OTHER';
};

const nameOf = (group: Group, member: Member): string => `groups/${group.id}/memberships/${member.id}`;

const json = (state: State, group: Group, member: Member): object => ({
  name: nameOf(group, member),
  preferredMemberKey: { id: member.address },
  type: typeOf(state, member.address),
  roles: member.roles.map((name) => ({
    name,
    ...(name === 'MEMBER' && member.expiresAt && { expiryDetail: { expireTime: member.expiresAt.toISOString() } }),
  })),
});

const groupJson = ({ id, address, labels, isDynamic }: Group): object => ({
  name: `groups/${id}`,
  groupKey: { id: address },
  labels,
  ...(isDynamic && { dynamicGroupMetadata: { queries: [{ resourceType: 'USER', query: 'true' }] } }),
});

const lookupGroup = (asked: Asked): Answer => {
  const address = asked.query.get('groupKey.id') ?? '';
  const group = asked.state.groups.find((one) => isSame(one.address, address));
  return group && mayManage(asked, group) ? { status: 200, body: { name: `groups/${group.id}` } } : hidden(address);
};

type Role = { name: RoleName; expiryDetail?: { expireTime: string } };

/** A deadline, or why it cannot be: only of members, only later, only in some editions. */
const deadlineOf = (state: State, { name, expiryDetail }: Role): { at: Date | null } | { refusal: Answer } => {
  if (!expiryDetail) return { at: null };
  const at = new Date(expiryDetail.expireTime);
  if (name !== 'MEMBER' || Number.isNaN(at.getTime()) || at.getTime() <= Date.now())
    return { refusal: bad('Error(2015): Invalid expiry.') };
  return state.isEnterprise
    ? { at }
    : { refusal: failed(403, 'PERMISSION_DENIED', 'Error(3013): The edition has no membership expiry.') };
};

const create = (asked: Asked, group: Group): Answer => {
  const { state, body } = asked;
  const address = (body['preferredMemberKey'] as { id?: string } | undefined)?.id ?? '';
  const [role, ...others] = (body['roles'] ?? [{ name: 'MEMBER' }]) as Role[];
  if (group.isDynamic) return failed(400, 'FAILED_PRECONDITION', 'Error(4003): Members of dynamic groups are fixed.');
  if (!role || others.length > 0 || role.name !== 'MEMBER') return bad('Error(2015): Invalid roles.');
  const type = typeOf(state, address);
  // An address of the organization that is nobody's.
  if (type === 'OTHER' && address.endsWith('@acme.test')) return gone(address);
  if (group.members.some((one) => isIn(one) && isSame(one.address, address)))
    return failed(409, 'ALREADY_EXISTS', 'Error(4003): Cannot create membership, it already exists.');
  const deadline = deadlineOf(state, role);
  if ('refusal' in deadline) return deadline.refusal;
  const member = { ...newMember(address), expiresAt: deadline.at, at: Date.now() };
  group.members.push(member);
  const response = { '@type': 'type.googleapis.com/google.apps.cloudidentity.groups.v1.Membership' };
  return { status: 200, body: { done: true, response: { ...response, ...json(state, group, member) } } };
};

const lookup = (asked: Asked, group: Group): Answer => {
  const address = asked.query.get('memberKey.id') ?? '';
  const member = group.members.find((one) => isSame(one.address, address) && isSeen(asked.state, one));
  return member ? { status: 200, body: { name: nameOf(group, member) } } : gone('Membership');
};

const isInside = (state: State, group: Group, address: string): boolean =>
  group.members.some((one) => {
    if (!isIn(one)) return false;
    const inner = state.groups.find((other) => isSame(other.address, one.address));
    return isSame(one.address, address) || (inner !== undefined && isInside(state, inner, address));
  });

const transitive = ({ state, query }: Asked, group: Group): Answer => {
  if (!state.isEnterprise) return failed(403, 'PERMISSION_DENIED', 'Error(3013): The edition has no such search.');
  const address = /^member_key_id == '([^']+)'$/.exec(query.get('query') ?? '')?.[1];
  if (address === undefined) return bad('Error(2015): Invalid query.');
  // A false is left out, as in all JSON of Google.
  return { status: 200, body: isInside(state, group, address) ? { hasMembership: true } : {} };
};

const list = ({ state, query }: Asked, group: Group): Answer => {
  const from = Number(query.get('pageToken') ?? 0);
  const members = group.members.filter((one) => isSeen(state, one));
  const page = members.slice(from, from + state.pageSize).map((one) => json(state, group, one));
  const next = from + state.pageSize < members.length ? { nextPageToken: String(from + state.pageSize) } : {};
  return { status: 200, body: { ...(page.length > 0 && { memberships: page }), ...next } };
};

const modify = ({ state, body }: Asked, group: Group, member: Member): Answer => {
  const [change] = (body['updateRolesParams'] ?? []) as { fieldMask: string; membershipRole: Role }[];
  if (change?.fieldMask !== 'expiryDetail.expire_time') return bad('Error(2015): Invalid field mask.');
  const deadline = deadlineOf(state, change.membershipRole);
  if ('refusal' in deadline) return deadline.refusal;
  member.expiresAt = deadline.at;
  return { status: 200, body: { membership: json(state, group, member) } };
};

const ofMembership = (method: string, name: string, { asked, group }: { asked: Asked; group: Group }): Answer => {
  const [id, verb] = name.split(':');
  const member = group.members.find((one) => one.id === id);
  if (!member || !(isIn(member) || isSeen(asked.state, member))) return gone('Membership');
  if (method === 'POST' && verb === 'modifyMembershipRoles')
    return isIn(member) ? modify(asked, group, member) : gone('Membership');
  if (method === 'GET' && verb === undefined) return { status: 200, body: json(asked.state, group, member) };
  if (method !== 'DELETE' || verb !== undefined) return bad('Unknown method.');
  if (group.isDynamic) return failed(400, 'FAILED_PRECONDITION', 'Error(4003): Members of dynamic groups are fixed.');
  if (!isIn(member)) return gone('Membership');
  member.leftAt = Date.now();
  return { status: 200, body: { done: true, response: {} } };
};

const ofGroup = (method: string, [kind, name]: (string | undefined)[], at: { asked: Asked; group: Group }): Answer => {
  const { asked, group } = at;
  if (kind === undefined) return method === 'GET' ? { status: 200, body: groupJson(group) } : bad('Unknown method.');
  if (name !== undefined) return kind === 'memberships' ? ofMembership(method, name, at) : bad('Unknown method.');
  if (method === 'POST' && kind === 'memberships') return create(asked, group);
  if (method !== 'GET') return bad('Unknown method.');
  if (kind === 'memberships:lookup') return lookup(asked, group);
  if (kind === 'memberships:checkTransitiveMembership') return transitive(asked, group);
  return kind === 'memberships' ? list(asked, group) : bad('Unknown method.');
};

export const route = (method: string, path: readonly string[], asked: Asked): Answer => {
  const [version, kind, id, ...rest] = path;
  if (version !== 'v1') return bad('Unknown version.');
  if (method === 'GET' && kind === 'groups:lookup') return lookupGroup(asked);
  if (kind !== 'groups' || id === undefined) return bad('Unknown method.');
  const group = asked.state.groups.find((one) => one.id === id);
  return group && mayManage(asked, group) ? ofGroup(method, rest, { asked, group }) : hidden(`groups/${id}`);
};
