/** Closes a provider's types over it: scope and handle are parsed on every call, so stored JSON of an older version fails with a sentence. */
import type { z } from 'zod';
import type { Json } from '../domain/json.ts';
import { isVerb, METHODS, wrapMethods } from './methods.ts';
import type { Parsers } from './methods.ts';
import { ProviderError } from './provider.ts';
import type { AnyProvider, Connection, Provider } from './provider.ts';

export const defineProvider = <Config, Scope, Handle extends Json>(
  provider: Provider<Config, Scope, Handle>,
): AnyProvider => ({
  id: provider.id,
  title: provider.title,
  isShared: provider.isShared ?? false,
  configProblems: (config) => problemsOf(provider.config.safeParse(config)),
  configWarnings: (config) => {
    const { data } = provider.config.safeParse(config);
    return data === undefined ? [] : (provider.configWarnings?.(data) ?? []);
  },
  scopeProblems: (scope) => problemsOf(provider.scope.safeParse(scope)),
  ...(provider.prepare && { prepare: closedPrepare(provider, provider.prepare) }),
  connect: (config) =>
    closed(provider, provider.connect(parse(provider.config, config, `The config of a ${provider.id} target`))),
});

/** A `config` that does not fit counts as none: what is prepared is often what it needs to fit. */
const closedPrepare =
  <Config, Scope, Handle>(
    { id, config: configSchema, scope: scopeSchema }: Provider<Config, Scope, Handle>,
    prepare: NonNullable<Provider<Config, Scope, Handle>['prepare']>,
  ): NonNullable<AnyProvider['prepare']> =>
  async (config, scopes, ctx) => {
    const fitting = configSchema.safeParse(config);
    const asked = Object.entries(scopes).map(([role, scope]) => [
      role,
      parse(scopeSchema, scope, `The scope of a ${id} role`),
    ]);
    return await prepare(
      fitting.success ? fitting.data : null,
      Object.fromEntries(asked) as Record<string, Scope>,
      ctx,
    );
  };

const problemsOf = (result: z.ZodSafeParseResult<unknown>): { path: string; message: string }[] =>
  result.success
    ? []
    : result.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));

/** Zod's issues never repeat the input, so the sentence cannot carry a secret. */
const parse = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = problemsOf(result).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  throw new ProviderError('misconfigured', `${what} does not fit: ${problems.join('; ')}.`);
};

const closed = <Config, Scope, Handle extends Json>(
  provider: Provider<Config, Scope, Handle>,
  open: Connection<Scope, Handle>,
): Connection<Json, Json> => {
  const asScope = (value: Json): Scope => parse(provider.scope, value, `The scope of a ${provider.id} role`);
  const asHandle = (value: Json): Handle =>
    parse(provider.handle, value, `The stored handle of a ${provider.id} grant`);
  const asHandleOrNone = (value: Json | undefined): Handle | undefined =>
    value === undefined || value === null ? undefined : asHandle(value);
  const parsers: Parsers = {
    scope: asScope,
    handle: asHandle,
    handleOrNone: asHandleOrNone,
    scopes: (scopes) =>
      Object.fromEntries(Object.entries(scopes).map(([role, scope]): [string, Scope] => [role, asScope(scope)])),
    items: (items) =>
      items.map((item) => ({ ...item, scope: asScope(item.scope), handle: asHandleOrNone(item.handle) })),
    ours: (ours) => ({ ...ours, handle: asHandle(ours.handle) }),
    asIs: (value) => value,
  };
  return wrapMethods<Connection<Json, Json>>(open, (name, method) => {
    const call = (args: unknown[]): unknown =>
      method(...METHODS[name].takes.map((kind, index) => parsers[kind](args[index] as never)));
    // What does not fit is a rejection where an answer is waited for.
    return isVerb(name) ? async (...args) => await call(args) : (...args) => call(args);
  });
};
