/** What a role lets its holder keep when it has ended, or read of others: refused, or said to approvers. */
import type { Role, Rule } from './objects.ts';

/** `isNameFine`: a role that names the objects may. Never for `create`, which names do not narrow. */
type What = { group: string; resource: string; verbs: readonly string[]; why: string; isNameFine?: boolean };

export const CHANGE: readonly string[] = ['create', 'update', 'patch'];
const READ = ['get', 'list', 'watch'];
/** What a method of HTTP that goes through a proxy is called: kubernetes.io, "Authorization Overview", "Request verbs". */
const SENT = ['get', ...CHANGE, 'delete'];
const RBAC = 'rbac.authorization.k8s.io';

/** With each of these somebody gets in again after the end, by rights that are not of the grant. */
const REFUSED: readonly What[] = [
  ...['roles', 'clusterroles'].flatMap((resource): What[] => [
    { group: RBAC, resource, verbs: ['escalate', 'bind'], why: 'gives rights that its holder does not have' },
    { group: RBAC, resource, verbs: CHANGE, why: 'changes what roles allow' },
  ]),
  ...['rolebindings', 'clusterrolebindings'].map((resource): What => ({
    group: RBAC,
    resource,
    verbs: [...CHANGE, 'delete', 'deletecollection'],
    why: 'gives roles to others, and these stay',
  })),
  {
    group: '',
    resource: 'secrets',
    verbs: READ,
    why: 'reads secrets, and with them tokens that go on working',
    isNameFine: true,
  },
  {
    group: '',
    resource: 'secrets',
    verbs: ['update', 'patch'],
    why: 'makes tokens of service accounts, and these stay',
    isNameFine: true,
  },
  // A name does not narrow it: a server-side apply of an object that is not there is authorized as `create` with its name, so a secret
  // of the role that was deleted comes back as the token of any account. kubernetes/apiserver: endpoints/handlers/patch.go
  { group: '', resource: 'secrets', verbs: ['create'], why: 'makes tokens of service accounts, and these stay' },
  {
    group: '',
    resource: 'serviceaccounts/token',
    verbs: ['create'],
    why: 'makes tokens of service accounts, and these stay',
  },
  { group: '', resource: 'pods', verbs: CHANGE, why: 'starts pods with the rights of any service account there' },
  { group: '', resource: 'nodes/proxy', verbs: SENT, why: 'reaches every container by its node' },
  ...['pods/proxy', 'services/proxy'].map((resource): What => ({
    group: '',
    resource,
    verbs: SENT,
    why: 'reaches every port of pods',
  })),
  ...['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].map((resource): What => ({
    group: 'admissionregistration.k8s.io',
    resource,
    verbs: CHANGE,
    why: 'sees and changes requests of others',
  })),
  // Each can refuse or hold up what Latchkey does at the end.
  ...[
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  ].map((resource): What => ({
    group: 'admissionregistration.k8s.io',
    resource,
    verbs: CHANGE,
    why: 'changes and refuses requests of others, such as the end of an access',
  })),
  ...['flowschemas', 'prioritylevelconfigurations'].map((resource): What => ({
    group: 'flowcontrol.apiserver.k8s.io',
    resource,
    verbs: [...CHANGE, 'delete', 'deletecollection'],
    why: 'holds up requests of others, such as the end of an access',
  })),
  // Their conversion webhook gets every object of the kind, and goes on getting them.
  {
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: CHANGE,
    why: 'sees and changes objects of others by a webhook that stays',
  },
  {
    group: 'apiregistration.k8s.io',
    resource: 'apiservices',
    verbs: CHANGE,
    why: 'answers requests of others in place of the API server',
  },
  {
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests/approval',
    verbs: ['update', 'patch'],
    why: 'makes certificates that cannot be taken back',
  },
  ...['certificatesigningrequests', 'podcertificaterequests'].map((resource): What => ({
    group: 'certificates.k8s.io',
    resource,
    verbs: ['create'],
    why: 'requests certificates that cannot be taken back',
  })),
  // kubernetes.io, "Role Based Access Control Good Practices": with a hostPath it is the disk of a node, for any pod.
  { group: '', resource: 'persistentvolumes', verbs: CHANGE, why: "gives pods the files of the cluster's machines" },
];

export const WORKLOADS: readonly [group: string, resource: string][] = [
  ['apps', 'deployments'],
  ['apps', 'daemonsets'],
  ['apps', 'statefulsets'],
  ['apps', 'replicasets'],
  ['batch', 'jobs'],
  ['batch', 'cronjobs'],
  ['', 'replicationcontrollers'],
  ['', 'podtemplates'],
];

const isIn = (patterns: readonly string[] | null | undefined, value: string): boolean =>
  (patterns ?? []).some(
    (pattern) => pattern === '*' || pattern === value || (pattern.startsWith('*/') && value.endsWith(pattern.slice(1))),
  );

const allows = (
  rule: Rule,
  { group, resource, verbs }: Pick<What, 'group' | 'resource' | 'verbs'>,
): string | undefined =>
  isIn(rule.apiGroups, group) && isIn(rule.resources, resource)
    ? verbs.find((verb) => isIn(rule.verbs, verb))
    : undefined;

export const allowsAny = (
  rules: readonly Rule[],
  what: readonly Pick<What, 'group' | 'resource' | 'verbs'>[],
): string[] => what.filter((one) => some(rules, one)).map(({ resource }) => resource);

const isNamed = ({ resourceNames }: Rule): boolean => (resourceNames ?? []).length > 0;

/**
 * Kubernetes names who may be acted as by these, and how by the verb: `impersonate`, and since 1.35 `impersonate:user-info`,
 * `impersonate-on:user-info:list` and their like, which more may follow. kubernetes.io/docs/reference/access-authn-authz/user-impersonation
 */
const IDENTITIES: Readonly<Record<string, readonly string[]>> = {
  '': ['users', 'groups', 'serviceaccounts'],
  'authentication.k8s.io': ['users', 'groups', 'serviceaccounts', 'nodes', 'uids', 'userextras'],
};

const impersonates = ({ apiGroups, resources, verbs }: Rule): string[] => {
  const named = (verbs ?? []).find((verb) => verb.startsWith('impersonate'));
  if (named !== undefined) return [`${named} ${(resources ?? []).join(', ')}: acts as anybody`];
  if (!isIn(verbs, 'impersonate')) return [];
  const identities = Object.entries(IDENTITIES).flatMap(([group, names]) => (isIn(apiGroups, group) ? names : []));
  // The extra fields of a user are subresources: userextras/scopes.
  const reached = (resources ?? []).find((one) =>
    identities.some((identity) => isIn([one], identity) || one.startsWith(`${identity}/`)),
  );
  return reached === undefined ? [] : [`impersonate ${reached}: acts as anybody`];
};

/** Clauses: "get secrets: reads secrets, …". Empty where the role may be granted. */
export const refusedIn = (rules: readonly Rule[]): string[] => [
  ...new Set([
    ...REFUSED.flatMap((what) =>
      rules.flatMap((rule) => {
        const verb = what.isNameFine && isNamed(rule) ? undefined : allows(rule, what);
        return verb === undefined ? [] : [`${verb} ${what.resource}: ${what.why}`];
      }),
    ),
    ...rules.flatMap(impersonates),
  ]),
];

const ENTERED: readonly string[] = ['pods/exec', 'pods/attach', 'pods/portforward'];

const some = (rules: readonly Rule[], what: Pick<What, 'group' | 'resource' | 'verbs'>): boolean =>
  rules.some((rule) => allows(rule, what) !== undefined);

/** `get` is enough for these over WebSocket. */
export const enteredBy = (rules: readonly Rule[]): string[] => [
  ...ENTERED.filter((resource) => some(rules, { group: '', resource, verbs: ['create', 'get'] })),
  ...(some(rules, { group: '', resource: 'pods/ephemeralcontainers', verbs: ['update', 'patch'] })
    ? ['pods/ephemeralcontainers']
    : []),
];

export const followsLogs = (rules: readonly Rule[]): boolean =>
  some(rules, { group: '', resource: 'pods/log', verbs: ['get'] });
export const watches = (rules: readonly Rule[]): boolean => rules.some(({ verbs }) => isIn(verbs, 'watch'));

/** What stays, in short sentences for approvers. */
export const remainsIn = (rules: readonly Rule[]): string[] => {
  const workloads = WORKLOADS.filter(([group, resource]) => some(rules, { group, resource, verbs: CHANGE }));
  const named = rules.some((rule) => isNamed(rule) && allows(rule, { group: '', resource: 'secrets', verbs: READ }));
  return [
    ...(workloads.length > 0
      ? [
          `${workloads.map(([, resource]) => resource).join(', ')} that were made or changed stay, and their pods run on with the service account that they name.`,
        ]
      : []),
    ...(some(rules, { group: '', resource: 'serviceaccounts', verbs: CHANGE })
      ? ['Service accounts that were made stay.']
      : []),
    ...(enteredBy(rules).length > 0
      ? ['Who enters a pod can read the token of its service account, which goes on working until it expires.']
      : []),
    ...(named ? ['The secrets that the role names stay known.'] : []),
  ];
};

export const isAggregated = ({ aggregationRule }: Role): boolean =>
  aggregationRule !== undefined && aggregationRule !== null;
