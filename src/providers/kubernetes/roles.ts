/** The rules of the roles that are granted, as the cluster has them at this moment. */
import { createHash } from 'node:crypto';
import { ProviderError } from '../provider.ts';
import type { Api } from './api.ts';
import type { Scope } from './config.ts';
import { placesOf, rolePath, roleRefOf, roleSchema, sayPlace, type Place, type Role, type Rule } from './objects.ts';

export type RoleAt = { place: Place; role: Role | null };

/** A ClusterRole is the same everywhere; a Role is one of each namespace. */
export const rolesFor = async (api: Api, scope: Scope, signal: AbortSignal): Promise<RoleAt[]> => {
  const ref = roleRefOf(scope);
  const places = placesOf(scope);
  const read = async (place: Place) => await api.get(rolePath(ref, place), roleSchema, signal);
  if (ref.kind === 'Role') return await Promise.all(places.map(async (place) => ({ place, role: await read(place) })));
  const [first] = places;
  const role = first === undefined ? null : await read(first);
  return places.map((place) => ({ place, role }));
};

export const missingRole = (scope: Scope, place: Place): string => {
  const { kind, name } = roleRefOf(scope);
  return kind === 'Role'
    ? `The Role "${name}" does not exist in ${sayPlace(place)}. Make it there, or correct role in the scope.`
    : `The ClusterRole "${name}" does not exist. Make it, or correct cluster_role in the scope.`;
};

export const rulesIn = (roles: readonly RoleAt[]): Rule[] => [
  ...new Map(
    roles.flatMap(({ role }) => (role?.rules ?? []).map((rule) => [JSON.stringify(rule), rule] as const)),
  ).values(),
];

/** Of the same rules always the same; put on a binding, so that a role that grows is seen. */
export const hashOf = (rules: readonly Rule[]): string =>
  createHash('sha256')
    .update(JSON.stringify(rules.map((rule) => JSON.stringify(rule)).toSorted()))
    .digest('hex')
    .slice(0, 32);

/** @throws ProviderError where one is missing, or allows nothing. */
export const demandRoles = async (api: Api, scope: Scope, signal: AbortSignal): Promise<RoleAt[]> => {
  const roles = await rolesFor(api, scope, signal);
  const missing = roles.find(({ role }) => role === null);
  if (missing) throw new ProviderError('misconfigured', missingRole(scope, missing.place));
  if (rulesIn(roles).length === 0)
    throw new ProviderError('misconfigured', `The role "${roleRefOf(scope).name}" allows nothing. Add rules to it.`);
  return roles;
};
