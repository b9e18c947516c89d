/** Who may do what, from the bindings that are there at this moment, and the check against giving away more than one has. */
import type { About } from './paths.ts';
import { every, find, MASTERS } from './state.ts';
import type { Rule, State, Stored, Subject, User } from './state.ts';
import { forbidden, notFound } from './status.ts';

const RBAC = 'rbac.authorization.k8s.io';

export type Attributes = Pick<About, 'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>;

const has = (list: string[] | undefined, value: string): boolean =>
  (list ?? []).some((one) => one === '*' || one === value);

const hasResource = (rule: Rule, resource: string, subresource: string): boolean => {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return (rule.resources ?? []).some(
    (one) => one === '*' || one === whole || (subresource !== '' && one === `*/${subresource}`),
  );
};

const allows = (rule: Rule, { verb, group, resource, subresource, name }: Attributes): boolean =>
  has(rule.verbs, verb) &&
  has(rule.apiGroups, group) &&
  hasResource(rule, resource, subresource) &&
  (!rule.resourceNames?.length || rule.resourceNames.includes(name));

const isSubject = ({ kind, name, namespace }: Subject, user: User): boolean => {
  if (kind === 'User') return user.name === name;
  if (kind === 'Group') return user.groups.includes(name);
  return kind === 'ServiceAccount' && user.name === `system:serviceaccount:${namespace ?? ''}:${name}`;
};

export const rulesOfRole = (state: State, binding: Pick<Stored, 'roleRef' | 'metadata'>): Rule[] => {
  const { kind = '', name = '' } = binding.roleRef ?? {};
  const namespace = kind === 'Role' ? (binding.metadata.namespace ?? '') : '';
  const at = `${RBAC}/${kind === 'Role' ? 'roles' : 'clusterroles'}`;
  return find(state, { at, namespace, name })?.rules ?? [];
};

/** Also one that is being deleted: only that it is gone, or empty, takes the access away. */
export const rulesFor = (state: State, user: User, namespace: string): { rules: Rule[]; by: string }[] => {
  const wide = every(state, `${RBAC}/clusterrolebindings`, null);
  const named = namespace === '' ? [] : every(state, `${RBAC}/rolebindings`, namespace);
  return [...wide, ...named]
    .filter(({ subjects = [] }) => subjects.some((subject) => isSubject(subject, user)))
    .map((binding) => ({
      rules: rulesOfRole(state, binding),
      by: `${binding.kind} "${binding.metadata.name}${namespace && binding.metadata.namespace ? `/${namespace}` : ''}"`,
    }));
};

/** What everybody who is logged in may do. */
export const BASIC: Rule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
];

/** The reason, or null where it is not allowed. */
export const authorize = (state: State, user: User, about: Attributes): string | null => {
  if (user.groups.includes(MASTERS)) return 'masters';
  if (user.groups.includes('system:authenticated') && BASIC.some((rule) => allows(rule, about))) return 'basic';
  const found = rulesFor(state, user, about.namespace).find(({ rules }) => rules.some((rule) => allows(rule, about)));
  return found ? `RBAC: allowed by ${found.by}` : null;
};

export const demand = (state: State, user: User, about: Attributes): void => {
  if (authorize(state, user, about) !== null) return;
  const { verb, group, resource, subresource, namespace, name } = about;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const which = name === '' ? '' : ` "${name}"`;
  throw forbidden(
    `${what}${group === '' ? '' : `.${group}`}${which} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`,
  );
};

const eachOf = (rule: Rule, namespace: string): Attributes[] =>
  rule.verbs.flatMap((verb) =>
    (rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((whole) => {
        const [resource = '', subresource = ''] = whole.split('/');
        const names = rule.resourceNames?.length ? rule.resourceNames : [''];
        return names.map((name) => ({ verb, group, resource, subresource, namespace, name }));
      }),
    ),
  );

/** Who binds a role must hold all of it, or be let by `bind` on that role. */
export const demandBind = (state: State, user: User, binding: Stored): void => {
  const { kind = '', name = '' } = binding.roleRef ?? {};
  const namespace = binding.metadata.namespace ?? '';
  const resource = kind === 'Role' ? 'roles' : 'clusterroles';
  if (authorize(state, user, { verb: 'bind', group: RBAC, resource, subresource: '', namespace, name }) !== null)
    return;
  const at = `${RBAC}/${resource}`;
  if (!find(state, { at, namespace: kind === 'Role' ? namespace : '', name }))
    throw notFound(`${resource}.${RBAC}`, name);
  const lacks = rulesOfRole(state, binding)
    .flatMap((rule) => eachOf(rule, namespace))
    .some((one) => authorize(state, user, one) === null);
  if (lacks)
    throw forbidden(
      `${binding.kind.toLowerCase()}s.${RBAC} "${binding.metadata.name}" is forbidden: user "${user.name}" is attempting to grant RBAC permissions not currently held`,
    );
};

/** Who writes a role must hold all of it, or be let by `escalate`. */
export const demandEscalate = (state: State, user: User, role: Stored): void => {
  const namespace = role.metadata.namespace ?? '';
  const resource = role.kind === 'Role' ? 'roles' : 'clusterroles';
  const about = { verb: 'escalate', group: RBAC, resource, subresource: '', namespace, name: role.metadata.name };
  if (authorize(state, user, about) !== null) return;
  if ((role.rules ?? []).flatMap((rule) => eachOf(rule, namespace)).some((one) => authorize(state, user, one) === null))
    throw forbidden(`user "${user.name}" is attempting to grant RBAC permissions not currently held`);
};
