/** GitLab says that a job finished: what it waits for is cancelled, and what it has is given back at once. */
import { gitlabJobKey, issuerOf } from '../../domain/gitlab/job-event.ts';
import type { FinishedJob } from '../../domain/gitlab/job-event.ts';
import type { Deps } from '../deps.ts';
import { closeAll } from '../github/end-jobs.ts';

/**
 * How many requests it closed; null where no issuer is that instance. One transaction, before GitLab has its answer. A job never runs
 * again under its id, so a doubled or late event finds nothing open.
 */
export const endGitlabJob = async (
  { store, policy }: Pick<Deps, 'store' | 'policy'>,
  finished: FinishedJob,
): Promise<number | null> => {
  const issuer = issuerOf(Object.values(policy().issuers), finished);
  if (!issuer) return null;
  return store.transaction(async (tx) => {
    const found = await tx.github.ofJobs([gitlabJobKey(issuer, finished)]);
    await closeAll(tx, found, 'The job ended on GitLab.');
    return found.length;
  });
};
