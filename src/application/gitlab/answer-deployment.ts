/** Notifies GitLab of what was decided: who, why; and starts the job, which GitLab does not do by itself. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { TURNS } from '../../lib/printable.ts';
import { closeRequest } from '../github/close-request.ts';
import { saidOf } from '../github/words.ts';
import { mustView } from '../record/must-find.ts';
import type { DeploymentAnswer, OpenGitlabGate } from './gitlab-ports.ts';
import type { GitlabDeps } from './gitlab-deps.ts';

/** The most that GitLab keeps: `deployment_approvals.comment`. */
const COMMENT_MAX = 255;
const UNSEEN = new RegExp(`[\\p{Cc}\\u2028\\u2029${TURNS}]+`, 'gu');
/** What `saidOf` escapes for Markdown; GitLab shows a comment as it is. */
const ESCAPED = /\\([\\`*_{}[\]<>()#+!|~&])/g;

const commentOf = (text: string): string => {
  const line = text.replaceAll(UNSEEN, ' ').replaceAll(ESCAPED, '$1').replaceAll('\u200B', '').trim();
  const signs = Array.from(line);
  return signs.length > COMMENT_MAX ? `${signs.slice(0, COMMENT_MAX - 1).join('')}…` : line;
};

const answerFor = async (
  deps: GitlabDeps,
  { requestId, refusal }: OpenGitlabGate,
): Promise<DeploymentAnswer | null> => {
  if (refusal !== null) return { status: 'rejected', comment: commentOf(refusal) };
  if (requestId === null) return null;
  const { state, text } = saidOf(await mustView(deps, requestId), { link: null, waitingFor: [] });
  return state === null ? null : { status: state, comment: commentOf(text) };
};

const settle = (deps: GitlabDeps, gate: OpenGitlabGate, status: DeploymentAnswer['status']): Promise<void> =>
  deps.store.transaction(async (tx) => {
    await tx.gitlab.setGate(gate.id, { isSettled: true });
    const { projectId: repositoryId, projectPath: repository, pipeline: run, environment, sha } = gate;
    await tx.audit.append({
      type: 'deployment.answered',
      actor: SYSTEM,
      requestId: gate.requestId,
      grantId: null,
      target: null,
      role: null,
      data: { state: status, repository, repositoryId, run, attempt: 0, environment, sha },
    });
  });

/** GitLab waits no more: another person decided there, or its job is over. What was approved and is in use stays. */
const letGo = (deps: GitlabDeps, gate: OpenGitlabGate): Promise<void> =>
  deps.store.transaction(async (tx) => {
    await tx.gitlab.setGate(gate.id, { isSettled: true });
    if (gate.requestId === null) return;
    const { requestId } = gate;
    const reason = 'The deployment no longer waits on GitLab.';
    await closeRequest(tx, null, { requestId, cause: 'cancelled', reason, keepsUsed: true });
  });

/** Where GitLab wants more approvals than this one, the last of them starts the job. */
const start = async (deps: GitlabDeps, { projectId, deployment: id, job }: OpenGitlabGate): Promise<void> => {
  const deployment = await deps.gitlab.deployment(projectId, id);
  if (!deployment || deployment.missingApprovals > 0) return;
  if ((await deps.gitlab.play(projectId, job)) === 'gone')
    deps.log.info({ projectId, job }, 'the approved job of GitLab was started or is over');
};

/** One that is not decided here may have been decided there. `refused`: what GitLab said where it took no answer although it waits. */
export const lookAtDeployment = async (
  deps: GitlabDeps,
  gate: OpenGitlabGate,
  refused: string | null = null,
): Promise<void> => {
  const deployment = await deps.gitlab.deployment(gate.projectId, gate.deployment);
  if (!deployment?.isBlocked) return letGo(deps, gate);
  if (refused !== null) throw new Error(`${refused} It still waits: check that the token may approve it.`);
};

export const answerDeployment = async (deps: GitlabDeps, gate: OpenGitlabGate): Promise<void> => {
  const answer = await answerFor(deps, gate);
  if (answer === null) return;
  const of = { projectId: gate.projectId, id: gate.deployment };
  const { refused } = await deps.gitlab.answer(of, answer);
  if (refused !== null) return lookAtDeployment(deps, gate, refused);
  await settle(deps, gate, answer.status);
  if (answer.status === 'approved') await start(deps, gate);
};
