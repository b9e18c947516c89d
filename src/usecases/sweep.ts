/** Finds requests whose time has come by the database clock, and everything that was left lying. Deadlines of grants have their own clock. */
import { SYSTEM } from '../core/events.ts';
import { moveRequest } from '../core/lifecycle.ts';
import { escalateDue, remindDue } from './nudge.ts';
import { chaseReviews } from './review.ts';
import type { Deps } from './ports.ts';

const BATCH = 100;

export type Swept = { ending: string[]; activating: string[]; lapsed: number };

/** One pass. A full batch in any list means that there may be more: call again. */
export const sweep = async (deps: Deps): Promise<Swept> => {
  const lapsed = await lapseDue(deps);
  const stalled = await deps.store.transaction((tx) => tx.grants.listStalled(BATCH));
  const ending = stalled.filter(({ state }) => state === 'ending').map(({ id }) => id);
  const activating = stalled.filter(({ state }) => state === 'activating').map(({ id }) => id);
  await nudge(deps);
  return { ending, activating, lapsed };
};

/** A reminder that cannot be written holds up neither the others nor what was left lying. */
const nudge = async (deps: Deps): Promise<void> => {
  for (const remind of [chaseReviews, escalateDue, remindDue]) {
    try {
      await remind(deps);
    } catch (error) {
      deps.log.error({ err: error, what: remind.name }, 'reminders could not be written; the next sweep tries again');
    }
  }
};

const lapseDue = (deps: Deps): Promise<number> =>
  deps.store.transaction(async (tx) => {
    const lapsed = await tx.requests.lockLapsed(BATCH);
    for (const request of lapsed) {
      await tx.requests.setState(request.id, moveRequest(request.state, 'lapsed'));
      await tx.audit.append({
        type: 'request.lapsed',
        actor: SYSTEM,
        requestId: request.id,
        grantId: null,
        target: request.target,
        role: request.role,
        data: { lapsesAt: request.lapsesAt.toISOString() },
      });
      await tx.outbox.add('notify', request.id);
    }
    return lapsed.length;
  });
