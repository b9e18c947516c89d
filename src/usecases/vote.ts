/** An approver agrees or refuses. Who may do so is read now; the vote, the count and the decision are one transaction. */
import { DomainError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { SYSTEM } from '../core/events.ts';
import { moveRequest } from '../core/lifecycle.ts';
import { humansAmong, isSameHuman } from '../core/policy/identity.ts';
import { tally } from '../core/policy/tally.ts';
import type { Tally } from '../core/policy/tally.ts';
import type { Policy, Verdict } from '../core/policy/types.ts';
import type { Person, Request, Requirement, Vote } from '../core/types.ts';
import { approveRequest } from './approve-request.ts';
import { mustView } from './ask.ts';
import { judge, membersOf } from './judge.ts';
import { actorOf } from './ports.ts';
import type { Deps, Tx } from './ports.ts';
import { refuse } from './refuse.ts';
import type { VoteInput, VoteResult } from './types.ts';

/** Everything that was looked up before the transaction began. `verdict` is by the policy and the facts of now. */
type Ballot = {
  policy: Policy;
  request: Request;
  requester: Person;
  voter: Person;
  verdict: Verdict;
  requirements: Requirement[];
  members: Person[][];
};

type Counted = { outcome: 'counted' | 'decided' } | { outcome: 'refused'; code: ErrorCode };

export const vote = async (deps: Deps, input: VoteInput): Promise<VoteResult> => {
  const ballot = await prepare(deps, input);
  const counted = await deps.store.transaction((tx) => count(deps, tx, { ballot, input }));
  const view = await mustView(deps, input.requestId);
  if (counted.outcome !== 'refused') return { outcome: counted.outcome, view };
  const facts = {
    state: view.request.state,
    by: view.decidedBy?.name ?? null,
    at: view.request.decidedAt?.toISOString() ?? null,
  };
  return refuse(deps, refusalOf(ballot.voter, ballot.request), new DomainError(counted.code, facts));
};

const prepare = async (deps: Deps, input: VoteInput): Promise<Ballot> => {
  const policy = deps.policy();
  const request = await deps.store.read.request(input.requestId);
  if (!request) throw new DomainError('request_not_found', { id: input.requestId });
  const stored = await deps.store.read.person(request.requesterId);
  if (!stored) throw new DomainError('unknown_person', { id: request.requesterId });
  const [voter, requester] = await Promise.all([deps.directory.person(input.userId), readRequester(deps, stored)]);
  const refusal = refusalOf(voter, request);
  if (isSameHuman(voter, requester) || isSameHuman(voter, stored)) {
    return refuse(deps, refusal, new DomainError('own_request', { id: request.id }));
  }
  const verdict = await judge(deps, policy, { person: requester, ask: request, freshness: 'fresh' });
  const requirements = verdict.decision === 'ask' ? verdict.requirements : request.requirements;
  const members = await Promise.all(
    requirements.map(({ from }) => membersOf(deps, requester, { from, freshness: 'fresh' })),
  );
  if (!members.some((people) => people.some(({ id }) => id === voter.id))) {
    const labels = requirements.map(({ label }) => label);
    return refuse(deps, refusal, new DomainError('not_an_approver', { labels }));
  }
  return { policy, request, requester, voter, verdict, requirements, members };
};

/** The account may have been closed or its email changed since the ask; a closed account gets nothing. */
const readRequester = async (deps: Deps, stored: Person): Promise<Person> => deps.directory.person(stored.userId);

const refusalOf = (person: Person, request: Request) =>
  ({ type: 'vote.refused', person, requestId: request.id, target: request.target, role: request.role }) as const;

type Casting = { ballot: Ballot; input: VoteInput };

const count = async (deps: Deps, tx: Tx, casting: Casting): Promise<Counted> => {
  const { ballot, input } = casting;
  const request = await tx.requests.lock(input.requestId);
  if (!request) throw new DomainError('request_not_found', { id: input.requestId });
  const closed = await closedCode(tx, request);
  if (closed) return { outcome: 'refused', code: closed };
  await tx.people.upsert(ballot.requester);
  await tx.people.upsert(ballot.voter);
  const put = await tx.votes.put({
    requestId: request.id,
    voterId: ballot.voter.id,
    kind: input.kind,
    reason: input.reason,
  });
  if (put === 'exists') return { outcome: 'refused', code: 'already_voted' };
  await recordVote(tx, casting, request);
  const votes = await tx.votes.list(request.id);
  if (ballot.verdict.decision === 'ask') await tx.requests.setRule(request.id, judgedNow(ballot));
  const result = countVotes(ballot, votes);
  return settle(deps, tx, { ...casting, request, votes, result });
};

const CLOSED = {
  approved: 'already_decided',
  denied: 'already_decided',
  cancelled: 'already_cancelled',
  lapsed: 'already_lapsed',
} as const;

const closedCode = async (tx: Tx, request: Request): Promise<ErrorCode | null> => {
  if (request.state !== 'pending') return CLOSED[request.state];
  return (await tx.now()) >= request.lapsesAt ? 'already_lapsed' : null;
};

const judgedNow = ({ policy, verdict, requirements }: Ballot) => ({
  rule: verdict.rule,
  policySha256: policy.sha256,
  requirements,
  isInOrder: verdict.decision === 'ask' && verdict.isInOrder,
});

const countVotes = (ballot: Ballot, votes: (Vote & { voter: Person })[]): Tally => {
  const { requirements, members, requester, verdict, request } = ballot;
  const ids = members.map((people) => new Set(people.map(({ id }) => id)));
  return tally({
    requirements,
    isInOrder: verdict.decision === 'ask' ? verdict.isInOrder : request.isInOrder,
    votes: votes.map(({ voterId, kind }) => ({ personId: voterId, kind })),
    requester: [requester.id],
    members: (index) => ids[index] ?? new Set(),
    humanOf: humansAmong([requester, ...votes.map(({ voter }) => voter), ...members.flat()]),
  });
};

type Settling = Casting & { request: Request; votes: Vote[]; result: Tally };

const settle = async (deps: Deps, tx: Tx, { ballot, input, request, votes, result }: Settling): Promise<Counted> => {
  const { policy, verdict, voter } = ballot;
  if (input.kind === 'deny') {
    await deny(deps, tx, { request, ballot, reason: input.reason, byPersonId: voter.id });
    return { outcome: 'decided' };
  }
  if (verdict.decision === 'deny') {
    await deny(deps, tx, { request, ballot, reason: verdict.message, byPersonId: null });
    return { outcome: 'decided' };
  }
  const tooLong = request.durationMs > verdict.capMs;
  if (tooLong) throw new DomainError('duration_over_cap', { durationMs: request.durationMs, capMs: verdict.capMs });
  if (verdict.decision === 'ask' && !result.isSatisfied) {
    await tx.requests.touch(request.id);
    await tx.outbox.add('notify', request.id);
    return { outcome: 'counted' };
  }
  const voterIds = votes.filter(({ kind }) => kind === 'approve').map(({ voterId }) => voterId);
  await approveRequest(tx, deps.ids, {
    request,
    policy,
    rule: verdict.rule,
    actor: actorOf(voter),
    byPersonId: voter.id,
    voterIds,
  });
  return { outcome: 'decided' };
};

type Denial = { request: Request; ballot: Ballot; reason: string | null; byPersonId: string | null };

const deny = async (deps: Deps, tx: Tx, { request, ballot, reason, byPersonId }: Denial): Promise<void> => {
  const { policy, verdict, voter } = ballot;
  const decisionId = deps.ids.next();
  const rule = byPersonId ? request.rule : verdict.rule;
  await tx.decisions.insert({
    id: decisionId,
    requestId: request.id,
    outcome: 'denied',
    rule,
    policySha256: policy.sha256,
    byPersonId,
    reason,
  });
  await tx.requests.setState(request.id, moveRequest(request.state, 'denied'));
  await tx.audit.append({
    type: 'request.denied',
    actor: byPersonId ? actorOf(voter) : SYSTEM,
    requestId: request.id,
    grantId: null,
    target: request.target,
    role: request.role,
    data: { decision: decisionId, rule, policy: policy.sha256, reason },
  });
  await tx.outbox.add('notify', request.id);
};

const recordVote = (tx: Tx, { ballot, input }: Casting, request: Request): Promise<void> =>
  tx.audit.append({
    type: 'vote.cast',
    actor: actorOf(ballot.voter),
    requestId: request.id,
    grantId: null,
    target: request.target,
    role: request.role,
    data: { kind: input.kind, reason: input.reason, policy: ballot.policy.sha256 },
  });
