/** Closes a provider's types over it: scope and handle are parsed on every call, so stored JSON of an older version fails with a sentence. */
import type { z } from 'zod';
import type { Json } from '../domain/json.ts';
import type { IdentityRule } from '../domain/policy/types.ts';
import { templateProblem } from './identity.ts';
import { isVerb, METHODS, wrapMethods } from './methods.ts';
import type { Parsers } from './methods.ts';
import { ProviderError } from './provider.ts';
import type { AnyProvider } from './any-provider.ts';
import type {
  CloseOutcome,
  Connected,
  Connection,
  IdentityUse,
  Provider,
  ProviderContext,
  RevokeOutcome,
  StrokesOfMany,
  TargetsOf,
} from './provider.ts';

export const defineProvider = <Config, Scope, Handle extends Json>(
  provider: Provider<Config, Scope, Handle>,
): AnyProvider => ({
  id: provider.id,
  title: provider.title,
  isShared: () => provider.isShared ?? false,
  configProblems: (config) => problemsOf(provider.config.safeParse(config)),
  environmentProblems: (config, allowed) => {
    const { data } = provider.config.safeParse(config);
    return data === undefined ? [] : (provider.environmentProblems?.(data, allowed) ?? []);
  },
  configWarnings: (config) => {
    const { data } = provider.config.safeParse(config);
    return data === undefined ? [] : (provider.configWarnings?.(data) ?? []);
  },
  scopeProblems: (scope) => problemsOf(provider.scope.safeParse(scope)),
  identityProblems: (identity, scopes) => identityProblems(provider, identity, scopes),
  isInOwnName: (scope) => isInOwnName(provider, scope),
  ...(provider.identity?.quote && { quote: provider.identity.quote }),
  ...(provider.prepare && { prepare: closedPrepare(provider, provider.prepare) }),
  listProblems: (only) => provider.targets?.problems(only) ?? null,
  ...(provider.targets && { list: closedList(provider, provider.targets) }),
  connect: (config) =>
    closed(provider, provider.connect(parse(provider.config, config, `The config of a ${provider.id} target`))),
});

const closedList =
  <Config, Scope, Handle>(
    { id, config: schema }: Provider<Config, Scope, Handle>,
    { list }: TargetsOf<Config>,
  ): NonNullable<AnyProvider['list']> =>
  async (config, only, ctx) =>
    await list(parse(schema, config, `The config of a list from ${id}`), only, ctx);

const isInOwnName = <Config, Scope, Handle>(provider: Provider<Config, Scope, Handle>, scope: Json): boolean => {
  const { data } = provider.scope.safeParse(scope);
  return data !== undefined && (provider.identity?.isNeeded(data) ?? false);
};

type Problem = { path: string; message: string };

const identityProblems = <Config, Scope, Handle>(
  provider: Provider<Config, Scope, Handle>,
  rule: IdentityRule | undefined,
  scopes: Record<string, Json>,
): Problem[] => {
  const use = provider.identity;
  if (!use) return rule ? [{ path: '', message: `means nothing for ${provider.title}: leave it out` }] : [];
  if (rule) return ruleProblems(use, rule);
  const role = Object.keys(scopes).find((name) => isInOwnName(provider, scopes[name] ?? null));
  if (role === undefined) return [];
  const message = `is missing: ${role} is access in a person's own name there. Write it as { user: "{email}" } or { map: { dana@acme.test: dana } }`;
  return [{ path: '', message: use.lookup ? `${message}, or { lookup: … }` : message }];
};

const ruleProblems = <Scope>(use: IdentityUse<Scope>, rule: IdentityRule): Problem[] => {
  if ('user' in rule) {
    const message = templateProblem(rule.user);
    return message === null ? [] : [{ path: 'user', message }];
  }
  if ('map' in rule)
    return Object.entries(rule.map).flatMap(([who, name]) => {
      const message = use.nameProblem?.(name) ?? null;
      return message === null ? [] : [{ path: `map.${who}`, message }];
    });
  if (!use.lookup) return [{ path: 'lookup', message: 'is not possible there: write user or map' }];
  return problemsOf(use.lookup.safeParse(rule.lookup)).map(({ message }) => ({ path: 'lookup', message }));
};

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

type StrokeOfMany<Scope, Handle, Outcome> = (
  items: { scope: Scope; handle: Handle | undefined; grantId: string }[],
  ctx: ProviderContext,
) => Promise<Outcome[]>;

/** One is the only one of many. */
const onlyOne =
  <Scope, Handle, Outcome>(endMany: StrokeOfMany<Scope, Handle, Outcome>) =>
  async (scope: Scope, handle: Handle | undefined, ctx: ProviderContext): Promise<Outcome> => {
    const [outcome] = await endMany([{ scope, handle, grantId: ctx.grantId }], ctx);
    if (outcome === undefined) throw new ProviderError('unavailable', 'The target gave no answer.');
    return outcome;
  };

const asClosed = (outcome: RevokeOutcome): CloseOutcome => (outcome === 'removed' ? 'closed' : 'absent');

const ofMany = <Scope, Handle>(many: StrokesOfMany<Scope, Handle>) => ({
  ...many,
  close: onlyOne(many.closeMany),
  revoke: onlyOne(many.revokeMany),
});

const withSingles = <Scope, Handle>(connected: Connected<Scope, Handle>): Connection<Scope, Handle> => {
  const { close, closeMany, revoke, revokeMany, ...others } = connected;
  if (revokeMany) {
    const oneStep: StrokesOfMany<Scope, Handle>['closeMany'] = async (items, ctx) =>
      (await revokeMany(items, ctx)).map(asClosed);
    return { ...others, ...ofMany({ closeMany: closeMany ?? oneStep, revokeMany }) };
  }
  return { ...others, close: close ?? (async (...args) => asClosed(await revoke(...args))), revoke };
};

const closed = <Config, Scope, Handle extends Json>(
  provider: Provider<Config, Scope, Handle>,
  connected: Connected<Scope, Handle>,
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
  return wrapMethods<Connection<Json, Json>>(withSingles(connected), (name, method) => {
    const call = (args: unknown[]): unknown =>
      method(...METHODS[name].takes.map((kind, index) => parsers[kind](args[index] as never)));
    // What does not fit is a rejection where an answer is waited for.
    return isVerb(name) ? async (...args) => await call(args) : (...args) => call(args);
  });
};
