/** GitHub says that a job or its run is over: what it waits for is cancelled, and what it has is given back at once. */
import { jobKeyOf } from '../../domain/github/run.ts';
import type { Tx } from '../deps.ts';
import { closeRequest } from './close-request.ts';
import type { GithubDeps } from './github-deps.ts';
import type { OfJob } from './github-ports.ts';

type Place = { repositoryId: string; run: string; attempt: number };

export const closeAll = async (tx: Tx, found: readonly OfJob[], reason: string): Promise<void> => {
  for (const { requestId, grantId } of found.toSorted((a, b) => (a.requestId < b.requestId ? -1 : 1)))
    await closeRequest(tx, grantId, { requestId, cause: 'job_completed', reason });
};

export const endJob = (deps: GithubDeps, of: Place & { job: string }): Promise<void> => {
  const keys = Object.values(deps.policy().issuers)
    .filter(({ kind }) => kind === 'github')
    .map(({ url }) => jobKeyOf(url, of));
  return deps.store.transaction(async (tx) => closeAll(tx, await tx.github.ofJobs(keys), 'The job ended on GitHub.'));
};

export const endRun = (deps: GithubDeps, of: Place, { isCancelled }: { isCancelled: boolean }): Promise<void> => {
  const reason = isCancelled ? 'The run was cancelled on GitHub.' : 'The run ended on GitHub.';
  return deps.store.transaction(async (tx) => closeAll(tx, await tx.github.ofRun(of), reason));
};
