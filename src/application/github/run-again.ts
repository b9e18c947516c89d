/**
 * Who ran a job again. The token of GitHub names who started the first attempt, on every attempt. The App looks up who is behind this one, so
 * that neither of them counts as the other's approver.
 */
import type { ClientCaller } from '../identity/caller.ts';
import { callerFromSession } from '../identity/caller.ts';
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import { issuerNamed } from '../../domain/clients/named.ts';
import type { Deps } from '../deps.ts';
import type { Github } from './github-ports.ts';

type RunDeps = Pick<Deps, 'policy'> & { github: Pick<Github, 'run'> };

/** Throws where GitHub cannot be asked now. As it was where the App does not see the run: the job's words then say that it was run again. */
export const withRunAgain = async (deps: RunDeps, caller: ClientCaller): Promise<ClientCaller> => {
  const { client, job, startedBy } = caller;
  if (client.issuerKind !== 'github' || job.attempt <= 1) return caller;
  const issuer = issuerNamed(deps.policy(), client.issuer);
  const run = await deps.github.run({ id: job.repositoryId, fullName: job.repository, installation: '' }, job.run);
  if (!issuer || !run || run.attempt !== job.attempt) return caller;
  const starter: AccountBehind = { issuer: issuer.name, ...run.starter, by: 'ran_again', emails: [] };
  return callerFromSession({
    client,
    job: { ...job, ranAgainBy: run.starter.login },
    startedBy,
    accounts: [{ ...starter, ...run.actor, by: 'started' }, starter],
  });
};
