/** Sends GitHub what was decided of a deployment: who, why, and where to read it. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { waitingFor } from '../queries/waiting-for.ts';
import { mustView } from '../record/must-find.ts';
import { endRun } from './end-jobs.ts';
import type { GithubDeps } from './github-deps.ts';
import type { Gate } from './github-ports.ts';
import { cutTo, plain, saidOf } from './words.ts';
import type { Said } from './words.ts';

const REFUSAL_MAX = 1000;

const answerFor = async (deps: GithubDeps, gate: Gate): Promise<(Said & { requestId: string | null }) | null> => {
  const { requestId, refusal } = gate;
  if (refusal !== null) {
    const text = cutTo(plain(refusal), REFUSAL_MAX);
    return { state: 'rejected', title: text, text, requestId: null };
  }
  if (requestId === null) return null;
  const view = await mustView(deps, requestId);
  const names = view.request.state === 'pending' ? await waitingFor(deps, view) : [];
  return { ...saidOf(view, { link: await deps.linkTo(requestId), waitingFor: names }), requestId };
};

type Answered = { gate: Gate; state: 'approved' | 'rejected'; requestId: string | null };

const settle = (deps: GithubDeps, { gate, state, requestId }: Answered): Promise<void> =>
  deps.store.transaction(async (tx) => {
    await tx.github.setGate(gate.id, { isSettled: true });
    const { repository, run, attempt, environment, sha } = gate;
    await tx.audit.append({
      type: 'deployment.answered',
      actor: SYSTEM,
      requestId,
      grantId: null,
      target: null,
      role: null,
      data: { state, repository: repository.fullName, repositoryId: repository.id, run, attempt, environment, sha },
    });
  });

/** GitHub takes no answer: the run is over, or it is another attempt, or it does not wait yet and is answered again by the sweep. */
const lookAgain = async (deps: GithubDeps, gate: Gate): Promise<void> => {
  const { repository, attempt } = gate;
  const run = await deps.github.run(repository, gate.run);
  if (run && !run.isCompleted && run.attempt === attempt) return;
  await endRun(
    deps,
    { repositoryId: repository.id, run: gate.run, attempt },
    { isCancelled: run?.isCancelled ?? false },
  );
  await deps.store.transaction((tx) => tx.github.setGate(gate.id, { isSettled: true }));
};

export const answerGate = async (deps: GithubDeps, id: string): Promise<void> => {
  const gate = await deps.store.transaction((tx) => tx.github.gate(id));
  if (!gate || gate.settledAt !== null) return;
  const said = await answerFor(deps, gate);
  if (!said || (said.state === null && gate.isReported)) return;
  const { state, text, requestId } = said;
  const { repository, run, environment } = gate;
  const outcome = await deps.github.review(repository, { run, environment, state, comment: text });
  if (outcome === 'gone') return lookAgain(deps, gate);
  if (state !== null) return settle(deps, { gate, state, requestId });
  await deps.store.transaction((tx) => tx.github.setGate(id, { isReported: true }));
};

export const lookAtGate = async (deps: GithubDeps, gate: Gate): Promise<void> => {
  await lookAgain(deps, gate);
  await answerGate(deps, gate.id);
};

type Deployment = { repositoryId: string; run: string; environment: string };

/** GitHub says that a deployment changed: another rule rejected it, an administrator let it through, or it is over. The run says which. */
export const lookAtDeployment = async (deps: GithubDeps, of: Deployment): Promise<void> => {
  const gates = await deps.store.transaction((tx) => tx.github.waitingGates(of));
  for (const gate of gates) await lookAtGate(deps, gate);
};
