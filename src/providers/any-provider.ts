/** Any provider, for a registry that holds many. */
import type { Json } from '../domain/json.ts';
import type { IdentityRule } from '../domain/policy/types.ts';
import type { Allowed, Connection, IdentityUse, ListedTarget, Preparation, ProviderContext } from './provider.ts';

/** A provider with its types closed over, so that a registry can hold many: everything crosses as JSON and is parsed at the door. */
export type AnyProvider = {
  id: string;
  title: string;
  /** Whether grants of this scope may hold one and the same thing. */
  isShared(scope: Json): boolean;
  /** Sentences about what is wrong with a target's `config`, or none. */
  configProblems(config: Json): { path: string; message: string }[];
  /** About a `config` that has no problems; none for one that has. */
  environmentProblems(config: Json, allowed: Allowed): { path: string; message: string }[];
  /** As that. */
  configWarnings(config: Json): { path: string; message: string }[];
  scopeProblems(scope: Json): { path: string; message: string }[];
  /** About `identity` of a target with these scopes that have no problems of their own. */
  identityProblems(
    identity: IdentityRule | undefined,
    scopes: Record<string, Json>,
  ): { path: string; message: string }[];
  /** Whether access through this scope is in the person's own name. */
  isInOwnName(scope: Json): boolean;
  quote?: IdentityUse<never>['quote'];
  prepare?: (config: Json, scopes: Record<string, Json>, ctx: Pick<ProviderContext, 'signal'>) => Promise<Preparation>;
  /** About `only` of a list in `targets_from`; null where the provider has no list of targets. */
  listProblems(only: Json): { path: string; message: string }[] | null;
  list?: (config: Json, only: Json, ctx: Pick<ProviderContext, 'signal'>) => Promise<ListedTarget[]>;
  connect(config: Json): Connection<Json, Json>;
};
