/** How the checks of a job's commit stand on GitHub, as the App sees them: for the people who decide, when it is requested. */
import type { ClientCaller } from '../identity/caller.ts';
import { callerFromSession } from '../identity/caller.ts';
import { checksText } from '../../domain/github/checks.ts';
import type { Deps } from '../deps.ts';
import type { Github, Pull } from './github-ports.ts';

type CheckDeps = Pick<Deps, 'log'> & { github: Pick<Github, 'checks'> };

/** The job that requests is a check of its own, and runs. */
const ownCheckOf = (key: string): string | null => {
  const parts: unknown = JSON.parse(key);
  const last: unknown = Array.isArray(parts) ? parts.at(-1) : null;
  return typeof last === 'string' ? last : null;
};

/** As it was where GitHub cannot be asked, or the App may not see checks: nothing is decided by it. */
export const withChecks = async (deps: CheckDeps, caller: ClientCaller): Promise<ClientCaller> => {
  const { client, job } = caller;
  if (client.issuerKind !== 'github' || job.sha === '') return caller;
  const repository = { id: job.repositoryId, fullName: job.repository, installation: '' };
  const found = await deps.github.checks(repository, job.sha);
  const own = ownCheckOf(job.key);
  const checks = found && checksText(found.filter(({ id }) => id !== own));
  return checks === null ? caller : callerFromSession({ ...caller, job: { ...job, checks } });
};

/** Of a pull request, without the check that Latchkey itself keeps on it. */
export const checksOfPull = async (
  { github }: Pick<CheckDeps, 'github'>,
  { repository, checkId }: Pick<Pull, 'repository' | 'checkId'>,
  sha: string,
): Promise<{ checks?: string }> => {
  const found = await github.checks(repository, sha);
  const checks = found && checksText(found.filter(({ id }) => id !== checkId));
  return checks === null ? {} : { checks };
};
