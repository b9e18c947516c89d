/** The check on a pull request: what its request has come to, with a link. */
import { waitingFor } from '../queries/waiting-for.ts';
import { mustView } from '../record/must-find.ts';
import type { RequestView } from '../record/request-view.ts';
import type { GithubDeps } from './github-deps.ts';
import type { CheckShown } from './github-ports.ts';
import { saidOf } from './words.ts';

const CONCLUSIONS = {
  pending: null,
  approved: 'success',
  denied: 'failure',
  lapsed: 'failure',
  cancelled: 'cancelled',
} as const satisfies Record<RequestView['request']['state'], CheckShown['conclusion']>;

export const drawCheck = async (deps: GithubDeps, id: string): Promise<void> => {
  const row = await deps.store.transaction((tx) => tx.github.pull(id));
  if (!row || row.requestId === null) return;
  const view = await mustView(deps, row.requestId);
  const { request } = view;
  if (request.origin?.kind !== 'pull_request') return;
  const { sha } = request.origin.facts;
  const names = request.state === 'pending' ? await waitingFor(deps, view) : [];
  const link = await deps.linkTo(request.id);
  const { title, text } = saidOf(view, { link, waitingFor: names });
  const checkId = await deps.github.putCheck(row.repository, {
    id: row.checkSha === sha ? row.checkId : null,
    sha,
    name: `Latchkey: ${request.target}/${request.role}`,
    url: link,
    title,
    summary: text,
    conclusion: CONCLUSIONS[request.state],
  });
  await deps.store.transaction((tx) => tx.github.setPull(id, { checkId, checkSha: sha }));
};
