/** One piece of work of GitHub, by its subject: a delivery that came, a gate to answer, a pull request to draw. */
import type { GithubEvent } from '../../domain/github/events.ts';
import { answerGate, lookAtDeployment } from './answer-gate.ts';
import { drawCheck } from './draw-check.ts';
import { endJob, endRun } from './end-jobs.ts';
import { followPull } from './follow-pull.ts';
import type { GithubDeps } from './github-deps.ts';
import { openGate } from './open-gate.ts';

const handleEvent = async (deps: GithubDeps, event: GithubEvent, key: string): Promise<void> => {
  const repositoryId = event.repository.id;
  if (event.kind === 'gate_requested') return openGate(deps, event);
  if (event.kind === 'job_completed') return endJob(deps, { ...event, repositoryId });
  if (event.kind === 'run_completed') return endRun(deps, { ...event, repositoryId }, event);
  if (event.kind === 'deployment_changed') return lookAtDeployment(deps, { ...event, repositoryId });
  return followPull(deps, event, key);
};

export const handleGithub = async (deps: GithubDeps, subject: string): Promise<void> => {
  const at = subject.indexOf(':');
  const [kind, id] = [subject.slice(0, at), subject.slice(at + 1)];
  if (kind === 'gate') return answerGate(deps, id);
  if (kind === 'pull') return drawCheck(deps, id);
  const event = await deps.store.transaction((tx) => tx.github.delivery(id));
  if (event) await handleEvent(deps, event, id);
};
