/** What a request is about, as the API server reads it from method and path. */
import { StatusError } from './status.ts';

export type About = {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  query: URLSearchParams;
};

const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** In a namespace, or of the whole cluster. */
export const KINDS: Record<string, { kind: string; isNamespaced: boolean }> = {
  '/namespaces': { kind: 'Namespace', isNamespaced: false },
  '/serviceaccounts': { kind: 'ServiceAccount', isNamespaced: true },
  '/pods': { kind: 'Pod', isNamespaced: true },
  '/configmaps': { kind: 'ConfigMap', isNamespaced: true },
  '/secrets': { kind: 'Secret', isNamespaced: true },
  'coordination.k8s.io/leases': { kind: 'Lease', isNamespaced: true },
  'rbac.authorization.k8s.io/roles': { kind: 'Role', isNamespaced: true },
  'rbac.authorization.k8s.io/rolebindings': { kind: 'RoleBinding', isNamespaced: true },
  'rbac.authorization.k8s.io/clusterroles': { kind: 'ClusterRole', isNamespaced: false },
  'rbac.authorization.k8s.io/clusterrolebindings': { kind: 'ClusterRoleBinding', isNamespaced: false },
  'authorization.k8s.io/subjectaccessreviews': { kind: 'SubjectAccessReview', isNamespaced: false },
  'authorization.k8s.io/selfsubjectrulesreviews': { kind: 'SelfSubjectRulesReview', isNamespaced: false },
};

export const collectionOf = ({ group, resource }: Pick<About, 'group' | 'resource'>): string => `${group}/${resource}`;

/** Null for what is no resource, as `/version`. */
export const aboutOf = (method: string, url: URL): About | null => {
  const parts = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root !== 'api' && root !== 'apis') return null;
  const [group, after] = root === 'api' ? ['', rest.slice(1)] : [rest[0] ?? '', rest.slice(2)];
  const isIn = after[0] === 'namespaces' && after.length > 2;
  const namespace = isIn ? (after[1] ?? '') : '';
  const [resource = '', name = '', subresource = ''] = isIn ? after.slice(2) : after;
  const isRead = method === 'GET';
  const read = name === '' ? (url.searchParams.get('watch') === 'true' ? 'watch' : 'list') : 'get';
  const verb = isRead ? read : VERBS[method];
  if (verb === undefined) throw new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method');
  return { verb, group, resource, subresource, namespace, name, query: url.searchParams };
};
