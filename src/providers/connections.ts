/** The use cases' way into targets: each call by grant, over the connection to its target. */
import type { EndGuarantee } from '../domain/grants/end-guarantee.ts';
import type { Grant } from '../domain/grants/grant.ts';
import type { Principal } from '../domain/principals/principal.ts';
import { startLoop } from '../lib/loop.ts';
import type { Difference, Found } from '../application/drift/drift-types.ts';
import type { Access } from '../application/deps.ts';
import type { ManualSteps } from '../application/grants/access-ports.ts';
import type { OnInUse } from '../application/grants/usage-ports.ts';
import type { CheckedTarget } from './check-targets.ts';
import { connectionTo, contextOf, createState, failureOf, noting, scopesOf } from './open-connections.ts';
import type { AccessDeps, State } from './open-connections.ts';
import { ProviderError } from './provider.ts';
import { checkAll, roleProblem } from './target-looks.ts';

export type { AccessDeps };

export type OpenAccess = Access & {
  /** Looks at every target now and on a timer, for `problems()`. */
  startChecks(everyMs: number): void;
  /** `onChecked`: of each target as it is known. Never rejects. */
  checkNow(onChecked?: (checked: CheckedTarget) => void): Promise<void>;
  close(): Promise<void>;
};

type Item = { grant: Grant; grantee: Principal };

const revokeOne = (state: State, { grant, grantee }: Item, onInUse: OnInUse = nobodyAsks) =>
  noting(state, grant.target, async () =>
    connectionTo(state, grant.target).revoke(grant.scope, grant.handle ?? undefined, {
      ...contextOf(state, grant, grantee),
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
    // A target that is down would be waited for once per grant. Anything else, such as a lock on one of them, must not hold up the rest.
    const isDown = failure.isRetried && failure.isUntouched === true;
    return isDown ? items.map(() => failure) : revokeEach(state, items, onInUse);
  }
};

/** Says nothing of how well the target is: so often, it would hide what the look at targets found, and a slow answer is no problem. */
const activity = async (state: State, target: string): ReturnType<Access['activity']> =>
  (await connectionTo(state, target).activity?.({ signal: state.stopping.signal, log: state.deps.log })) ?? [];

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

const restore = (state: State, { grant, grantee }: Item): Promise<void> =>
  noting(state, grant.target, async () => {
    const connection = connectionTo(state, grant.target);
    if (!connection.restore) throw new ProviderError('unsupported', 'Its provider cannot put an access back.');
    await connection.restore(grant.scope, contextOf(state, grant, grantee));
  });

/** A target that left the policy, or a handle of another version, must not keep the message from being posted. */
const byHand = (state: State, grant: Grant, grantee: Principal): ManualSteps | null => {
  try {
    const { manual } = connectionTo(state, grant.target);
    return manual?.(grant.scope, grant.handle ?? undefined, contextOf(state, grant, grantee)) ?? null;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    state.deps.log.warn({ grant: grant.id, error: error.message }, 'cannot say how to end it by hand');
    return null;
  }
};

/** As `byHand`: a message without this line is better than none. */
const guarantee = (state: State, { target, scope }: Pick<Grant, 'target' | 'scope'>): EndGuarantee | null => {
  try {
    return connectionTo(state, target).guarantee(scope);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return null;
  }
};

const grantOne = async (state: State, { grant, grantee }: Item): ReturnType<Access['grant']> => {
  const context = contextOf(state, grant, grantee);
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
const extend = (state: State, { grant, grantee }: Item): Promise<void> =>
  noting(state, grant.target, async () => {
    const connection = connectionTo(state, grant.target);
    const { handle } = grant;
    if (connection.extend && handle !== null)
      return connection.extend(grant.scope, handle, contextOf(state, grant, grantee));
    if (connection.guarantee(grant.scope).endsBy === 'revoke') return;
    throw new ProviderError('unsupported', 'This kind of target cannot move the end of access that was given.');
  });

export const createAccess = (deps: AccessDeps): OpenAccess => {
  const state = createState(deps);
  let stopChecks = async (): Promise<void> => {};
  return {
    grant: (grant, grantee) => grantOne(state, { grant, grantee }),
    revoke: async (grant, grantee) => revokeOne(state, { grant, grantee }),
    revokeMany: (items, onInUse) => revokeMany(state, items, onInUse),
    activity: (target) => activity(state, target),
    check: async (grant, grantee) =>
      connectionTo(state, grant.target).check(grant.scope, grant.handle ?? undefined, contextOf(state, grant, grantee)),
    listOurs: (target) => listOurs(state, target),
    differences: (grant, found) => differences(state, grant, found),
    restore: (grant, grantee) => restore(state, { grant, grantee }),
    byHand: (grant, grantee) => byHand(state, grant, grantee),
    guarantee: (of) => guarantee(state, of),
    isShared: ({ provider }) => deps.findProvider(provider)?.isShared ?? false,
    extend: (grant, grantee) => extend(state, { grant, grantee }),
    roleProblem: (target, role, how) => roleProblem(state, { target, role }, how?.isFresh ?? false),
    mayRemain: (target, role) => state.remains.get(target)?.ofRole[role] ?? [],
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
