/** The use cases' way into targets: each call by grant, over the connection to its target. */
import type { EndGuarantee } from '../domain/grants/end-guarantee.ts';
import type { Grant } from '../domain/grants/grant.ts';
import type { Target } from '../domain/policy/types.ts';
import type { Principal } from '../domain/principals/principal.ts';
import { startLoop } from '../lib/loop.ts';
import type { Difference, Found } from '../application/drift/drift-types.ts';
import type { Access } from '../application/deps.ts';
import type { Json } from '../domain/json.ts';
import type { AccessFailure, Credentials, ManualSteps } from '../application/grants/access-ports.ts';
import type { OnInUse } from '../application/grants/usage-ports.ts';
import type { CheckedTarget } from './check-targets.ts';
import { identityIn } from './identity.ts';
import {
  connectionTo,
  connectionToGive,
  contextOf,
  createState,
  failureOf,
  granteeOf,
  identityOf,
  keepDeparted,
  noting,
  scopesOf,
} from './open-connections.ts';
import type { AccessDeps, State } from './open-connections.ts';
import { ProviderError } from './provider.ts';
import type { CloseOutcome, Connection, RevokeOutcome } from './provider.ts';
import { checkAll, roleProblem } from './target-looks.ts';

export type { AccessDeps };

export type OpenAccess = Access & {
  /** Looks at every target now and on a timer, for `problems()`. */
  startChecks(everyMs: number): void;
  /** `onChecked`: of each target as it is known. Never rejects. */
  checkNow(onChecked?: (checked: CheckedTarget) => void, only?: ReadonlySet<string>): Promise<void>;
  /** Targets that left the policy while access in them may be live: they are reached to end it. */
  keepDeparted(targets: readonly Target[]): void;
  close(): Promise<void>;
};

type Terms = { terms: string[]; isRecorded: boolean };
type Item = { grant: Grant; grantee: Principal };

type OnConnection = Connection<Json, Json>;
type Outcomes = { close: CloseOutcome; revoke: RevokeOutcome };
/** One of the two strokes: how it is made for one, and for many where the target can. */
type Stroke<Name extends keyof Outcomes> = { name: Name; many: `${Name}Many` };

const CLOSE = { name: 'close', many: 'closeMany' } as const satisfies Stroke<'close'>;
const REVOKE = { name: 'revoke', many: 'revokeMany' } as const satisfies Stroke<'revoke'>;

const noReport: OnInUse = () => undefined;

const strikeOne = <Name extends keyof Outcomes>(
  state: State,
  { name }: Stroke<Name>,
  { item: { grant, grantee }, onInUse }: { item: Item; onInUse: OnInUse },
): Promise<Outcomes[Name]> =>
  noting(state, grant.target, async () => {
    const connection: Pick<OnConnection, keyof Outcomes> = connectionTo(state, grant.target);
    const context = { ...contextOf(state, grant, grantee), onInUse };
    return (await connection[name](grant.scope, grant.handle ?? undefined, context)) as Outcomes[Name];
  });

type Struck<Name extends keyof Outcomes> = Promise<(Outcomes[Name] | AccessFailure)[]>;

const strikeMany = async <Name extends keyof Outcomes>(
  state: State,
  stroke: Stroke<Name>,
  { items, onInUse = noReport }: { items: Item[]; onInUse?: OnInUse | undefined },
): Struck<Name> => {
  const each = (): Struck<Name> =>
    Promise.all(items.map((item) => strikeOne(state, stroke, { item, onInUse }).catch(failureOf)));
  const [first] = items;
  if (!first || items.length === 1) return each();
  try {
    const connection: Pick<OnConnection, 'closeMany' | 'revokeMany'> = connectionTo(state, first.grant.target);
    const many = connection[stroke.many];
    if (!many) return await each();
    const wanted = items.map(({ grant }) => ({
      scope: grant.scope,
      handle: grant.handle ?? undefined,
      grantId: grant.id,
    }));
    const context = { signal: state.stopping.signal, log: state.deps.log, onInUse };
    return (await many(wanted, context)) as Outcomes[Name][];
  } catch (error) {
    const failure = failureOf(error);
    const { target } = first.grant;
    state.deps.log.warn({ target, stroke: stroke.name, error: failure.message }, 'ending many at once failed');
    // A target that is down would be waited for once per grant. Anything else, such as a lock on one of them, must not hold up the rest.
    const isDown = failure.isRetried && failure.isUntouched === true;
    return isDown ? items.map(() => failure) : each();
  }
};

/** Says nothing of how well the target is: so often, it would hide what the look at targets found, and a slow answer is no problem. */
const activity = async (state: State, target: string): ReturnType<Access['activity']> =>
  (await connectionTo(state, target).activity?.({ signal: state.stopping.signal, log: state.deps.log })) ?? [];

/** As `byHand`: of what left the policy nothing is known. */
const termsOf = (state: State, { target, scope }: Pick<Grant, 'target' | 'scope'>): Terms => {
  try {
    const connection = connectionTo(state, target);
    return { terms: connection.terms?.(scope) ?? [], isRecorded: connection.isRecorded?.(scope) ?? false };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { terms: [], isRecorded: false };
  }
};

const recorded = async (
  state: State,
  target: string,
  items: { grant: Grant; position: Json }[],
): ReturnType<Access['recorded']> => {
  const connection = connectionTo(state, target);
  if (!connection.recorded) throw new ProviderError('unsupported', 'Its provider cannot record what is done.');
  const wanted = items.map(({ grant, position }) => ({
    scope: grant.scope,
    handle: grant.handle ?? undefined,
    grantId: grant.id,
    position,
  }));
  return await connection.recorded(wanted, { signal: state.stopping.signal, log: state.deps.log });
};

const recording = (state: State): Pick<Access, 'activity' | 'terms' | 'isRecorded' | 'recorded'> => ({
  activity: (target) => activity(state, target),
  terms: (of) => termsOf(state, of).terms,
  isRecorded: (of) => termsOf(state, of).isRecorded,
  recorded: (target, items) => recorded(state, target, items),
});

const listOurs = (state: State, target: string): ReturnType<Access['listOurs']> =>
  noting(state, target, async () => {
    const connection = connectionTo(state, target);
    if (!connection.listOurs) return null;
    const context = { signal: state.stopping.signal, log: state.deps.log };
    // In this order: by the scopes some providers learn where to look for what is theirs.
    const lookalikes = (await connection.listLookalikes?.(scopesOf(state, target), context)) ?? [];
    const ours = await connection.listOurs(context);
    return { ours, lookalikes };
  });

/** A stored scope or handle of another version is no difference in the target. */
const differences = (state: State, grant: Grant, found: Found): Difference[] =>
  connectionTo(state, grant.target).differences?.(grant.scope, found, grant.expiresAt) ?? [];

const restore = (state: State, { grant, grantee }: Item): Promise<void> =>
  noting(state, grant.target, async () => {
    const connection = connectionToGive(state, grant.target);
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

type InTargetOf = Pick<Grant, 'target' | 'scope'>;

/** `account` is as the target has it; where the provider does not look, the name is all there is. */
const find = async (state: State, of: InTargetOf, grantee: Principal): ReturnType<Access['find']> => {
  const { identity } = identityOf(state, of, grantee);
  if (!identity) return null;
  if ('missing' in identity) throw new ProviderError('denied', identity.missing, { isUntouched: true });
  const name = 'user' in identity ? identity.user : identity.value;
  const connection = connectionToGive(state, of.target);
  if (!connection.find) return { name, account: null, hadAlready: null, handle: null };
  const context = { ...granteeOf(grantee), identity, signal: state.stopping.signal, log: state.deps.log };
  return { name, ...(await connection.find(of.scope, context)) };
};

const nameIn = (state: State, name: string, grantee: Principal): string | null => {
  const target = state.deps.policy().targets[name];
  if (!target) return null;
  const quote = state.deps.findProvider(target.provider)?.quote;
  const identity = identityIn({ target: name, rule: target.identity, grantee, quote });
  return 'user' in identity ? identity.user : null;
};

const names = (state: State): Pick<Access, 'find' | 'nameIn' | 'isShared' | 'isFoundFirst'> => ({
  isFoundFirst: ({ provider: id, scope }) => {
    const provider = state.deps.findProvider(id);
    return provider !== undefined && provider.isShared(scope) && provider.isInOwnName(scope);
  },
  isShared: ({ provider, scope }) => state.deps.findProvider(provider)?.isShared(scope) ?? false,
  find: (of, grantee) => find(state, of, grantee),
  nameIn: (target, grantee) => nameIn(state, target, grantee),
});

const grantOne = async (state: State, { grant, grantee }: Item): ReturnType<Access['grant']> => {
  const context = contextOf(state, grant, grantee);
  const { handle, secret, instructions, reportsUsage } = await noting(state, grant.target, async () => {
    const connection = connectionToGive(state, grant.target);
    return { ...(await connection.grant(grant.scope, context)), reportsUsage: connection.activity !== undefined };
  });
  if (!secret) return { handle, credentials: null, reportsUsage };
  return {
    handle,
    reportsUsage,
    credentials: { fields: secret.fields, text: instructions?.text ?? '', commands: instructions?.commands ?? [] },
  };
};

/** As `byHand`: what left the policy issues nothing any more. */
const isIssued = (state: State, { target }: Pick<Grant, 'target'>): boolean => {
  try {
    return connectionTo(state, target).issue !== undefined;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return false;
  }
};

const issue = (state: State, grant: Grant, publicKey: string): Credentials => {
  const connection = connectionTo(state, grant.target);
  const { expiresAt, handle, scope } = grant;
  if (!connection.issue || handle === null) throw new ProviderError('unsupported', 'It has no credentials to make.');
  const { secret, instructions } = connection.issue(scope, handle, { expiresAt, publicKey });
  return { fields: secret.fields, text: instructions?.text ?? '', commands: instructions?.commands ?? [] };
};

/** A target that knows no deadline has none to move; one that keeps its own and cannot move it would end access early. */
const extend = (state: State, { grant, grantee }: Item): Promise<void> =>
  noting(state, grant.target, async () => {
    const connection = connectionToGive(state, grant.target);
    const { handle } = grant;
    if (connection.extend && handle !== null)
      return connection.extend(grant.scope, handle, contextOf(state, grant, grantee));
    if (connection.guarantee(grant.scope).endsBy === 'revoke') return;
    throw new ProviderError('unsupported', 'This kind of target cannot move the end of access that was given.');
  });

const departing = (state: State): Pick<OpenAccess, 'checkNow' | 'keepDeparted'> => ({
  checkNow: (onChecked, only) => checkAll(state, onChecked, only),
  keepDeparted: (targets) => keepDeparted(state, targets),
});

export const createAccess = (deps: AccessDeps): OpenAccess => {
  const state = createState(deps);
  let stopChecks = async (): Promise<void> => {};
  return {
    ...names(state),
    grant: (grant, grantee) => grantOne(state, { grant, grantee }),
    isIssued: (grant) => isIssued(state, grant),
    issue: (grant, publicKey) => issue(state, grant, publicKey),
    revoke: (grant, grantee) => strikeOne(state, REVOKE, { item: { grant, grantee }, onInUse: noReport }),
    closeMany: (items, onInUse) => strikeMany(state, CLOSE, { items, onInUse }),
    revokeMany: (items, onInUse) => strikeMany(state, REVOKE, { items, onInUse }),
    ...recording(state),
    check: async (grant, grantee) =>
      connectionTo(state, grant.target).check(grant.scope, grant.handle ?? undefined, contextOf(state, grant, grantee)),
    listOurs: (target) => listOurs(state, target),
    differences: (grant, found) => differences(state, grant, found),
    restore: (grant, grantee) => restore(state, { grant, grantee }),
    byHand: (grant, grantee) => byHand(state, grant, grantee),
    guarantee: (of) => guarantee(state, of),
    extend: (grant, grantee) => extend(state, { grant, grantee }),
    roleProblem: (target, role, how) => roleProblem(state, { target, role }, how?.isFresh ?? false),
    mayRemain: (target, role) => state.remains.get(target)?.ofRole[role] ?? [],
    failureOf,
    problems: () => Object.fromEntries(state.problems),
    ...departing(state),
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
      await Promise.all([...state.open.values()].map(({ connection }) => connection.disconnect()));
    },
  };
};
