/** What the stand-in knows. */
import { randomUUID } from 'node:crypto';

export type Meta = {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
};
export type Subject = { kind: string; apiGroup?: string; name: string; namespace?: string };
export type Rule = {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
};
export type Stored = {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  subjects?: Subject[];
  roleRef?: { apiGroup: string; kind: string; name: string };
  rules?: Rule[];
  [more: string]: unknown;
};

export type User = { name: string; groups: string[] };
export type Token = { account: { namespace: string; name: string; uid: string }; expiresAtMs: number };

/** `at`: the collection, as `rbac.authorization.k8s.io/rolebindings`. */
export type Key = { at: string; namespace: string; name: string };

export type State = {
  objects: Map<string, Stored>;
  /** Of people and administrators, by bearer token. */
  users: Map<string, User>;
  tokens: Map<string, Token>;
  /** When each token was last found to be good. */
  accepted: Map<string, number>;
  acceptedForMs: number;
  version: number;
  /** Open streams, by what they hang on: the uid of a pod, or null. */
  streams: Set<{ pod: string | null; end: () => void }>;
  /** Each request, as `verb path`, for tests. */
  log: string[];
};

export const MASTERS = 'system:masters';

export const newState = (): State => ({
  objects: new Map(),
  users: new Map(),
  tokens: new Map(),
  accepted: new Map(),
  acceptedForMs: 10_000,
  version: 1,
  streams: new Set(),
  log: [],
});

const keyText = ({ at, namespace, name }: Key): string => [at, namespace, name].join('|');

export const find = (state: State, key: Key): Stored | undefined => state.objects.get(keyText(key));
export const put = (state: State, key: Key, object: Stored): Stored => {
  state.version += 1;
  object.metadata.resourceVersion = String(state.version);
  state.objects.set(keyText(key), object);
  return object;
};
export const drop = (state: State, key: Key): boolean => state.objects.delete(keyText(key));
export const every = (state: State, at: string, namespace: string | null): Stored[] =>
  [...state.objects].flatMap(([key, object]) =>
    key.startsWith(`${at}|`) && (namespace === null || object.metadata.namespace === namespace) ? [object] : [],
  );

export const freshMeta = (name: string, namespace: string): Meta => ({
  name,
  ...(namespace !== '' && { namespace }),
  uid: randomUUID(),
  resourceVersion: '0',
  // The API shows whole seconds.
  creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
});
