/** What both strokes of an end have in common: many of one target go together, and what was struck is stored in few transactions. */
import type { EndOutcome } from '../../domain/grants/end-cause.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Deps } from '../deps.ts';
import type { AccessFailure } from './access-ports.ts';

export type Item = { grant: Grant; grantee: Principal };

export const NO_ANSWER: AccessFailure = { kind: 'unavailable', message: 'The target gave no answer.', isRetried: true };

/** Together where they share a target, so that one that hangs holds up no other. */
export const byTarget = async (items: Item[], work: (ofTarget: Item[]) => Promise<void>): Promise<void> => {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const others = groups.get(item.grant.target);
    if (others) others.push(item);
    else groups.set(item.grant.target, [item]);
  }
  await Promise.all([...groups.values()].map(work));
};

/** Waits for all of them. @throws AggregateError when some could not be stored. */
export const allStored = async (storing: Promise<void>[]): Promise<void> => {
  const failed = (await Promise.allSettled(storing)).filter((outcome) => outcome.status === 'rejected');
  if (failed.length === 0) return;
  const reasons = failed.map(({ reason }) => reason as unknown);
  throw new AggregateError(reasons, 'some ends could not be stored');
};

/** In one transaction; when that fails each by itself, since one that cannot be stored must not hold up the rest. */
export const storeTogether = async <Struck>(
  deps: Pick<Deps, 'log'>,
  struck: readonly Struck[],
  store: (struck: readonly Struck[]) => Promise<void>,
): Promise<void> => {
  if (struck.length === 0) return;
  try {
    await store(struck);
  } catch (error) {
    if (struck.length === 1) throw error;
    deps.log.warn({ err: error, count: struck.length }, 'ends could not be stored together; each is stored by itself');
    await allStored(struck.map((one) => storeTogether(deps, [one], store)));
  }
};

const REMOVAL_ANSWERS = {
  removed: 'absent',
  already_absent: 'absent',
  still_held: 'held_by_another_grant',
  had_already: 'held_before_the_grant',
} as const satisfies Record<EndOutcome, string>;

/** The last question to the target, and its answer: evidence shows it. The handle names the login, and with it the person. */
export const removalReadbackOf = ({ handle }: Grant, outcome: EndOutcome) => ({
  readback: {
    operation: 'revoke_and_read_back' as const,
    answer: REMOVAL_ANSWERS[outcome],
  },
  handle,
});

/** What is being ended was due at the latest when that began. */
export const lateMsOf = ({ expiresAt, endingAt }: Grant, at: Date): number => {
  const dueMs = Math.min(expiresAt.getTime(), endingAt?.getTime() ?? Number.POSITIVE_INFINITY);
  return Math.max(0, at.getTime() - dueMs);
};
