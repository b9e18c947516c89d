/** A deployment waits on GitLab: it becomes a request of its client. Where it cannot be one, it is rejected with the reason. */
import { clientNamed, clientOf, issuerNamed } from '../../domain/clients/named.ts';
import { deploymentMismatch, jobOfDeployment } from '../../domain/gitlab/deployment.ts';
import type { Deployment, GitlabProject } from '../../domain/gitlab/deployment.ts';
import type { GateEntry } from '../../domain/github/entries.ts';
import { deploymentOf, deploymentReason } from '../../domain/policy/deployments.ts';
import type { GateOrigin } from '../../domain/requests/origin.ts';
import { requestDeployment } from '../github/request-outcome.ts';
import type { RequestOutcome } from '../github/request-outcome.ts';
import { peopleOfAccounts } from '../identity/accounts.ts';
import { callerFromSession } from '../identity/caller.ts';
import type { GitlabGate } from './gitlab-ports.ts';
import type { GitlabDeps } from './gitlab-deps.ts';

export type Waiting = { project: GitlabProject; deployment: Deployment; entries: readonly GateEntry[] };

type Fitting = { entry: GateEntry } | { refusal: string };

/** Two gates are none, as a token that fits two clients is none. */
const fittingOf = (deps: GitlabDeps, { project, deployment, entries }: Waiting): Fitting => {
  const policy = deps.policy();
  const tried = entries.flatMap((entry) => {
    const client = clientNamed(policy, entry.client);
    const issuer = client && issuerNamed(policy, client.issuer);
    return client && issuer ? [{ entry, failing: deploymentMismatch({ issuer, project, deployment }, client) }] : [];
  });
  const [only, ...others] = tried.filter(({ failing }) => failing === null);
  if (only && others.length === 0) return { entry: only.entry };
  if (only) return { refusal: 'This deployment fits two gates of the policy.' };
  const [first] = tried;
  const { claim = '', expected = '', found = '' } = first?.failing ?? {};
  return {
    refusal: `This deployment is not the client ${first?.entry.client}: ${claim} must be ${expected}, and is ${found}.`,
  };
};

const wantedBy = ({ access, client, environment }: GateEntry): NonNullable<GateEntry['access']> =>
  access ?? { target: deploymentOf(client), role: environment, durationMs: null };

const diffOf = async (deps: GitlabDeps, { project, deployment }: Waiting): Promise<string> => {
  const of = { projectId: project.id, environment: deployment.environment };
  const last = await deps.store.transaction((tx) => tx.gitlab.lastDeployed(of));
  const { sha } = deployment;
  return last === null || last === sha
    ? `${project.page}/-/commit/${sha}`
    : `${project.page}/-/compare/${last}...${sha}`;
};

const request = async (deps: GitlabDeps, waiting: Waiting, gate: GitlabGate): Promise<RequestOutcome> => {
  const fitting = fittingOf(deps, waiting);
  if ('refusal' in fitting) return fitting;
  const policy = deps.policy();
  const client = clientNamed(policy, fitting.entry.client);
  const issuer = client && issuerNamed(policy, client.issuer);
  if (!client || !issuer) return { refusal: 'The policy changed meanwhile; run it again.' };
  const { project, deployment } = waiting;
  const { environment, sha, pipeline } = deployment;
  const origin: GateOrigin = {
    kind: 'gate',
    id: gate.id,
    isClaimed: false,
    ...{ repositoryId: project.id, run: pipeline, attempt: 0, environment, sha },
    diffUrl: await diffOf(deps, waiting),
  };
  const job = jobOfDeployment({ issuer, project, deployment });
  const startedBy = await peopleOfAccounts(deps, issuer.name, [deployment.starter]);
  return requestDeployment(deps, gate.id, {
    caller: callerFromSession({ client: clientOf(client, issuer), job, startedBy }),
    ...wantedBy(fitting.entry),
    reason: `${deploymentReason(project.path, environment)}, pipeline ${pipeline}`,
    ticket: null,
    idempotencyKey: `gitlab:${job.key}`,
    from: { origin, startedBy },
  });
};

export const openDeployment = async (deps: GitlabDeps, waiting: Waiting): Promise<void> => {
  const { project, deployment } = waiting;
  const { id, job, pipeline, environment, sha } = deployment;
  const wanted = { projectId: project.id, projectPath: project.path, deployment: id, job, pipeline, environment, sha };
  const gate = await deps.store.transaction((tx) => tx.gitlab.openGate({ id: deps.ids.next(), ...wanted }));
  if (gate.isSettled || gate.requestId !== null || gate.refusal !== null) return;
  const decided = await request(deps, waiting, gate);
  await deps.store.transaction((tx) => tx.gitlab.setGate(gate.id, decided));
};
