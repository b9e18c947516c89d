/**
 * Where two grants can hold one and the same thing in a target, they are counted: the first end takes nothing from the second, and the
 * last one out removes it. No lock is held over a call to a target; that this is enough follows from when each looks. An end looks for
 * others after it was committed to end, so of several that end at once, the last to be committed sees no other that lives. And access
 * is made only while nobody takes the same away.
 */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Deps } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';

/** True when another grant has, or is just being given, what this one has: then it stays when this one ends. */
export const isHeldByOthers = async (deps: Deps, grant: Grant): Promise<boolean> =>
  deps.access.isShared(grant) && (await deps.store.read.countSharers(grant, ['activating', 'active'])) > 0;

/** What is in the way of giving it now: another end is about to take the same away. */
export const takenAway = async (deps: Deps, grant: Grant): Promise<AccessFailure | null> =>
  deps.access.isShared(grant) && (await deps.store.read.countSharers(grant, ['ending', 'closed'])) > 0
    ? { kind: 'conflict', message: 'Earlier access of the same kind is just being taken away.', isRetried: true }
    : null;

/**
 * Nothing was given: what could be shared is stored before the target is touched. What is there all the same is somebody else's doing, and
 * an end that looked for it would take that away.
 */
export const isNotGiven = ({ access }: Pick<Deps, 'access'>, grant: Grant): boolean =>
  grant.handle === null && access.isFoundFirst(grant);
