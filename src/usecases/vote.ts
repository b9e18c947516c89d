/** An approver agrees or refuses. Who may do so is read now; the vote, the count and the decision are one transaction. */
import { DomainError } from '../core/errors.ts';
import { mustView } from './ask.ts';
import { closedCode, prepareBallot, refusalOf } from './ballot.ts';
import type { Ballot } from './ballot.ts';
import { castVote } from './count-votes.ts';
import type { Counted } from './count-votes.ts';
import { isLimit, limitOf } from './limits.ts';
import type { Deps, Tx } from './ports.ts';
import { refuse } from './refuse.ts';
import type { VoteInput, VoteResult } from './types.ts';

export const vote = async (deps: Deps, input: VoteInput): Promise<VoteResult> => {
  const ballot = await prepareBallot(deps, input);
  return decidedBy(deps, ballot, (tx) => count(deps, tx, { ballot, input }));
};

/** A vote that would give the requester more than one person may have changes nothing; it can be cast again. */
export const decidedBy = async (
  deps: Deps,
  ballot: Ballot,
  work: (tx: Tx) => Promise<Counted>,
): Promise<VoteResult> => {
  const { voter, request, requester } = ballot;
  const counted = await deps.store.transaction(work).catch((error: unknown) => {
    if (isLimit(error)) return refuse(deps, refusalOf(voter, request), limitOf(error, requester.name));
    throw error;
  });
  return answer(deps, ballot, counted);
};

/** A refusal is recorded, and says who decided meanwhile. */
const answer = async (deps: Deps, ballot: Ballot, counted: Counted): Promise<VoteResult> => {
  const view = await mustView(deps, ballot.request.id);
  if (counted.outcome !== 'refused') return { outcome: counted.outcome, view };
  const facts = {
    ...counted.facts,
    state: view.request.state,
    by: view.decidedBy?.name ?? null,
    at: view.request.decidedAt?.toISOString() ?? null,
  };
  return refuse(deps, refusalOf(ballot.voter, ballot.request), new DomainError(counted.code, facts));
};

const count = async (deps: Deps, tx: Tx, { ballot, input }: { ballot: Ballot; input: VoteInput }): Promise<Counted> => {
  const [request, now] = await Promise.all([tx.requests.lock(input.requestId), tx.now()]);
  if (!request) throw new DomainError('request_not_found', { id: input.requestId });
  const closed = closedCode(request, now);
  if (closed) return { outcome: 'refused', code: closed };
  // Somebody made it smaller between the look-ups and the lock: what was judged is not what is asked now.
  const isOther = request.role !== ballot.request.role || request.durationMs !== ballot.request.durationMs;
  if (isOther) return { outcome: 'refused', code: 'conflict' };
  return castVote(deps, tx, { ballot, request, kind: input.kind, reason: input.reason, isRepeatFine: false });
};
