/** Why grants end, and how their end was found. */
export const END_CAUSES = [
  'expired',
  'done',
  'revoked',
  'abandoned',
  'cancelled',
  'not_started',
  'incident_closed',
  'client_lost',
  'job_completed',
  'window_passed',
] as const;

/**
 * Why a grant ended: its deadline, its owner, an admin or owner of the target, an activation that was given up, before a
 * future start its owner or the policy of that moment, the end of the incident it was given for, or a window that no job used.
 */
export type EndCause = (typeof END_CAUSES)[number];

/** After these the same job may request anew. Where a person, an incident or the CI ended it, the job has had its access. */
export const REPEATABLE_CAUSES = ['done', 'expired', 'client_lost'] as const satisfies readonly EndCause[];

export const END_OUTCOMES = ['removed', 'already_absent', 'still_held', 'had_already'] as const;

/**
 * How the end was found: we removed it, it was no longer there when we came, another live grant holds the same access, or the person had
 * it before Latchkey gave it and keeps it.
 */
export type EndOutcome = (typeof END_OUTCOMES)[number];
/** What a target says of an end. */
export type RemovalOutcome = Exclude<EndOutcome, 'still_held' | 'had_already'>;
