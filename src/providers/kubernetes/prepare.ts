/** The YAML that an administrator of the cluster applies: Latchkey's own service account, and exactly what it needs for these roles. */
import { stringify } from 'yaml';
import type { Json } from '../../domain/json.ts';
import type { Preparation } from '../provider.ts';
import type { Config, Scope } from './config.ts';
import { RBAC, type Rule } from './objects.ts';
import { needsOf } from './own-rights.ts';

const ACCOUNT = 'latchkey';

type Objects = Record<string, Json>[];

/** None of the labels that mark what a grant made. */
const labels = { 'app.kubernetes.io/part-of': 'latchkey' };

const plain = (rules: readonly Rule[]): Json => JSON.parse(JSON.stringify(rules)) as Json;

const rights = (
  name: string,
  own: string,
  { namespace, rules }: { namespace: string | null; rules: readonly Rule[] },
): Objects => {
  const kind = namespace === null ? 'ClusterRole' : 'Role';
  const metadata = { name, ...(namespace !== null && { namespace }), labels };
  const apiVersion = `${RBAC}/v1`;
  return [
    { apiVersion, kind, metadata, rules: plain(rules) },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: RBAC, kind, name },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: own }],
    },
  ];
};

const objectsFor = (scopes: Record<string, Scope>, own: string): Objects => {
  const { cluster, named } = needsOf(scopes, own);
  const name = `latchkey:${own}`;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own, labels } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: ACCOUNT, namespace: own, labels } },
    ...rights(name, own, { namespace: null, rules: cluster }),
    ...[...named].flatMap(([namespace, rules]) => rights(name, own, { namespace, rules })),
  ];
};

const DEFAULT_NAMESPACE = 'latchkey';

export const prepare = async (config: Config | null, scopes: Record<string, Scope>): Promise<Preparation> => {
  const own = config?.namespace ?? DEFAULT_NAMESPACE;
  const heading = `# What Latchkey needs in this cluster. Apply it as an administrator: kubectl apply -f -\n# It is complete for the roles of the target, may be applied again, and holds no secret.\n`;
  const documents = objectsFor(scopes, own).map((one) => stringify(one, { lineWidth: 0 }));
  return await Promise.resolve({
    text: `${heading}${documents.join('---\n')}`,
    version: null,
    notes: [
      `The namespaces and the roles that are granted must be there first.`,
      `A token for Latchkey outside of the cluster: kubectl -n ${own} create token ${ACCOUNT} --duration=2160h. In a pod with this service account write token_file: /var/run/secrets/kubernetes.io/serviceaccount/token.`,
      `deploy/kubernetes/guard.yaml makes the cluster end access at its deadline by itself.`,
    ],
  });
};
