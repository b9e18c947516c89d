/** What GitHub adds to a job that calls: how its checks stand, and who started it again. */
import { withChecks } from '../application/github/job-checks.ts';
import { withRunAgain } from '../application/github/run-again.ts';
import type { ClientCaller } from '../application/identity/caller.ts';
import { DomainError } from '../domain/errors.ts';
import { GithubError } from '../github-api/app-client.ts';
import { withinMs } from '../lib/timeout.ts';
import type { GithubParts } from './github.ts';

type LookUpCaller = (caller: ClientCaller) => Promise<ClientCaller>;

/** What GitHub takes to say how checks stand is not waited for longer: people decide without. */
const CHECKS_WITHIN_MS = 3_000;

/** The job with the checks of its commit, where the App says in time. */
export const lookUpChecks = ({ github, log }: Pick<GithubParts, 'github' | 'log'>): LookUpCaller => {
  if (!github) return (caller) => Promise.resolve(caller);
  return async (caller) => {
    try {
      const soon = await withinMs(withChecks({ log, github: github.api }, caller), CHECKS_WITHIN_MS);
      return soon.isThere ? soon.value : caller;
    } catch (error) {
      if (!(error instanceof GithubError)) throw error;
      log.warn({ err: error }, 'the checks of a commit could not be read');
      return caller;
    }
  };
};

/** Null where no App is set. A job whose attempt cannot be looked up has to try again: who may decide would be a guess. */
export const lookUpWhoRanAgain = ({ github, deps }: Omit<GithubParts, 'connection' | 'log'>): LookUpCaller | null => {
  if (!github) return null;
  return async (caller) => {
    try {
      return await withRunAgain({ ...deps, github: github.api }, caller);
    } catch (error) {
      if (!(error instanceof GithubError)) throw error;
      if (error.status === 404) return caller;
      throw new DomainError('lookup_failed', { what: 'the run on GitHub', why: error.message });
    }
  };
};
