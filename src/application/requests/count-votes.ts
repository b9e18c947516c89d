/** Writes one vote, counts all of them by who may vote now, and decides when they are enough. Runs inside the voter's transaction. */
import { DomainError } from '../../domain/errors.ts';
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
import type { RefusedVote } from './lock-to-decide.ts';
import type { VoteContext } from './vote-context.ts';
import { everyoneOf, fillersOf, rightOf } from '../decisions/eligible-approvers.ts';
import { scheduleOf } from '../decisions/evaluate.ts';
import { managersOf } from '../decisions/named-ids.ts';
import type { UnlinkedAccount } from '../identity/people-behind.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { Deps, Tx } from '../deps.ts';
import { decideRequest } from './transitions.ts';

/** As the refusal names it. */
type Unlinked = Pick<UnlinkedAccount, 'kind' | 'login' | 'by'>;

export type Counted = { outcome: 'counted' | 'decided' } | RefusedVote;
type Cast = Vote & { voter: Person };
export type Casting = {
  voteContext: VoteContext;
  /** Locked, pending, and asking for what the vote context was judged by. */
  request: Request;
  kind: VoteKind;
  reason: string | null;
  /** True where the vote carries more than itself, so that a repeat is no mistake. */
  isRepeatFine: boolean;
};

export const castVote = async (deps: Deps, tx: Tx, casting: Casting): Promise<Counted> => {
  const { voteContext, request, kind, reason } = casting;
  const { voter, requester, eligibleApprovers } = voteContext;
  if (kind === 'approve') demandKnownDenial(voteContext);
  const before = await tx.votes.list(request.id);
  const right = rightOf(voter, eligibleApprovers, before);
  const isApproval = kind === 'approve' && voteContext.verdict.decision !== 'deny';
  const unlinked = isApproval ? unlinkedFor(voteContext) : [];
  if (unlinked.length > 0) return { outcome: 'refused', code: 'account_needed', facts: { unlinked } };
  if (right.kind === 'used') return { outcome: 'refused', code: 'stead_used', facts: { name: right.of.name } };
  const absent = right.kind === 'stead' ? right.of : null;
  for (const person of [requester, voter, ...(absent ? [absent] : [])]) await tx.principals.upsert(person);
  const vote = { requestId: request.id, voterId: voter.id, kind, reason, inSteadOf: absent?.id ?? null };
  const [put, votes] = await Promise.all([tx.votes.put(vote), tx.votes.list(request.id)]);
  if (put === 'exists' && !casting.isRepeatFine) return { outcome: 'refused', code: 'already_voted' };
  if (put !== 'exists') await recordVote(tx, casting, { absent, isChanged: put === 'changed' });
  await storeJudged(tx, voteContext, request);
  const ahead = kind === 'approve' ? await heldAhead(tx, { voteContext, request, votes }) : [];
  const all = [...votes, ...ahead.map((preApproval) => voteOf(request, preApproval))];
  const result = countVotes(voteContext, all);
  if (kind === 'approve') demandNeededGroups(voteContext, all, result);
  return settle(deps, tx, { ...casting, votes: all, ahead, result });
};

/** Accounts behind the request that may be the voter's own: then only their denial counts. */
const unlinkedFor = ({ voter, eligibleApprovers }: VoteContext): Unlinked[] =>
  (eligibleApprovers.find(({ uncounted }) => uncounted.has(voter.id))?.unlinked ?? []).map(({ kind, login, by }) => ({
    kind,
    login,
    by,
  }));

type Holding = { voteContext: VoteContext; request: Request; votes: readonly Cast[] };

/** Pre-approvals that count as votes here; none of them is taken back before this transaction ends. */
const heldAhead = async (tx: Tx, { voteContext, request, votes }: Holding): Promise<PreApprovalView[]> => {
  if (!voteContext.hasPreApprovals) return [];
  const { target, role, requesterId: personId } = request;
  const held = await tx.preApprovals.hold({ personId, target, role });
  return countingAhead(holdingAt(held, request.startsAt), { eligibleApprovers: voteContext.eligibleApprovers, votes });
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
const demandNeededGroups = (voteContext: VoteContext, votes: readonly Cast[], result: Tally): void => {
  const [failure] = voteContext.eligibleApprovers.flatMap(({ failures }) => failures);
  if (!failure || voteContext.verdict.decision !== 'ask' || result.isSatisfied) return;
  const voters = votes.map(({ voter }) => voter);
  const eligibleApprovers = voteContext.eligibleApprovers.map((one) =>
    one.failures.length > 0 ? { ...one, members: [...one.members, ...voters] } : one,
  );
  if (countVotes({ ...voteContext, eligibleApprovers }, votes).isSatisfied) throw failure;
};

const recordVote = (
  tx: Tx,
  { voteContext, request, kind, reason }: Casting,
  { absent, isChanged }: { absent: Person | null; isChanged: boolean },
): Promise<void> =>
  tx.audit.append({
    type: 'vote.cast',
    actor: actorOf(voteContext.voter),
    requestId: request.id,
    grantId: null,
    target: request.target,
    role: request.role,
    data: { kind, reason, policy: voteContext.policy.sha256, onBehalfOf: absent?.id ?? null, isChanged },
  });

/** What the messages show and the next vote builds on: the rule of now, with its reminders and its escalation. */
const storeJudged = async (tx: Tx, { policy, verdict, requirements }: VoteContext, request: Request): Promise<void> => {
  if (verdict.decision !== 'ask') return;
  const isInOrder = verdict.isInOrder;
  await tx.requests.setRule(request.id, { rule: verdict.rule, policySha256: policy.sha256, requirements, isInOrder });
  const isOther = policy.sha256 !== request.policySha256 || verdict.rule !== request.rule;
  if (isOther) await tx.requests.setSchedule(request.id, scheduleOf(verdict));
};

const countVotes = (voteContext: VoteContext, votes: readonly Cast[]): Tally => {
  const { requirements, eligibleApprovers, requester, verdict, request } = voteContext;
  const fillers = eligibleApprovers.map((one) => fillersOf(one, votes));
  return tally({
    requirements,
    isInOrder: verdict.decision === 'ask' ? verdict.isInOrder : request.isInOrder,
    votes: votes.map(({ voterId, kind }) => ({ personId: voterId, kind })),
    requester: idsBehind(requester),
    members: (index) => fillers[index] ?? new Set(),
    humanOf: humansAmong([...humanIn(requester), ...votes.map(({ voter }) => voter), ...everyoneOf(eligibleApprovers)]),
  });
};

type Settling = Casting & { votes: readonly Cast[]; ahead: readonly PreApprovalView[]; result: Tally };

const settle = async (deps: Deps, tx: Tx, settling: Settling): Promise<Counted> => {
  const { voteContext, kind, request, reason, result } = settling;
  const { verdict, voter } = voteContext;
  if (kind === 'deny') {
    await deny(deps, tx, { request, voteContext, reason, byPersonId: voter.id });
    return { outcome: 'decided' };
  }
  if (verdict.decision === 'deny') {
    await deny(deps, tx, { request, voteContext, reason: verdict.message, byPersonId: null });
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

const approve = (
  deps: Deps,
  tx: Tx,
  { voteContext, request, votes, ahead, result }: Settling,
): Promise<string | null> => {
  const { policy, verdict, voter } = voteContext;
  // Where a rule approves by itself nobody is assigned, and those who agreed all the same are named.
  const counted = result.assignment.size > 0 ? [...result.assignment.keys()] : votes.map(({ voterId }) => voterId);
  const by = { actor: actorOf(voter), byPersonId: voter.id, managerIds: managersOf(voteContext.eligibleApprovers) };
  const approval = { request, policy, rule: verdict.rule, ...by };
  const used = ahead.filter(({ by }) => counted.includes(by.id));
  if (used.length === 0) return approveRequest(tx, deps.ids, { ...approval, voterIds: counted });
  const voted = votes.filter(({ voterId }) => counted.includes(voterId) && !used.some(({ by }) => by.id === voterId));
  const note = noteOf(
    used,
    voted.map((one) => one.voter),
  );
  return approveRequest(tx, deps.ids, {
    ...approval,
    voterIds: counted,
    note,
    preApprovalIds: used.map(({ id }) => id),
  });
};

type Denial = { request: Request; voteContext: VoteContext; reason: string | null; byPersonId: string | null };

const deny = (deps: Deps, tx: Tx, { request, voteContext, reason, byPersonId }: Denial): Promise<void> => {
  const { policy, verdict, voter } = voteContext;
  return decideRequest(tx, {
    id: deps.ids.next(),
    request,
    policy,
    rule: byPersonId ? request.rule : verdict.rule,
    actor: byPersonId ? actorOf(voter) : SYSTEM,
    byPersonId,
    reason,
    managerIds: managersOf(voteContext.eligibleApprovers),
    outcome: 'denied',
  });
};
