/** Writes one vote, counts all of them by who may vote now, and decides when they are enough. Runs inside the voter's transaction. */
import { DomainError } from '../../domain/errors.ts';
import type { ErrorCode, Facts } from '../../domain/errors.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { humansAmong } from '../../domain/principals/identity.ts';
import { tally } from '../../domain/requests/tally.ts';
import type { Tally } from '../../domain/requests/tally.ts';
import type { Person } from '../../domain/principals/person.ts';
import { humanIn, idsBehind } from '../../domain/principals/requester.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Vote, VoteKind } from '../../domain/requests/vote.ts';
import { countingAhead, holdingAt, noteOf } from '../decisions/pre-approvals.ts';
import { approveRequest } from './approve-request.ts';
import type { VoteContext } from './vote-context.ts';
import { everyoneOf, fillersOf, rightOf } from '../decisions/eligible-approvers.ts';
import { scheduleOf } from '../decisions/evaluate.ts';
import { managersOf } from '../decisions/named-ids.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { Deps, Tx } from '../deps.ts';
import { decideRequest } from './transitions.ts';

export type Counted = { outcome: 'counted' | 'decided' } | { outcome: 'refused'; code: ErrorCode; facts?: Facts };
type Cast = Vote & { voter: Person };
export type Casting = {
  ballot: VoteContext;
  /** Locked, pending, and asking for what the ballot was judged by. */
  request: Request;
  kind: VoteKind;
  reason: string | null;
  /** True where the vote carries more than itself, so that a repeat is no mistake. */
  isRepeatFine: boolean;
};

export const castVote = async (deps: Deps, tx: Tx, casting: Casting): Promise<Counted> => {
  const { ballot, request, kind, reason } = casting;
  const { voter, requester, electors } = ballot;
  if (kind === 'approve') demandKnownDenial(ballot);
  const before = await tx.votes.list(request.id);
  const right = rightOf(voter, electors, before);
  if (right.kind === 'used') return { outcome: 'refused', code: 'stead_used', facts: { name: right.of.name } };
  const absent = right.kind === 'stead' ? right.of : null;
  for (const person of [requester, voter, ...(absent ? [absent] : [])]) await tx.principals.upsert(person);
  const vote = { requestId: request.id, voterId: voter.id, kind, reason, inSteadOf: absent?.id ?? null };
  const [put, votes] = await Promise.all([tx.votes.put(vote), tx.votes.list(request.id)]);
  if (put === 'exists' && !casting.isRepeatFine) return { outcome: 'refused', code: 'already_voted' };
  if (put !== 'exists') await recordVote(tx, casting, { absent, isChanged: put === 'changed' });
  await storeJudged(tx, ballot, request);
  const ahead = kind === 'approve' ? await heldAhead(tx, { ballot, request, votes }) : [];
  const all = [...votes, ...ahead.map((allowance) => voteOf(request, allowance))];
  const result = countVotes(ballot, all);
  if (kind === 'approve') demandNeededGroups(ballot, all, result);
  return settle(deps, tx, { ...casting, votes: all, ahead, result });
};

type Holding = { ballot: VoteContext; request: Request; votes: readonly Cast[] };

/** Allowances that count as votes here; none of them is taken back before this transaction ends. */
const heldAhead = async (tx: Tx, { ballot, request, votes }: Holding): Promise<PreApprovalView[]> => {
  if (!ballot.hasAllowances) return [];
  const { target, role, requesterId: personId } = request;
  const held = await tx.allowances.hold({ personId, target, role });
  return countingAhead(holdingAt(held, request.startsAt), { electors: ballot.electors, votes });
};

const voteOf = (request: Request, { by, createdAt }: PreApprovalView): Cast => ({
  requestId: request.id,
  voterId: by.id,
  kind: 'approve',
  reason: null,
  inSteadOf: null,
  createdAt,
  voter: by,
});

/** A denial is final, so it is not made because a group of the requester could not be read just now. */
const demandKnownDenial = ({ verdict, unread }: VoteContext): void => {
  if (verdict.decision === 'deny' && unread) throw unread;
};

/** A vote that would decide, were an unreadable group as the votes need it, is not stored: cast again, it decides. */
const demandNeededGroups = (ballot: VoteContext, votes: readonly Cast[], result: Tally): void => {
  const [failure] = ballot.electors.flatMap(({ failures }) => failures);
  if (!failure || ballot.verdict.decision !== 'ask' || result.isSatisfied) return;
  const voters = votes.map(({ voter }) => voter);
  const electors = ballot.electors.map((one) =>
    one.failures.length > 0 ? { ...one, members: [...one.members, ...voters] } : one,
  );
  if (countVotes({ ...ballot, electors }, votes).isSatisfied) throw failure;
};

const recordVote = (
  tx: Tx,
  { ballot, request, kind, reason }: Casting,
  { absent, isChanged }: { absent: Person | null; isChanged: boolean },
): Promise<void> =>
  tx.audit.append({
    type: 'vote.cast',
    actor: actorOf(ballot.voter),
    requestId: request.id,
    grantId: null,
    target: request.target,
    role: request.role,
    data: { kind, reason, policy: ballot.policy.sha256, onBehalfOf: absent?.id ?? null, isChanged },
  });

/** What the messages show and the next vote builds on: the rule of now, with its reminders and its escalation. */
const storeJudged = async (tx: Tx, { policy, verdict, requirements }: VoteContext, request: Request): Promise<void> => {
  if (verdict.decision !== 'ask') return;
  const isInOrder = verdict.isInOrder;
  await tx.requests.setRule(request.id, { rule: verdict.rule, policySha256: policy.sha256, requirements, isInOrder });
  const isOther = policy.sha256 !== request.policySha256 || verdict.rule !== request.rule;
  if (isOther) await tx.requests.setSchedule(request.id, scheduleOf(verdict));
};

const countVotes = (ballot: VoteContext, votes: readonly Cast[]): Tally => {
  const { requirements, electors, requester, verdict, request } = ballot;
  const fillers = electors.map((one) => fillersOf(one, votes));
  return tally({
    requirements,
    isInOrder: verdict.decision === 'ask' ? verdict.isInOrder : request.isInOrder,
    votes: votes.map(({ voterId, kind }) => ({ personId: voterId, kind })),
    requester: idsBehind(requester),
    members: (index) => fillers[index] ?? new Set(),
    humanOf: humansAmong([...humanIn(requester), ...votes.map(({ voter }) => voter), ...everyoneOf(electors)]),
  });
};

type Settling = Casting & { votes: readonly Cast[]; ahead: readonly PreApprovalView[]; result: Tally };

const settle = async (deps: Deps, tx: Tx, settling: Settling): Promise<Counted> => {
  const { ballot, kind, request, reason, result } = settling;
  const { verdict, voter } = ballot;
  if (kind === 'deny') {
    await deny(deps, tx, { request, ballot, reason, byPersonId: voter.id });
    return { outcome: 'decided' };
  }
  if (verdict.decision === 'deny') {
    await deny(deps, tx, { request, ballot, reason: verdict.message, byPersonId: null });
    return { outcome: 'decided' };
  }
  const tooLong = request.durationMs > verdict.capMs;
  if (tooLong) throw new DomainError('duration_over_cap', { durationMs: request.durationMs, capMs: verdict.capMs });
  if (verdict.decision === 'ask' && !result.isSatisfied) {
    await tx.requests.restartSilence(request.id);
    await tx.requests.touch(request.id);
    await tx.outbox.add('notify', request.id);
    return { outcome: 'counted' };
  }
  await approve(deps, tx, settling);
  return { outcome: 'decided' };
};

const approve = (deps: Deps, tx: Tx, { ballot, request, votes, ahead, result }: Settling): Promise<string> => {
  const { policy, verdict, voter } = ballot;
  // Where a rule approves by itself nobody is assigned, and those who agreed all the same are named.
  const counted = result.assignment.size > 0 ? [...result.assignment.keys()] : votes.map(({ voterId }) => voterId);
  const by = { actor: actorOf(voter), byPersonId: voter.id, managerIds: managersOf(ballot.electors) };
  const approval = { request, policy, rule: verdict.rule, ...by };
  const used = ahead.filter(({ by }) => counted.includes(by.id));
  if (used.length === 0) return approveRequest(tx, deps.ids, { ...approval, voterIds: counted });
  const asked = votes.filter(({ voterId }) => counted.includes(voterId) && !used.some(({ by }) => by.id === voterId));
  const note = noteOf(
    used,
    asked.map((one) => one.voter),
  );
  return approveRequest(tx, deps.ids, { ...approval, voterIds: counted, note, allowanceIds: used.map(({ id }) => id) });
};

type Denial = { request: Request; ballot: VoteContext; reason: string | null; byPersonId: string | null };

const deny = (deps: Deps, tx: Tx, { request, ballot, reason, byPersonId }: Denial): Promise<void> => {
  const { policy, verdict, voter } = ballot;
  return decideRequest(tx, {
    id: deps.ids.next(),
    request,
    policy,
    rule: byPersonId ? request.rule : verdict.rule,
    actor: byPersonId ? actorOf(voter) : SYSTEM,
    byPersonId,
    reason,
    managerIds: managersOf(ballot.electors),
    outcome: 'denied',
  });
};
