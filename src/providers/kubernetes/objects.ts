/** The few kinds of objects that Latchkey reads and writes, and where they are in the API. */
import { z } from 'zod';
import type { Scope } from './config.ts';

const texts = z.record(z.string(), z.string());
const meta = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: texts.nullish(),
  annotations: texts.nullish(),
  finalizers: z.array(z.string()).nullish(),
});
const subject = z.looseObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() });
export type Subject = { kind: string; apiGroup?: string; name: string; namespace?: string | undefined };

export const objectSchema = z.looseObject({ metadata: meta });
export type KubeObject = z.infer<typeof objectSchema>;

export const bindingSchema = z.looseObject({
  metadata: meta,
  roleRef: z.object({ apiGroup: z.string(), kind: z.string(), name: z.string() }),
  subjects: z.array(subject).nullish(),
});
export type Binding = z.infer<typeof bindingSchema>;

const list = z.array(z.string()).nullish();
const ruleSchema = z.object({
  verbs: z.array(z.string()),
  apiGroups: list,
  resources: list,
  resourceNames: list,
  nonResourceURLs: list,
});
export type Rule = z.infer<typeof ruleSchema>;
export const roleSchema = z.looseObject({
  metadata: meta,
  rules: z.array(ruleSchema).nullish(),
  aggregationRule: z.unknown().optional(),
});
export type Role = z.infer<typeof roleSchema>;

export const RBAC = 'rbac.authorization.k8s.io';
export const RBAC_PATH = `/apis/${RBAC}/v1`;

/** Null for the whole cluster. */
export type Place = { namespace: string | null };

export const placesOf = ({ namespaces }: Scope): Place[] =>
  namespaces === undefined ? [{ namespace: null }] : [...new Set(namespaces)].map((namespace) => ({ namespace }));

export const bindingsAt = ({ namespace }: Place): string =>
  namespace === null ? `${RBAC_PATH}/clusterrolebindings` : `${RBAC_PATH}/namespaces/${namespace}/rolebindings`;

export const accountsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts`;

export const placeOf = ({ metadata }: KubeObject): Place => ({ namespace: metadata.namespace ?? null });

/** As a person reads it. */
export const sayPlace = ({ namespace }: Place): string =>
  namespace === null ? 'the whole cluster' : `namespace ${namespace}`;

export const roleRefOf = ({ cluster_role: clusterRole, role }: Scope): Binding['roleRef'] => ({
  apiGroup: RBAC,
  kind: role === undefined ? 'ClusterRole' : 'Role',
  name: role ?? clusterRole ?? '',
});

export const rolePath = ({ kind, name }: { kind: string; name: string }, { namespace }: Place): string =>
  kind === 'Role'
    ? `${RBAC_PATH}/namespaces/${namespace ?? ''}/roles/${encodeURIComponent(name)}`
    : `${RBAC_PATH}/clusterroles/${encodeURIComponent(name)}`;
