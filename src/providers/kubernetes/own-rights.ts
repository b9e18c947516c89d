/** What Latchkey's own service account needs, and nothing more: the preparation grants these rules, and doctor compares with them. */
import { z } from 'zod';
import { asObject, type Api } from './api.ts';
import { restartedPods, type Scope } from './config.ts';
import { RBAC, roleRefOf, type Rule } from './objects.ts';

export type Needs = { cluster: Rule[]; named: Map<string, Rule[]> };

type Short = { group: string; resources: string[]; verbs: string[]; names?: string[] };

const rule = ({ group, resources, verbs, names }: Short): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
  ...(names && { resourceNames: names }),
});

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted();

const WRITE = ['create', 'get', 'update', 'delete'];

const namesOf = (scopes: readonly Scope[], kind: string): string[] =>
  unique(scopes.map(roleRefOf).flatMap((ref) => (ref.kind === kind ? [ref.name] : [])));

const bindable = (scopes: readonly Scope[], verb: string): Rule[] =>
  [
    { kind: 'ClusterRole', resource: 'clusterroles' },
    { kind: 'Role', resource: 'roles' },
  ].flatMap(({ kind, resource }) => {
    const names = namesOf(scopes, kind);
    return names.length === 0 ? [] : [rule({ group: RBAC, resources: [resource], verbs: [verb], names })];
  });

/** In one namespace: bindings, the roles that may be bound, and pods where they are restarted. */
const inNamespace = (scopes: readonly Scope[]): Rule[] => [
  rule({ group: RBAC, resources: ['rolebindings'], verbs: WRITE }),
  ...bindable(scopes, 'bind'),
  ...bindable(
    scopes.filter(({ role }) => role !== undefined),
    'get',
  ),
  ...(scopes.some((scope) => restartedPods(scope) !== null)
    ? [rule({ group: '', resources: ['pods'], verbs: ['list', 'delete'] })]
    : []),
];

const inOwn = (): Rule[] => [
  rule({ group: '', resources: ['serviceaccounts'], verbs: ['create', 'get', 'list', 'update', 'delete'] }),
  rule({ group: '', resources: ['serviceaccounts/token'], verbs: ['create'] }),
  rule({ group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get'], names: ['latchkey-guard'] }),
];

export const needsOf = (scopes: Record<string, Scope>, own: string): Needs => {
  const all = Object.values(scopes);
  const spaces = unique(all.flatMap(({ namespaces = [] }) => namespaces));
  const wide = all.filter(({ cluster }) => cluster);
  const clusterRoles = namesOf(all, 'ClusterRole');
  const cluster = [
    rule({ group: RBAC, resources: ['rolebindings', 'clusterrolebindings'], verbs: ['list'] }),
    rule({ group: 'authorization.k8s.io', resources: ['subjectaccessreviews'], verbs: ['create'] }),
    rule({ group: '', resources: ['namespaces'], verbs: ['get'], names: unique([own, ...spaces]) }),
    ...(clusterRoles.length > 0
      ? [rule({ group: RBAC, resources: ['clusterroles'], verbs: ['get'], names: clusterRoles })]
      : []),
    ...(wide.length > 0
      ? [rule({ group: RBAC, resources: ['clusterrolebindings'], verbs: WRITE }), ...bindable(wide, 'bind')]
      : []),
  ];
  const named = new Map<string, Rule[]>([[own, inOwn()]]);
  for (const space of spaces)
    named.set(space, [
      ...(named.get(space) ?? []),
      ...inNamespace(all.filter(({ namespaces }) => namespaces?.includes(space))),
    ]);
  return { cluster, named };
};

type One = { verb: string; group: string; resource: string; name: string | null };

const eachOf = ({ verbs, apiGroups, resources, resourceNames }: Rule): One[] =>
  verbs.flatMap((verb) =>
    (apiGroups ?? []).flatMap((group) =>
      (resources ?? []).flatMap((resource) =>
        (resourceNames?.length ? resourceNames : [null]).map((name) => ({ verb, group, resource, name })),
      ),
    ),
  );

const has = (list: readonly string[] | null | undefined, value: string): boolean =>
  (list ?? []).some((one) => one === '*' || one === value);

const covers = (rules: readonly Rule[], { verb, group, resource, name }: One): boolean =>
  rules.some(
    (one) =>
      has(one.verbs, verb) &&
      has(one.apiGroups, group) &&
      has(one.resources, resource) &&
      (!one.resourceNames?.length || (name !== null && one.resourceNames.includes(name))),
  );

/** What everybody who is logged in may do. */
const BASIC: readonly Rule[] = [
  rule({
    group: 'authorization.k8s.io',
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  }),
  rule({ group: 'authentication.k8s.io', resources: ['selfsubjectreviews'], verbs: ['create'] }),
];

const say = ({ verb, resource, name }: One): string => `${verb} ${resource}${name === null ? '' : ` ${name}`}`;

const review = z.looseObject({
  status: z.looseObject({
    incomplete: z.boolean().nullish(),
    resourceRules: z.array(
      z.looseObject({
        verbs: z.array(z.string()),
        apiGroups: z.array(z.string()).nullish(),
        resources: z.array(z.string()).nullish(),
        resourceNames: z.array(z.string()).nullish(),
      }),
    ),
  }),
});

export type Compared = { namespace: string; missing: string[]; surplus: string[]; isIncomplete: boolean };

/** Asks the API server what Latchkey itself may do in a namespace, cluster-wide rights included. */
export const compareRights = async (
  api: Api,
  { namespace, needs }: { namespace: string; needs: Needs },
  signal: AbortSignal,
): Promise<Compared> => {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
  const answer = await api.call({ method: 'POST', path, body, what: 'review its own rights' }, signal);
  const { incomplete, resourceRules } = asObject(review, answer.body, 'a review').status;
  const needed = [...needs.cluster, ...(needs.named.get(namespace) ?? [])];
  const isIncomplete = incomplete === true;
  return {
    namespace,
    isIncomplete,
    missing: isIncomplete
      ? []
      : needed
          .flatMap(eachOf)
          .filter((one) => !covers(resourceRules, one))
          .map(say),
    surplus: resourceRules
      .flatMap(eachOf)
      .filter((one) => !covers(needed, one) && !covers(BASIC, one))
      .map(say),
  };
};
