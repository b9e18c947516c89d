/** The use cases' way into targets: one guarded connection for each, opened when first needed, replaced when its configuration changes. */
import { setMaxListeners } from 'node:events';
import { errorFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Policy, Target } from '../domain/policy/types.ts';
import type { Grant } from '../domain/grants/grant.ts';
import type { Json } from '../domain/json.ts';
import type { Person } from '../domain/principals/person.ts';
import { startLoop } from '../lib/loop.ts';
import type { Difference, Found } from '../application/drift/drift-types.ts';
import type { Access } from '../application/deps.ts';
import type { AccessFailure, ManualSteps } from '../application/grants/access-ports.ts';
import type { OnInUse } from '../application/grants/usage-ports.ts';
import { checkTargets } from './check-targets.ts';
import type { CheckedTarget } from './check-targets.ts';
import { guard } from './guard.ts';
import type { Call } from './guard.ts';
import { ProviderError } from './provider.ts';
import type { AnyProvider, Connection, ProviderContext, ProviderLog } from './provider.ts';
import { secretsIn } from './scrub.ts';

export type AccessDeps = {
  findProvider: (id: string) => AnyProvider | undefined;
  policy: () => Policy;
  log: ProviderLog;
  onCall?: (call: Call) => void;
};

export type OpenAccess = Access & {
  /** Looks at every target now and on a timer, for `problems()`. */
  startChecks(everyMs: number): void;
  /** `onChecked`: of each target as it is known. Never rejects. */
  checkNow(onChecked?: (checked: CheckedTarget) => void): Promise<void>;
  close(): Promise<void>;
};

type Open = { configText: string; connection: Connection<Json, Json> };
type Look = { at: number; found: Promise<string | null> };
type State = {
  deps: AccessDeps;
  open: Map<string, Open>;
  problems: Map<string, string>;
  looks: Map<string, Look>;
  looking: Map<string, Promise<Finding[]>>;
  stopping: AbortController;
};

const failureOf = (error: unknown): AccessFailure =>
  error instanceof ProviderError
    ? { kind: error.kind, message: error.message, isRetried: error.isRetried, isUntouched: error.isUntouched }
    : {
        kind: 'unavailable',
        message: 'The target failed in a way that Latchkey does not know; the log has more.',
        isRetried: true,
      };

const connectionTo = (state: State, name: string): Connection<Json, Json> => {
  const target = state.deps.policy().targets[name];
  if (!target)
    throw new ProviderError(
      'misconfigured',
      `The target ${name} is no longer in the policy, so Latchkey cannot reach it. Put it back until its grants have ended.`,
    );
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
    .close()
    .catch((error: unknown) => deps.log.warn({ error: String(error) }, 'an old connection did not close'));
};

const contextOf = ({ deps, stopping }: State, grant: Grant, person: Person): ProviderContext => ({
  grantId: grant.id,
  person: { id: person.id, name: person.name, email: person.email },
  expiresAt: grant.expiresAt,
  signal: stopping.signal,
  log: deps.log,
});

/** A call that went through proves the target well; one that did not says why it is not. */
const noting = async <T>({ problems }: State, target: string, work: () => Promise<T>): Promise<T> => {
  try {
    const result = await work();
    problems.delete(target);
    return result;
  } catch (error) {
    problems.set(target, failureOf(error).message);
    throw error;
  }
};

type Item = { grant: Grant; person: Person };

const revokeOne = (state: State, { grant, person }: Item, onInUse: OnInUse = nobodyAsks) =>
  noting(state, grant.target, async () =>
    connectionTo(state, grant.target).revoke(grant.scope, grant.handle ?? undefined, {
      ...contextOf(state, grant, person),
      onInUse,
    }),
  );

const nobodyAsks: OnInUse = () => undefined;

const revokeEach = (state: State, items: Item[], onInUse: OnInUse): ReturnType<Access['revokeMany']> =>
  Promise.all(items.map((item) => revokeOne(state, item, onInUse).catch(failureOf)));

const revokeMany = async (
  state: State,
  items: Item[],
  onInUse: OnInUse = nobodyAsks,
): ReturnType<Access['revokeMany']> => {
  const [first] = items;
  if (!first || items.length === 1) return revokeEach(state, items, onInUse);
  try {
    const connection = connectionTo(state, first.grant.target);
    if (!connection.revokeMany) return await revokeEach(state, items, onInUse);
    const wanted = items.map(({ grant }) => ({
      scope: grant.scope,
      handle: grant.handle ?? undefined,
      grantId: grant.id,
    }));
    return await connection.revokeMany(wanted, { signal: state.stopping.signal, log: state.deps.log, onInUse });
  } catch (error) {
    const failure = failureOf(error);
    state.deps.log.warn({ target: first.grant.target, error: failure.message }, 'ending many at once failed');
    // A target that is down would be waited for once per grant; one bad grant among many is why each is then tried by itself.
    return failure.isRetried ? items.map(() => failure) : revokeEach(state, items, onInUse);
  }
};

/** Says nothing of how well the target is: so often, it would hide what the look at targets found, and a slow answer is no problem. */
const activity = async (state: State, target: string): ReturnType<Access['activity']> =>
  (await connectionTo(state, target).activity?.({ signal: state.stopping.signal, log: state.deps.log })) ?? [];

const scopesOf = (state: State, target: string): Record<string, Json> =>
  Object.fromEntries(
    Object.values(state.deps.policy().targets[target]?.roles ?? {}).map((role) => [role.name, role.scope]),
  );

const listOurs = (state: State, target: string): ReturnType<Access['listOurs']> =>
  noting(state, target, async () => {
    const connection = connectionTo(state, target);
    if (!connection.listOurs) return null;
    const context = { signal: state.stopping.signal, log: state.deps.log };
    const [ours, lookalikes] = await Promise.all([
      connection.listOurs(context),
      connection.listLookalikes?.(scopesOf(state, target), context) ?? [],
    ]);
    return { ours, lookalikes };
  });

/** A stored scope or handle of another version is no difference in the target. */
const differences = (state: State, grant: Grant, found: Found): Difference[] =>
  connectionTo(state, grant.target).differences?.(grant.scope, found, grant.expiresAt) ?? [];

const restore = (state: State, { grant, person }: Item): Promise<void> =>
  noting(state, grant.target, async () => {
    const connection = connectionTo(state, grant.target);
    if (!connection.restore) throw new ProviderError('unsupported', 'Its provider cannot put an access back.');
    await connection.restore(grant.scope, contextOf(state, grant, person));
  });

/** A target that left the policy, or a handle of another version, must not keep the message from being posted. */
const byHand = (state: State, grant: Grant, person: Person): ManualSteps | null => {
  try {
    const { manual } = connectionTo(state, grant.target);
    return manual?.(grant.scope, grant.handle ?? undefined, contextOf(state, grant, person)) ?? null;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    state.deps.log.warn({ grant: grant.id, error: error.message }, 'cannot say how to end it by hand');
    return null;
  }
};
const grantOne = async (state: State, { grant, person }: Item): ReturnType<Access['grant']> => {
  const context = contextOf(state, grant, person);
  const { handle, secret, instructions, isUseTold } = await noting(state, grant.target, async () => {
    const connection = connectionTo(state, grant.target);
    return { ...(await connection.grant(grant.scope, context)), isUseTold: connection.activity !== undefined };
  });
  if (!secret) return { handle, credentials: null, isUseTold };
  return {
    handle,
    isUseTold,
    credentials: { fields: secret.fields, text: instructions?.text ?? '', commands: instructions?.commands ?? [] },
  };
};

/** A target that knows no deadline has none to move; one that keeps its own and cannot move it would end access early. */
const extend = (state: State, { grant, person }: Item): Promise<void> =>
  noting(state, grant.target, async () => {
    const connection = connectionTo(state, grant.target);
    const { handle } = grant;
    if (connection.extend && handle !== null)
      return connection.extend(grant.scope, handle, contextOf(state, grant, person));
    if (state.deps.findProvider(grant.provider)?.endsBy === 'revoke') return;
    throw new ProviderError('unsupported', 'This kind of target cannot move the end of access that was given.');
  });

/** Errors only. Who asks for the same while it is looked at shares the look. */
const lookOver = (state: State, target: Target, roles: string[]): Promise<Finding[]> => {
  const key = JSON.stringify([state.deps.policy().sha256, target.name, roles]);
  const known = state.looking.get(key);
  if (known) return known;
  const looking = lookOnce(state, target, roles).finally(() => state.looking.delete(key));
  state.looking.set(key, looking);
  return looking;
};

const lookOnce = async (state: State, target: Target, roles: string[]): Promise<Finding[]> => {
  try {
    const scopes = Object.fromEntries(roles.map((role) => [role, target.roles[role]?.scope ?? null]));
    const context = { signal: state.stopping.signal, log: state.deps.log };
    const findings = (await connectionTo(state, target.name).preflight?.(scopes, context)) ?? [];
    return findings.filter(({ level }) => level === 'error');
  } catch (error) {
    const { kind, message } = failureOf(error);
    return [errorFinding(kind, message)];
  }
};

const noteErrors = ({ problems }: State, target: string, errors: Finding[]): void => {
  if (errors.length === 0) problems.delete(target);
  else problems.set(target, errors.map(({ message }) => message).join(' '));
};

type RoleOf = { target: string; role: string };

/** Within this time one look serves all who ask. */
const ROLE_LOOK_MS = 4_000;

const lookAtRole = async (state: State, { target: name, role }: RoleOf): Promise<string | null> => {
  const target = state.deps.policy().targets[name];
  if (!target?.roles[role]) return null;
  const errors = await lookOnce(state, target, [role]);
  return errors.map(({ message }) => message).join(' ') || null;
};

/** Of a policy, so that a fix there is seen at once. */
const roleProblem = (state: State, { target, role }: RoleOf, isFresh: boolean): Promise<string | null> => {
  const key = JSON.stringify([state.deps.policy().sha256, target, role]);
  const known = state.looks.get(key);
  const now = performance.now();
  if (!isFresh && known && now - known.at < ROLE_LOOK_MS) return known.found;
  for (const [old, { at }] of state.looks) if (now - at >= ROLE_LOOK_MS) state.looks.delete(old);
  const found = lookAtRole(state, { target, role });
  state.looks.set(key, { at: now, found });
  return found;
};

const checkAll = async (state: State, onChecked?: (checked: CheckedTarget) => void): Promise<void> => {
  const { targets } = state.deps.policy();
  for (const name of state.problems.keys()) if (!targets[name]) state.problems.delete(name);
  const checks = {
    lookOver: (target: Target, roles: string[]) => lookOver(state, target, roles),
    onErrors: (target: string, errors: Finding[]) => noteErrors(state, target, errors),
    isStopped: () => state.stopping.signal.aborted,
  };
  await checkTargets(checks, Object.values(targets), onChecked);
};

export const createAccess = (deps: AccessDeps): OpenAccess => {
  const stopping = new AbortController();
  // Every call to a target listens to it, and there may be hundreds at once.
  setMaxListeners(0, stopping.signal);
  const state: State = { deps, open: new Map(), problems: new Map(), looks: new Map(), looking: new Map(), stopping };
  let stopChecks = async (): Promise<void> => {};
  return {
    grant: (grant, person) => grantOne(state, { grant, person }),
    revoke: async (grant, person) => revokeOne(state, { grant, person }),
    revokeMany: (items, onInUse) => revokeMany(state, items, onInUse),
    activity: (target) => activity(state, target),
    check: async (grant, person) =>
      connectionTo(state, grant.target).check(grant.scope, grant.handle ?? undefined, contextOf(state, grant, person)),
    listOurs: (target) => listOurs(state, target),
    differences: (grant, found) => differences(state, grant, found),
    restore: (grant, person) => restore(state, { grant, person }),
    byHand: (grant, person) => byHand(state, grant, person),
    isShared: ({ provider }) => deps.findProvider(provider)?.isShared ?? false,
    extend: (grant, person) => extend(state, { grant, person }),
    roleProblem: (target, role, how) => roleProblem(state, { target, role }, how?.isFresh ?? false),
    failureOf,
    problems: () => Object.fromEntries(state.problems),
    checkNow: (onChecked) => checkAll(state, onChecked),
    startChecks: (everyMs) => {
      const loop = startLoop({
        everyMs,
        run: () => checkAll(state),
        onError: (error) => deps.log.warn({ error: String(error) }, 'the targets could not be checked'),
      });
      stopChecks = loop.stop;
    },
    close: async () => {
      state.stopping.abort();
      await stopChecks();
      await Promise.all([...state.open.values()].map(({ connection }) => connection.close()));
    },
  };
};
