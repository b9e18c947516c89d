/**
 * Looks for deployments that wait on GitLab, and answers those that are decided. GitLab sends no event when a deployment waits, so it is
 * asked; an event of a job is a reason to ask at once.
 */
import { clientNamed, issuerNamed } from '../../domain/clients/named.ts';
import type { GateEntry } from '../../domain/github/entries.ts';
import { createRound } from '../../lib/round.ts';
import type { Round } from '../../lib/round.ts';
import { answerDeployment, lookAtDeployment } from './answer-deployment.ts';
import type { OpenGitlabGate } from './gitlab-ports.ts';
import type { GitlabDeps } from './gitlab-deps.ts';
import { openDeployment } from './open-deployment.ts';

const BATCH = 100;

/** How far the looks have come: more may wait for long, or be refused again and again, than one look goes through. */
export type GitlabRounds = { decided: Round<OpenGitlabGate>; undecided: Round<OpenGitlabGate> };

export const createGitlabRounds = (): GitlabRounds => ({ decided: createRound(BATCH), undecided: createRound(BATCH) });

type Place = { projectId: string; environment: string; entries: GateEntry[] };

/** Gates of clients of the instance that the token is for, by project and environment. */
export const gitlabPlaces = ({ policy, instance }: Pick<GitlabDeps, 'policy' | 'instance'>): Place[] => {
  const { gates, clients, issuers } = policy();
  const places = new Map<string, Place>();
  for (const entry of gates) {
    const client = clientNamed({ clients }, entry.client);
    const issuer = client && issuerNamed({ issuers }, client.issuer);
    const projectId = client?.project?.id ?? null;
    if (issuer?.kind !== 'gitlab' || projectId === null || issuer.url.replace(/\/+$/, '') !== instance) continue;
    const key = JSON.stringify([projectId, entry.environment]);
    const known = places.get(key) ?? { projectId, environment: entry.environment, entries: [] };
    places.set(key, { ...known, entries: [...known.entries, entry] });
  }
  return [...places.values()];
};

/** One that fails holds up none of the others. @returns how many failed */
const each = async <T>(deps: GitlabDeps, items: readonly T[], look: (item: T) => Promise<void>): Promise<number> => {
  let failed = 0;
  for (const item of items) {
    try {
      await look(item);
    } catch (error) {
      failed += 1;
      deps.log.warn({ err: error }, 'GitLab could not be asked; the next look tries again');
    }
  }
  return failed;
};

const lookInto = async (deps: GitlabDeps, { projectId, environment, entries }: Place): Promise<void> => {
  const blocked = await deps.gitlab.blocked(projectId, environment);
  const project = blocked.length > 0 ? await deps.gitlab.project(projectId) : null;
  if (project) await each(deps, blocked, (deployment) => openDeployment(deps, { project, deployment, entries }));
};

const openGates = (deps: GitlabDeps, rounds: GitlabRounds, of: keyof GitlabRounds): Promise<OpenGitlabGate[]> =>
  deps.store.transaction(({ gitlab }) =>
    rounds[of]((after, limit) => gitlab.openGates({ isDecided: of === 'decided', after, limit })),
  );

/** What was decided goes out. This asks GitLab nothing where nothing was. @returns how many answers failed */
export const answerGitlab = async (deps: GitlabDeps, rounds: GitlabRounds): Promise<number> =>
  each(deps, await openGates(deps, rounds, 'decided'), (gate) => answerDeployment(deps, gate));

export const lookAtGitlab = async (deps: GitlabDeps, rounds: GitlabRounds): Promise<void> => {
  await each(deps, gitlabPlaces(deps), (place) => lookInto(deps, place));
  await each(deps, await openGates(deps, rounds, 'undecided'), (gate) => lookAtDeployment(deps, gate));
};
