/** Finds what was made for grants, and writes it: each write names the version that was read, each delete the very object. */
import { ProviderError } from '../provider.ts';
import { asObject, type Api } from './api.ts';
import type { Scope } from './config.ts';
import { assertOurs, grantOf, isOurs, labelsOf, nameOf, OURS, LABELS } from './marks.ts';
import {
  accountsIn,
  bindingSchema,
  bindingsAt,
  objectSchema,
  placeOf,
  placesOf,
  RBAC,
  RBAC_PATH,
  type Binding,
  type KubeObject,
  type Place,
  type Subject,
} from './objects.ts';

/** More than these are found by one list of everything. */
const NAMED_MAX = 20;

export type Made = { bindings: Binding[]; account: KubeObject | null };

export const bindingPath = (place: Place, name: string): string => `${bindingsAt(place)}/${name}`;
export const pathOfBinding = (binding: Binding): string => bindingPath(placeOf(binding), binding.metadata.name);
export const accountPath = (api: Api, name: string): string => `${accountsIn(api.settings.namespace)}/${name}`;

type Lists = { bindings: Binding[]; accounts: KubeObject[] };

export const listMade = async (api: Api, labelSelector: string | null, signal: AbortSignal): Promise<Lists> => {
  const query: Record<string, string> = labelSelector === null ? {} : { labelSelector };
  const [named, wide, accounts] = await Promise.all([
    api.list({ path: `${RBAC_PATH}/rolebindings`, query }, bindingSchema, signal),
    api.list({ path: `${RBAC_PATH}/clusterrolebindings`, query }, bindingSchema, signal),
    api.list({ path: accountsIn(api.settings.namespace), query }, objectSchema, signal),
  ]);
  return { bindings: [...named, ...wide], accounts };
};

export type Wanted = { grantId: string; scope: Scope };

/** Also what lost its labels: that is found by its name, and the one who wants to touch it must look at whose it is. */
const byName = async (api: Api, { grantId, scope }: Wanted, signal: AbortSignal): Promise<Made> => {
  const name = nameOf(grantId);
  const [account, ...bindings] = await Promise.all([
    api.get(accountPath(api, name), objectSchema, signal),
    ...placesOf(scope).map(async (place) => await api.get(bindingPath(place, name), bindingSchema, signal)),
  ]);
  return { bindings: bindings.filter((one) => one !== null), account };
};

const isSame = (a: KubeObject, b: KubeObject): boolean => a.metadata.uid === b.metadata.uid;

/** In the order given. */
export const findMade = async (api: Api, wanted: readonly Wanted[], signal: AbortSignal): Promise<Made[]> => {
  const ids = [...new Set(wanted.map(({ grantId }) => grantId))];
  const which = ids.length <= NAMED_MAX ? `,${LABELS.grant} in (${ids.join(',')})` : '';
  const { bindings, accounts } = await listMade(api, `${OURS}${which}`, signal);
  const { namespace: from } = api.settings;
  return await Promise.all(
    wanted.map(async (one): Promise<Made> => {
      const mine = bindings.filter((binding) => isOurs(binding, from) && grantOf(binding) === one.grantId);
      const account = accounts.find((found) => isOurs(found, from) && grantOf(found) === one.grantId) ?? null;
      const hasAccount = account !== null || one.scope.subject === 'person';
      if (mine.length === placesOf(one.scope).length && hasAccount) return { bindings: mine, account };
      const named = await byName(api, one, signal);
      const more = named.bindings.filter((binding) => !mine.some((known) => isSame(known, binding)));
      return { bindings: [...mine, ...more], account: account ?? named.account };
    }),
  );
};

export const subjectsOf = (binding: Binding): Subject[] => binding.subjects ?? [];

export const bodyOf = (at: { grantId: string; place: Place }, from: string) => ({
  apiVersion: `${RBAC}/v1`,
  kind: at.place.namespace === null ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: {
    name: nameOf(at.grantId),
    ...(at.place.namespace !== null && { namespace: at.place.namespace }),
    labels: labelsOf(at.grantId, from),
  },
});

type Change = { subjects: readonly Subject[]; notes: Record<string, string>; finalizers?: string[] };

/** Null where it is gone. A change that came in between is a conflict, and is tried again. */
export const putBinding = async (
  api: Api,
  { binding, change }: { binding: Binding; change: Change },
  signal: AbortSignal,
): Promise<Binding | null> => {
  const { namespace: from } = api.settings;
  assertOurs(binding, from);
  const { metadata, roleRef } = binding;
  const body = {
    apiVersion: `${RBAC}/v1`,
    kind: metadata.namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...labelsOf(grantOf(binding) ?? '', from) },
      annotations: { ...metadata.annotations, ...change.notes },
      ...(change.finalizers && { finalizers: change.finalizers }),
    },
    roleRef,
    subjects: change.subjects,
  };
  const call = { method: 'PUT' as const, path: pathOfBinding(binding), body, what: 'change a binding', allowed: [404] };
  const answer = await api.call(call, signal);
  return answer.status === 404 ? null : asObject(bindingSchema, answer.body, 'a binding');
};

/** The very object that was read; one that was made anew under its name is a conflict. */
export const removeObject = async (
  api: Api,
  { path, object }: { path: string; object: KubeObject },
  signal: AbortSignal,
): Promise<void> => {
  assertOurs(object, api.settings.namespace);
  const { uid } = object.metadata;
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid }, propagationPolicy: 'Background' };
  await api.call({ method: 'DELETE', path, body, what: 'delete what a grant made', allowed: [404] }, signal);
  const left = await api.get(path, objectSchema, signal);
  if (left === null || left.metadata.uid !== uid) return;
  const kept = left.metadata.finalizers ?? [];
  throw new ProviderError(
    'unavailable',
    kept.length > 0
      ? `${path} stays because of its finalizers ${kept.join(', ')}, and gives no access any more. Whatever put them there must take them off.`
      : `${path} is still there after it was deleted.`,
  );
};
