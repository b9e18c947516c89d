/** What became of a pull request: read anew at each of its events, whatever the order they come in. */
import { isDeepStrictEqual } from 'node:util';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { GithubEvent } from '../../domain/github/events.ts';
import { fingerprintOfJson } from '../../domain/requests/fingerprint.ts';
import type { PullRequestOrigin } from '../../domain/requests/origin.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { RequestView } from '../record/request-view.ts';
import type { Tx } from '../deps.ts';
import { accountsOnce } from '../../domain/principals/account-behind.ts';
import { factsOf, requestForPull, jobOfPull, obstacleOf, originOf } from './request-for-pull.ts';
import type { Pulled } from './pulled.ts';
import { behindPull } from './behind-pull.ts';
import type { Sender } from './behind-pull.ts';
import { closeRequest } from './close-request.ts';
import type { Closing } from './close-request.ts';
import { DELIVERIES_KEPT_MS, subjectText } from './github-deps.ts';
import { checksOfPull } from './job-checks.ts';
import type { GithubDeps } from './github-deps.ts';
import { plain } from './words.ts';

type PullEvent = Extract<GithubEvent, { kind: 'pull_request' }>;
/** `key` names the delivery, so that one that is worked on twice requests once. */
type Following = Pulled & { event: PullEvent; key: string };

const ASKING_AGAIN = new Set(['opened', 'reopened', 'ready_for_review', 'edited']);

const viewOf = async (deps: GithubDeps, { row }: Pulled): Promise<RequestView | null> =>
  row.requestId === null ? null : deps.store.read.view(row.requestId);

/** Says it once, until something else is to be said. */
const say = async (deps: GithubDeps, { row, pull }: Pulled, text: string): Promise<void> => {
  if (row.said === text) return;
  await deps.github.comment(row.repository, pull.number, text);
  await deps.store.transaction((tx) => tx.github.setPull(row.id, { said: text }));
};

const close = async (
  deps: GithubDeps,
  view: RequestView | null,
  closing: Omit<Closing, 'requestId' | 'cause'>,
): Promise<void> => {
  if (!view) return;
  const { request, grant } = view;
  const all = { requestId: request.id, cause: 'cancelled', ...closing } as const;
  await deps.store.transaction((tx) => closeRequest(tx, grant?.id ?? null, all));
};

const isUnclaimed = ({ request, grant }: RequestView): boolean =>
  request.state === 'approved' && request.origin?.isClaimed === false && grant?.state === 'activating';

const shaIn = ({ request }: RequestView): string =>
  request.origin?.kind === 'pull_request' ? request.origin.facts.sha : '';

/** What rules see of it is as it was: its commit, its labels, its base. */
const isSameFacts = ({ origin }: Request, { pull }: Pulled): boolean => {
  if (origin?.kind !== 'pull_request') return false;
  const [before, after] = [origin.facts, factsOf(pull)].map((facts) =>
    // In any order they are the same labels.
    fingerprintOfJson({ ...facts, labels: facts.labels.toSorted() }),
  );
  return before === after;
};

/**
 * The one who pushed is not known to be behind it: another event, worked on first, read their commit. What the commit says of its author
 * is what they wrote there.
 */
const isOfNewPusher = ({ event, entry: { issuer } }: Following, { accounts }: Request): boolean =>
  event.action === 'synchronize' && !accounts.some((one) => one.issuer === issuer && one.id === event.sender.id);

/** What was judged and shown is not what is there now. */
const isMoved = (following: Following, request: Request): boolean =>
  !isSameFacts(request, following) || isOfNewPusher(following, request);

/** Why votes are void. */
const changeOf = (before: string, following: Following): string => {
  const { pull, event } = following;
  const isPushed = before !== pull.sha || event.action === 'synchronize';
  return isPushed ? `new commit ${pull.sha.slice(0, 12)}` : 'other labels, or another base';
};

const voidVotes = async (tx: Tx, request: Request, why: string): Promise<void> => {
  const { id: requestId, target, role } = request;
  const subject = { actor: SYSTEM, requestId, grantId: null, target, role } as const;
  for (const { voterId } of await tx.votes.list(requestId)) {
    await tx.votes.remove(requestId, voterId);
    await tx.audit.append({ ...subject, type: 'vote.voided', data: { voter: voterId, why } });
  }
};

const senderOf = ({ sender: account, action }: PullEvent): Sender => ({ account, action });

type Moved = Pick<PullRequestOrigin, 'diffUrl'> & { isRefreshed?: true };

/** At the same commit there is nothing to compare. */
const movedFrom = (before: PullRequestOrigin, { pull }: Pulled): Moved => {
  if (before.facts.sha === pull.sha) return { diffUrl: before.diffUrl, isRefreshed: true };
  const base = pull.url.replace(/\/pull\/\d+$/, '');
  return { diffUrl: `${base}/compare/${before.facts.sha}...${pull.sha}` };
};

/** What they looked at is not what is there now: votes are void, and the message shows the new commit, or rules see the new labels. */
const moveTo = async (deps: GithubDeps, following: Following, view: RequestView): Promise<void> => {
  const { pull, event } = following;
  const behind = await behindPull(deps, following, senderOf(event));
  const checks = await checksOfPull(deps, following.row, pull.sha);
  await deps.store.transaction(async (tx) => {
    const request = await tx.requests.lock(view.request.id);
    if (request?.state !== 'pending' || request.origin?.kind !== 'pull_request') return;
    if (!isMoved(following, request)) return;
    const before = request.origin.facts.sha;
    await voidVotes(tx, request, changeOf(before, following));
    const { isClaimed, labeller } = request.origin;
    await tx.prepared.setOrigin(request.id, {
      origin: originOf(following, { isClaimed, labeller, ...movedFrom(request.origin, following), ...checks }),
      startedBy: [...new Set([...request.startedBy, ...behind.startedBy])],
      accounts: accountsOnce([...request.accounts, ...behind.accounts]),
      // A job that has it goes on with it while the commit is the same.
      job: before === pull.sha ? null : request.job && jobOfPull(following),
    });
    const { id: requestId, target, role } = request;
    const data = { before, sha: pull.sha };
    await tx.audit.append({ actor: SYSTEM, requestId, grantId: null, target, role, type: 'request.pushed', data });
    await tx.outbox.add('notify', requestId);
    await tx.outbox.add('github', subjectText({ kind: 'pull', id: following.row.id }));
  });
};

const isMergeOf = ({ entry, pull }: Pulled): boolean =>
  entry.to.kind === 'client' && pull.isMerged && pull.mergeSha !== null;

/** The job that deploys the merge may still use what was approved. */
const noteMerge = async (deps: GithubDeps, following: Following, view: RequestView): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const request = await tx.requests.lock(view.request.id);
    if (request?.origin?.kind !== 'pull_request' || request.origin.isClaimed) return;
    const origin = { ...request.origin, mergeSha: following.pull.mergeSha };
    await tx.prepared.setOrigin(request.id, {
      origin,
      startedBy: request.startedBy,
      accounts: request.accounts,
      job: null,
    });
  });

const closed = async (deps: GithubDeps, following: Following): Promise<void> => {
  const { pull, entry } = following;
  const view = await viewOf(deps, following);
  if (view && pull.labels.includes(entry.label) && isMergeOf(following) && isUnclaimed(view))
    return noteMerge(deps, following, view);
  const word = pull.isMerged ? 'was merged' : pull.isOpen ? 'lost its label' : 'was closed';
  // A job that has begun goes on to its own end.
  await close(deps, view, { reason: `The pull request ${word}.`, keepsUsed: entry.to.kind === 'client' });
};

const isRequested = ({ event, entry, row }: Following, view: RequestView | null): boolean =>
  (event.action === 'labeled' && event.label === entry.label) ||
  (ASKING_AGAIN.has(event.action) && (view === null || view.request.state === 'cancelled')) ||
  (row.requestId === null && row.said !== null && event.action === 'synchronize');

const isLive = ({ request, grant }: RequestView): boolean =>
  request.state === 'pending' ||
  (request.state === 'approved' && (grant?.state === 'activating' || grant?.state === 'active'));

const sendRequest = async (deps: GithubDeps, following: Following): Promise<void> => {
  const { row, event, key } = following;
  const made = await requestForPull(deps, following, { sender: senderOf(event), key: `pull:${row.id}:${key}` });
  if ('refusal' in made) return say(deps, following, `Latchkey requested no access. ${plain(made.refusal)}`);
  await deps.store.transaction(async (tx) => {
    await tx.github.setPull(row.id, { requestId: made.requestId, said: null });
    await tx.outbox.add('github', subjectText({ kind: 'pull', id: row.id }));
  });
  await catchUp(deps, following, made.requestId);
};

/** An event that was worked on before the pull request had its request changed nothing of it: what is there by now is looked at once more. */
const catchUp = async (deps: GithubDeps, following: Following, requestId: string): Promise<void> => {
  const { row, pull: before } = following;
  const pull = await deps.github.pull(row.repository, before.number);
  if (!pull || isDeepStrictEqual(pull, before)) return;
  await follow(deps, { ...following, pull, row: { ...row, requestId, said: null } });
};

const follow = async (deps: GithubDeps, following: Following): Promise<void> => {
  const { pull, entry } = following;
  if (!pull.isOpen || !pull.labels.includes(entry.label)) return closed(deps, following);
  const view = await viewOf(deps, following);
  const obstacle = obstacleOf(following);
  if (obstacle !== null) {
    await close(deps, view, { reason: obstacle, keepsUsed: true });
    return say(deps, following, obstacle);
  }
  if (view?.request.state === 'pending' && isMoved(following, view.request)) return moveTo(deps, following, view);
  if (view && isUnclaimed(view) && (shaIn(view) !== pull.sha || isOfNewPusher(following, view.request))) {
    await close(deps, view, { reason: 'Another commit was pushed before it was used.', keepsUsed: true });
    return sendRequest(deps, following);
  }
  if (view && isLive(view)) return;
  if (isRequested(following, view)) await sendRequest(deps, following);
};

/** As long as a delivery is known again: what is older is somebody's repeat of it. */
const isOld = async ({ store }: GithubDeps, { at }: PullEvent): Promise<boolean> =>
  at !== undefined && (await store.read.now()).getTime() - Date.parse(at) > DELIVERIES_KEPT_MS;

export const followPull = async (deps: GithubDeps, event: PullEvent, key: string): Promise<void> => {
  const { repository, number, sender } = event;
  if (await isOld(deps, event)) return;
  const entries = deps.policy().pullRequests.filter((entry) => entry.repository.id === repository.id);
  if (entries.length === 0) return;
  const pull = await deps.github.pull(repository, number);
  if (!pull) return;
  const known = await deps.store.transaction((tx) => tx.github.pullsOf({ repositoryId: repository.id, number }));
  for (const entry of entries) {
    const { label } = entry;
    if (!pull.labels.includes(label) && !known.some((one) => one.label === label)) continue;
    const row = await deps.store.transaction((tx) =>
      tx.github.openPull({ id: deps.ids.next(), repository, number, label }),
    );
    const isLabelled = event.action === 'labeled' && event.label === label;
    if (isLabelled) await deps.store.transaction((tx) => tx.github.setPull(row.id, { labeller: sender }));
    await follow(deps, { entry, pull, row: { ...row, labeller: isLabelled ? sender : row.labeller }, event, key });
  }
};
