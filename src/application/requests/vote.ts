/** An approver agrees or refuses. Who may do so is read now; the vote, the count and the decision are one transaction. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import { mustView } from '../record/must-find.ts';
import { prepareVoteContext, refusalOf } from './vote-context.ts';
import type { VoteContext, VoteResult } from './vote-context.ts';
import { castVote } from './count-votes.ts';
import type { Counted } from './count-votes.ts';
import { lockToDecide } from './lock-to-decide.ts';
import { isLimit, limitOf } from '../decisions/limits.ts';
import type { Deps, Tx } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';
import type { VoteKind } from '../../domain/requests/vote.ts';

export const vote = async (deps: Deps, input: VoteInput): Promise<VoteResult> => {
  const voteContext = await prepareVoteContext(deps, input);
  return decidedBy(deps, voteContext, (tx) => count(deps, tx, { voteContext, input }));
};

/** A vote that would give the requester more than one person may have changes nothing; it can be cast again. */
export const decidedBy = async (
  deps: Deps,
  voteContext: VoteContext,
  work: (tx: Tx) => Promise<Counted>,
): Promise<VoteResult> => {
  const { voter, request, requester } = voteContext;
  const counted = await deps.store.transaction(work).catch((error: unknown) => {
    if (isLimit(error)) return refuse(deps, refusalOf(voter, request), limitOf(error, requester.name));
    throw error;
  });
  return answer(deps, voteContext, counted);
};

/** A refusal is recorded, and says who decided meanwhile. */
const answer = async (deps: Deps, voteContext: VoteContext, counted: Counted): Promise<VoteResult> => {
  const view = await mustView(deps, voteContext.request.id);
  if (counted.outcome !== 'refused') return { outcome: counted.outcome, view };
  const facts = {
    ...counted.facts,
    state: view.request.state,
    by: view.decidedBy?.name ?? null,
    at: view.request.decidedAt?.toISOString() ?? null,
  };
  return refuse(deps, refusalOf(voteContext.voter, voteContext.request), new DomainError(counted.code, facts));
};

const count = async (
  deps: Deps,
  tx: Tx,
  { voteContext, input }: { voteContext: VoteContext; input: VoteInput },
): Promise<Counted> => {
  const locked = await lockToDecide(tx, { judged: voteContext.request, shown: input.shown ?? null });
  if ('outcome' in locked) return locked;
  const { request } = locked;
  return castVote(deps, tx, { voteContext, request, kind: input.kind, reason: input.reason, isRepeatFine: false });
};

/** `shown`: the fingerprint of what the voter was shown; null on a message from before they had one. */
export type VoteInput = {
  caller: PersonCaller;
  requestId: string;
  kind: VoteKind;
  reason: string | null;
  shown?: string | null;
};
