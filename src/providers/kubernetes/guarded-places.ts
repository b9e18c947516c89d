/** Places of a cluster in which no role may work that reaches what holds up the end: where Latchkey is, and where the cluster itself is. */
import { placesOf, roleRefOf, type Rule } from './objects.ts';
import type { Scope } from './config.ts';
import { CHANGE, WORKLOADS, allowsAny, enteredBy } from './role-risks.ts';

const SYSTEM = 'kube-system';
const DROP = ['delete', 'deletecollection'];
const CHANGE_OR_DROP = [...CHANGE, ...DROP];

type What = { group: string; resource: string; verbs: readonly string[] };

const workloads = WORKLOADS.map(([group, resource]): What => ({ group, resource, verbs: CHANGE_OR_DROP }));
const scales = ['deployments/scale', 'statefulsets/scale', 'replicasets/scale'].map((resource): What => ({
  group: 'apps',
  resource,
  verbs: ['update', 'patch'],
}));

/** With each of these somebody takes Latchkey or its guard away, runs something by their rights, or keeps them from the API server. */
const AROUND_LATCHKEY: readonly What[] = [
  ...workloads,
  ...scales,
  { group: '', resource: 'pods', verbs: DROP },
  { group: '', resource: 'pods/eviction', verbs: ['create'] },
  { group: '', resource: 'serviceaccounts', verbs: CHANGE_OR_DROP },
  { group: '', resource: 'configmaps', verbs: CHANGE_OR_DROP },
  { group: '', resource: 'resourcequotas', verbs: CHANGE },
  { group: '', resource: 'limitranges', verbs: CHANGE },
  { group: '', resource: 'namespaces', verbs: ['update', 'patch', 'delete'] },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: CHANGE },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: CHANGE_OR_DROP },
];

/** Accounts there rule the cluster, and on some clusters a config map says who else does. */
const OF_THE_CLUSTER: readonly What[] = [...workloads, { group: '', resource: 'configmaps', verbs: CHANGE }];

/** What is named is somewhere else, unless it is called like ours. */
const isNearLatchkey = ({ resourceNames }: Rule): boolean =>
  !resourceNames?.length || resourceNames.some((name) => /^(?:latchkey|lk-|default$)/.test(name));

const some = (resources: readonly string[]): string => [...new Set(resources)].slice(0, 5).join(', ');

const nearLatchkey = (own: string, scope: Scope, rules: readonly Rule[]): string | null => {
  if (placesOf(scope).some(({ namespace }) => namespace === own))
    return `The namespace ${own} holds the accounts of grants, so no role is granted in it. Take it out of namespaces.`;
  if (!scope.cluster) return null;
  const { name } = roleRefOf(scope);
  const says = (what: string): string =>
    `With the ClusterRole "${name}" in the whole cluster somebody could ${what}. Name the namespaces instead of cluster: true.`;
  if (enteredBy(rules).length > 0) return says('enter the pods of Latchkey and its guard');
  const changed = allowsAny(rules.filter(isNearLatchkey), AROUND_LATCHKEY);
  return changed.length > 0 ? says(`change ${some(changed)} of Latchkey and its guard in the namespace ${own}`) : null;
};

const inTheSystem = (scope: Scope, rules: readonly Rule[]): string | null => {
  if (!scope.cluster && !placesOf(scope).some(({ namespace }) => namespace === SYSTEM)) return null;
  const { kind, name } = roleRefOf(scope);
  const reached = [...enteredBy(rules), ...allowsAny(rules, OF_THE_CLUSTER)];
  return reached.length === 0
    ? null
    : `With the ${kind} "${name}" in ${SYSTEM} somebody could become an administrator of the cluster and stay one, by ${some(reached)}. Grant it in other namespaces.`;
};

/** A sentence for each place that is reached; empty where the role may be granted. */
export const guardedPlaces = (own: string, scope: Scope, rules: readonly Rule[]): { code: string; message: string }[] =>
  [
    { code: 'own_namespace', message: nearLatchkey(own, scope, rules) },
    { code: 'system_namespace', message: inTheSystem(scope, rules) },
  ].flatMap(({ code, message }) => (message === null ? [] : [{ code, message }]));
