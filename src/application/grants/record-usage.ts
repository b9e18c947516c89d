/** Looks which access is in use, and records of each when it first was. What comes and goes between two looks is not seen. */
import type { Grant } from '../../domain/grants/grant.ts';
import { entryOf } from '../record/audit-entry.ts';
import type { InUse } from './usage-ports.ts';
import type { Deps, Tx } from '../deps.ts';

const EVERY_MS = 10_000;
/** In one transaction: few enough that no end waits for it. */
const BATCH = 50;

type LookDeps = Pick<Deps, 'store' | 'access' | 'policy' | 'log'>;

/**
 * One process looks at each target, and only while something live there was not seen in use. `work` resolves when it is done; it is not
 * awaited here, so that a target that hangs holds up the look at no other.
 */
export const recordUsage = async (deps: LookDeps): Promise<{ work: Promise<unknown> }> => {
  const targets = await deps.store.read.takeTargetsToSee(Object.keys(deps.policy().targets), EVERY_MS);
  return { work: Promise.all(targets.map((target) => look(deps, target))) };
};

/** A target that does not answer is reported by the look at targets; here it only means that nothing was seen. */
const look = async (deps: LookDeps, target: string): Promise<void> => {
  try {
    const inUse = await deps.access.activity(target);
    for (let at = 0; at < inUse.length; at += BATCH)
      await deps.store.transaction((tx) => recordUse(tx, inUse.slice(at, at + BATCH)));
  } catch (error) {
    const { kind, message } = deps.access.failureOf(error);
    deps.log.info({ target, kind, error: message }, 'could not look what is in use there; the next look tries again');
  }
};

/** Once for each grant, by the one that comes first. */
export const recordUse = async (tx: Tx, inUse: readonly InUse[]): Promise<void> => {
  for (const grant of await tx.use.setUsed(inUse)) await tx.audit.append(eventOf(grant));
};

const eventOf = (grant: Grant) => ({
  ...entryOf(grant),
  type: 'grant.used' as const,
  data: { person: grant.granteeId, since: grant.firstUsedAt?.toISOString() ?? null },
});
