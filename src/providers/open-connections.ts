/** One guarded connection for each target, opened when first needed, replaced when its configuration changes, and what is known of each. */
import { setMaxListeners } from 'node:events';
import type { Finding } from '../domain/finding.ts';
import type { Policy, Target } from '../domain/policy/types.ts';
import type { Grant } from '../domain/grants/grant.ts';
import type { Json } from '../domain/json.ts';
import type { Principal } from '../domain/principals/principal.ts';
import type { AccessFailure } from '../application/grants/access-ports.ts';
import { guard } from './guard.ts';
import type { Call } from './guard.ts';
import { identityIn } from './identity.ts';
import { ProviderError } from './provider.ts';
import type { AnyProvider } from './any-provider.ts';
import type { Connection, Grantee, ProviderContext, ProviderLog } from './provider.ts';
import { secretsIn } from './scrub.ts';

export type AccessDeps = {
  findProvider: (id: string) => AnyProvider | undefined;
  policy: () => Policy;
  log: ProviderLog;
  onCall?: (call: Call) => void;
  /** What may remain after access through each role of a target is another now. Called until it resolves. */
  onRemains?: (target: string, remains: Record<string, string[]>) => Promise<void>;
};

/** Of one target: by role, and as it was last given to `onRemains`. */
type KnownRemains = { ofRole: Record<string, string[]>; given: string };

type Open = { configText: string; connection: Connection<Json, Json> };
/** A look at one role, and when it was begun. */
type Look = { at: number; found: Promise<string | null> };
export type State = {
  deps: AccessDeps;
  open: Map<string, Open>;
  problems: Map<string, string>;
  looks: Map<string, Look>;
  looking: Map<string, Promise<Finding[]>>;
  remains: Map<string, KnownRemains>;
  /** Left the policy while access in them may be live: they are reached to end it, and never to give any. */
  departed: Map<string, Target>;
  stopping: AbortController;
};

export const failureOf = (error: unknown): AccessFailure =>
  error instanceof ProviderError
    ? {
        kind: error.kind,
        message: error.message,
        isRetried: error.isRetried,
        isUntouched: error.isUntouched,
      }
    : {
        kind: 'unavailable',
        message: 'The target failed in a way that Latchkey does not know; the log has more.',
        isRetried: true,
      };

const targetOf = ({ deps, departed }: Pick<State, 'deps' | 'departed'>, name: string): Target | undefined =>
  deps.policy().targets[name] ?? departed.get(name);

const leftPolicy = (name: string): ProviderError =>
  new ProviderError(
    'misconfigured',
    `The target ${name} is no longer in the policy, so Latchkey cannot reach it. Put it back until its grants have ended.`,
  );

/** To give or to widen access. */
export const connectionToGive = (state: State, name: string): Connection<Json, Json> => {
  if (!state.deps.policy().targets[name]) throw leftPolicy(name);
  return connectionTo(state, name);
};

/** To look, and to end what there is: also in what left the policy. */
export const connectionTo = (state: State, name: string): Connection<Json, Json> => {
  const target = targetOf(state, name);
  if (!target) throw leftPolicy(name);
  const configText = JSON.stringify(target.config);
  const known = state.open.get(name);
  if (known?.configText === configText) return known.connection;
  if (known) closeLater(state, known);
  const connection = connect(state, target);
  state.open.set(name, { configText, connection });
  return connection;
};

const connect = ({ deps }: State, target: Target): Connection<Json, Json> => {
  const provider = deps.findProvider(target.provider);
  if (!provider) throw new ProviderError('unsupported', `There is no provider named ${target.provider}.`);
  const { onCall } = deps;
  return guard(provider.connect(target.config), {
    provider: provider.id,
    target: target.name,
    secrets: secretsIn(target.config),
    ...(onCall && { onCall }),
  });
};

const closeLater = ({ deps }: State, { connection }: Open): void => {
  connection
    .disconnect()
    .catch((error: unknown) => deps.log.warn({ error: String(error) }, 'an old connection did not close'));
};

export const granteeOf = (principal: Principal): Grantee => {
  const { id, name } = principal;
  return principal.kind === 'person' ? { person: { id, name, email: principal.email } } : { client: { id, name } };
};

/** By the policy of now; what was approved is compared with it before anything is given. */
export const identityOf = (
  state: Pick<State, 'deps' | 'departed'>,
  { target: name, scope }: Pick<Grant, 'target' | 'scope'>,
  grantee: Principal,
): Pick<ProviderContext, 'identity'> => {
  const target = targetOf(state, name);
  const provider = target && state.deps.findProvider(target.provider);
  if (!provider?.isInOwnName(scope)) return {};
  return { identity: identityIn({ target: name, rule: target?.identity, grantee, quote: provider.quote }) };
};

export const contextOf = (state: State, grant: Grant, grantee: Principal): ProviderContext => ({
  grantId: grant.id,
  ...granteeOf(grantee),
  ...identityOf(state, grant, grantee),
  hadAlready: grant.hadAlready,
  ...(grant.handle !== null && { found: grant.handle }),
  expiresAt: grant.expiresAt,
  signal: state.stopping.signal,
  log: state.deps.log,
});

/** A call that went through proves the target well; one that did not says why it is not. */
export const noting = async <T>({ problems }: State, target: string, work: () => Promise<T>): Promise<T> => {
  try {
    const result = await work();
    problems.delete(target);
    return result;
  } catch (error) {
    problems.set(target, failureOf(error).message);
    throw error;
  }
};

/** Beyond it the oldest are let go of. */
const DEPARTED_MAX = 50_000;

export const keepDeparted = ({ departed }: State, targets: readonly Target[]): void => {
  for (const target of targets) {
    departed.delete(target.name);
    departed.set(target.name, target);
  }
  for (const name of departed.keys()) {
    if (departed.size <= DEPARTED_MAX) return;
    departed.delete(name);
  }
};

export const createState = (deps: AccessDeps): State => {
  const stopping = new AbortController();
  // Every call to a target listens to it, and there may be hundreds at once.
  setMaxListeners(0, stopping.signal);
  return {
    deps,
    open: new Map(),
    problems: new Map(),
    looks: new Map(),
    looking: new Map(),
    remains: new Map(),
    departed: new Map(),
    stopping,
  };
};

export const scopesOf = (state: State, target: string): Record<string, Json> =>
  Object.fromEntries(
    Object.values(state.deps.policy().targets[target]?.roles ?? {}).map((role) => [role.name, role.scope]),
  );
