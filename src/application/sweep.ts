/** Finds requests whose time has come by the database clock, and everything that was left lying. Deadlines of grants have their own clock. */
import { escalateDue, remindDue } from './requests/remind-approvers.ts';
import { remindReviewers } from './break-glass/follow-up.ts';
import { endSilent } from './grants/heartbeat.ts';
import type { Deps } from './deps.ts';
import { chaseCampaigns } from './reviews/chase-campaigns.ts';
import { startDueCampaigns } from './reviews/start-campaign.ts';
import { startDueReports } from './reports/start-due-reports.ts';
import { warnDue } from './grants/warn-before-expiry.ts';
import { lapseRequest } from './requests/transitions.ts';

const BATCH = 100;
/** Resolved, and nobody requested anything because of it. */
const ALERTS_KEPT_MS = 30 * 24 * 3_600_000;

export type Swept = { ending: string[]; activating: string[]; extending: string[]; lapsed: number };

/** One pass. A full batch in any list means that there may be more: call again. */
export const sweep = async (deps: Deps): Promise<Swept> => {
  await endSilentJobs(deps);
  const lapsed = await lapseDue(deps);
  const extending = await deps.store.transaction((tx) => tx.extensions.listStalled(BATCH));
  const stalled = await deps.store.transaction((tx) => tx.grants.listStalled(BATCH));
  const ending = stalled.filter(({ state }) => state === 'ending').map(({ id }) => id);
  const activating = stalled.filter(({ state }) => state === 'activating').map(({ id }) => id);
  await remindApprovers(deps);
  await deps.store.forgetAlerts(ALERTS_KEPT_MS, BATCH);
  return { ending, activating, extending, lapsed };
};

/** What cannot be ended now is silent at the next sweep, too. */
const endSilentJobs = (deps: Deps): Promise<void> =>
  endSilent(deps).catch((error: unknown) =>
    deps.log.error({ err: error }, 'access of silent jobs could not be ended; the next sweep tries again'),
  );

/** A reminder that cannot be written holds up neither the others nor what was left lying. */
const remindApprovers = async (deps: Deps): Promise<void> => {
  for (const remind of [
    warnDue,
    remindReviewers,
    escalateDue,
    remindDue,
    chaseCampaigns,
    startDueCampaigns,
    startDueReports,
  ]) {
    try {
      await remind(deps);
    } catch (error) {
      deps.log.error({ err: error, what: remind.name }, 'reminders could not be written; the next sweep tries again');
    }
  }
};

const lapseDue = (deps: Deps): Promise<number> =>
  deps.store.transaction(async (tx) => {
    const overdue = await tx.requests.lockExpired(BATCH);
    // More time for access that has ended meanwhile: nobody can agree to it any more.
    const orphans = await tx.extensions.lockOrphans(BATCH);
    const lapsed = [...overdue, ...orphans.filter(({ id }) => overdue.every((other) => other.id !== id))];
    for (const request of lapsed) await lapseRequest(tx, request);
    return lapsed.length;
  });
