/** Project policies and roles, with Google's own statuses. cloud.google.com/resource-manager/reference/rest/v3/projects */
import { conditionProblem, holds } from './conditions.ts';
import { newestOf, policyAt, write } from './state.ts';
import type { Binding, Policy, State } from './state.ts';

export type Answer = { status: number; body: object };

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

export const failed = (code: number, message: string, reason?: string): Answer => ({
  status: code,
  body: {
    error: {
      ...{ code, message, status: STATUSES[code] ?? 'UNKNOWN' },
      ...(reason !== undefined && { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }] }),
    },
  },
});

const GET = 'resourcemanager.projects.getIamPolicy';
const SET = 'resourcemanager.projects.setIamPolicy';
const denied = (permission: string, project: string): Answer =>
  failed(
    403,
    `Permission '${permission}' denied on resource '//cloudresourcemanager.googleapis.com/projects/${project}' (or it may not exist).`,
  );

export const nowAtGoogle = ({ clockAheadMs }: State): number => Date.now() + clockAheadMs;

type May = { project: string; member: string; permission: string; modified?: readonly string[] };

/** `policy`: the one that has effect now. */
export const may = (state: State, { project, member, permission, modified }: May): boolean =>
  policyAt(state, project, state.propagationMs).bindings.some(
    (one) =>
      one.members.includes(member) &&
      (state.roles.get(one.role) ?? []).includes(permission) &&
      holds(one, nowAtGoogle(state), modified),
  );

const PRINCIPALS_MAX = 1_500;
const SAME_MAX = 20;
const BASIC = new Set(['roles/owner', 'roles/editor', 'roles/viewer']);

const keyOf = ({ role, condition }: Binding): string =>
  JSON.stringify([role, condition?.title, condition?.description, condition?.expression]);

/** Google keeps one binding of each role and condition, sorted. */
export const merged = (bindings: readonly Binding[]): Binding[] => {
  const byKey = new Map<string, Binding>();
  for (const one of bindings) {
    const members = [...new Set([...(byKey.get(keyOf(one))?.members ?? []), ...one.members])].sort();
    if (members.length > 0) byKey.set(keyOf(one), { ...one, members });
  }
  return [...byKey.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
};

const bindingProblem = (state: State, { role, members, condition }: Binding): string | null => {
  if (!state.roles.has(role)) return `Role ${role} is not supported for this resource.`;
  const unknown = members.find((one) => !state.members.has(one) && !one.startsWith('deleted:'));
  if (unknown !== undefined) return `${unknown} does not exist.`;
  if (!condition) return null;
  if (BASIC.has(role)) return 'Conditions are not allowed on legacy basic roles.';
  return conditionProblem(condition);
};

const limitProblem = (bindings: readonly Binding[]): string | null => {
  const principals = bindings.reduce((sum, { members }) => sum + members.length, 0);
  if (principals > PRINCIPALS_MAX)
    return `The number of members in the policy (${principals}) is larger than the maximum allowed size ${PRINCIPALS_MAX}.`;
  const counts = new Map<string, number>();
  for (const { role, members } of bindings)
    for (const member of members) counts.set(`${role} ${member}`, (counts.get(`${role} ${member}`) ?? 0) + 1);
  return [...counts.values()].some((count) => count > SAME_MAX)
    ? 'The policy has too many bindings with the same role and member.'
    : null;
};

const modifiedIn = (before: readonly Binding[], after: readonly Binding[]): string[] => {
  const textOf = (one: Binding): string => JSON.stringify([keyOf(one), one.members]);
  const [old, now] = [new Set(before.map(textOf)), new Set(after.map(textOf))];
  const changed = [...before.filter((one) => !now.has(textOf(one))), ...after.filter((one) => !old.has(textOf(one)))];
  return [...new Set(changed.map(({ role }) => role))];
};

type Asked = { state: State; project: string; member: string; body: Record<string, unknown> };

const getPolicy = ({ state, project, member, body }: Asked): Answer => {
  if (!may(state, { project, member, permission: GET })) return denied(GET, project);
  const { requestedPolicyVersion: version = 1 } = (body['options'] ?? {}) as { requestedPolicyVersion?: number };
  if (![0, 1, 3].includes(version)) return failed(400, 'Invalid policy version.');
  const policy = policyAt(state, project, state.staleMs);
  if (version === 3) return { status: 200, body: policy };
  const bindings = policy.bindings.map(({ condition, ...one }) =>
    condition ? { ...one, role: `${one.role}_withcond_1` } : one,
  );
  return { status: 200, body: { ...policy, version: 1, bindings } };
};

const setPolicy = ({ state, project, member, body }: Asked): Answer => {
  const { etag, version, bindings = [] } = (body['policy'] ?? {}) as Partial<Policy>;
  const current = newestOf(state, project);
  const wanted = merged(bindings);
  const modified = modifiedIn(current.bindings, wanted);
  if (!may(state, { project, member, permission: SET, modified })) return denied(SET, project);
  state.writes += 1;
  if (state.writes > state.writesMax) return failed(429, 'Quota exceeded for quota metric.', 'RATE_LIMIT_EXCEEDED');
  // Google itself would overwrite whatever is there.
  if (etag === undefined) return failed(400, 'The stand-in takes no policy without an etag.');
  if (etag !== current.etag)
    return failed(
      409,
      'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
    );
  if (version !== 3) return failed(400, 'A policy with conditions must specify version 3.');
  const wrong = wanted.map((one) => bindingProblem(state, one)).find((one) => one !== null) ?? limitProblem(wanted);
  return wrong === null ? { status: 200, body: write(state, project, wanted) } : failed(400, wrong);
};

const testPermissions = ({ state, project, member, body }: Asked): Answer => {
  const asked = (body['permissions'] ?? []) as string[];
  return {
    status: 200,
    body: { permissions: asked.filter((permission) => may(state, { project, member, permission })) },
  };
};

const VERBS: Readonly<Record<string, (asked: Asked) => Answer>> = {
  getIamPolicy: getPolicy,
  setIamPolicy: setPolicy,
  testIamPermissions: testPermissions,
};

export const askProject = (verb: string, asked: Asked): Answer => {
  const answer = VERBS[verb];
  if (!answer) return failed(404, 'Method not found.');
  return asked.state.policies.has(asked.project) ? answer(asked) : denied(GET, asked.project);
};

export const askRole = ({ roles }: State, name: string): Answer => {
  const permissions = roles.get(name);
  return permissions
    ? { status: 200, body: { name, includedPermissions: permissions } }
    : failed(404, `The role named ${name} was not found.`);
};
