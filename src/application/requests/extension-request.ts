/** What asking for more time has in common, whether a rule or break-glass decides it: what is in the way, the lock, the record. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Person } from '../../domain/principals/person.ts';
import { mustView } from '../record/must-find.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import type { NewRequest } from './request-ports.ts';
import type { CreateRequestResult } from './request-types.ts';

/** Everything that is known before the transaction. */
export type Extending = { policy: Policy; person: Person; grant: Grant; base: RequestView; input: ExtendInput };

/** `deadline` is the end that the person saw when they clicked: a second click on it requests nothing more. */
export const assertExtendable = ({ input }: Extending, grant: Grant, now: Date): void => {
  if (grant.state === 'activating') throw new DomainError('grant_not_live', { id: grant.id, state: grant.state });
  if (grant.state !== 'active' || now >= grant.expiresAt) throw new DomainError('extend_ended', { id: grant.id });
  if (input.deadline !== null && input.deadline !== grant.extensions)
    throw new DomainError('extend_stale', { expiresAt: grant.expiresAt.toISOString() });
};

/** The cap bounds the whole time, so that nobody lives for ever by half hours. */
export const demandRoom = ({ byMs, leftMs, capMs }: { byMs: number; leftMs: number; capMs: number }): void => {
  if (leftMs <= 0) throw new DomainError('extend_at_cap', { capMs });
  if (byMs > leftMs) throw new DomainError('extend_over_cap', { byMs, leftMs, capMs });
  if (!(byMs > 0)) throw new DomainError('bad_duration');
};

/** Under the lock of the grant, so that two asks at the same moment are one, and an end that has begun is the last word. */
export const holdGrant = async (
  tx: Tx,
  extending: Extending,
): Promise<{ grant: Grant; now: Date; repeatOf: string | null }> => {
  const grant = await tx.grants.lock(extending.grant.id);
  if (!grant) throw new DomainError('grant_not_found', { id: extending.grant.id });
  const key = extending.input.idempotencyKey;
  const same = key === null ? null : await tx.extensions.ofDelivery(grant.id, key);
  if (same) return { grant, now: new Date(0), repeatOf: same.requestId };
  const open = await tx.extensions.findOpen(grant.id);
  const now = await tx.now();
  assertExtendable(extending, grant, now);
  if (open) throw new DomainError('extend_pending', { byMs: open.byMs });
  // It was judged by the time it had then.
  if (grant.extensions !== extending.grant.extensions)
    throw new DomainError('extend_stale', { expiresAt: grant.expiresAt.toISOString() });
  return { grant, now, repeatOf: null };
};

/** Of its event. */
export const extensionFacts = ({ grant }: Pick<Extending, 'grant'>, request: NewRequest) => ({
  extends: grant.id,
  extendsByMs: request.extendsByMs ?? null,
  expiresAt: grant.expiresAt.toISOString(),
  isBreakGlass: request.isBreakGlass,
  requirements: request.requirements.map(({ label, count }) => ({ label, count })),
});

export const sent = async (
  deps: Deps,
  { grant }: Pick<Extending, 'grant'>,
  stored: { id: string; isRepeat: boolean },
): Promise<ExtendResult> => ({
  outcome: 'sent',
  view: await mustView(deps, stored.id),
  isRepeat: stored.isRepeat,
  targetProblem: deps.access.problems()[grant.target] ?? null,
});

/**
 * `id` as in `EndInput`. `byMs` null is half an hour, or what the cap leaves of it. `deadline` is how often the end had been moved when
 * the person saw it, so that a second click on the same button does nothing; null where it was typed.
 */
export type ExtendInput = {
  caller: PersonCaller;
  id: string | null;
  byMs: number | null;
  reason: string | null;
  deadline: number | null;
  idempotencyKey: string | null;
};

/** `view` is of the request for more time; its `extended` is the grant. */
export type ExtendResult = CreateRequestResult;
