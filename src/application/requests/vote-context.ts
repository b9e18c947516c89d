/** Everything a vote is judged by, looked up before its transaction begins: the voter, the rule of now, and who may vote now. */
import type { PersonCaller } from '../identity/caller.ts';
import { lookupFailed } from '../identity/lookup-failed.ts';
import { tiedAlert } from '../decisions/alert-facts.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { decide } from '../../domain/policy/decide.ts';
import { widened } from '../../domain/policy/escalation.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Request, Requirement } from '../../domain/requests/request.ts';
import { livePreApprovals } from '../decisions/pre-approvals.ts';
import { eligibleApproversOf, rightOf } from '../decisions/eligible-approvers.ts';
import type { EligibleApprovers } from '../decisions/eligible-approvers.ts';
import { tiedIncident } from '../decisions/incident-tie.ts';
import { readBehind } from '../identity/people-behind.ts';
import { readRequesterAgain } from '../identity/read-again.ts';
import { factsOfRequest, unreadGroups } from '../decisions/evaluate.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';
import type { RequestView } from '../record/request-view.ts';

/** `request` is the request as it is judged: with an approver's changes, where there are any. */
export type VoteContext = {
  policy: Policy;
  request: Request;
  requester: Requester;
  voter: Person;
  verdict: Verdict;
  requirements: Requirement[];
  eligibleApprovers: EligibleApprovers[];
  /** There is a pre-approval that may be a vote. */
  hasPreApprovals: boolean;
  /** Names the groups of the requester that a rule looks at and that could not be read; null where all were. */
  unread: DomainError | null;
};

export const refusalOf = (person: Person, request: Request) =>
  ({ type: 'vote.refused', person, requestId: request.id, target: request.target, role: request.role }) as const;

export const prepareVoteContext = async (
  deps: Deps,
  input: { caller: PersonCaller; requestId: string },
): Promise<VoteContext> => {
  const voter = input.caller.person;
  const view = await deps.store.read.view(input.requestId);
  if (!view) throw new DomainError('request_not_found', { id: input.requestId });
  const { request, requester: stored } = view;
  // Read anew: the account may have been closed, or its email changed, since the request.
  const { requester } = await readBehind(deps, await readRequesterAgain(deps, stored), 'fresh');
  if (isBehind(requester, voter) || isBehind(stored, voter)) {
    return refuse(deps, refusalOf(voter, request), new DomainError('own_request', { id: request.id }));
  }
  const voteContext = await evaluateVoteContext(deps, { policy: deps.policy(), request, requester, voter });
  return assertEligibleApprover(deps, voteContext);
};

type VoteInput = Pick<VoteContext, 'policy' | 'request' | 'requester' | 'voter'>;

/** The verdict and the eligible approvers by the policy and the facts of now. */
export const evaluateVoteContext = async (deps: Deps, input: VoteInput): Promise<VoteContext> => {
  const { policy, request, requester } = input;
  const [incident, alert, preApprovals] = await Promise.all([
    tiedIncident(deps, request),
    tiedAlert(deps, policy, request),
    livePreApprovals(deps, requester.id, request),
  ]);
  const tied = { incident, alert };
  const facts = await factsOfRequest(deps, policy, { requester, requested: request, freshness: 'fresh', ...tied });
  const verdict = decide(policy, request, facts);
  const needsApprovals = verdict.decision === 'ask';
  const fallback = needsApprovals ? (verdict.escalate?.to ?? null) : request.escalateTo;
  const requirements = needsApprovals ? verdict.requirements : request.requirements;
  const open = widened(requirements, request.escalatedAt ? fallback : null);
  const eligibleApprovers = await eligibleApproversOf(deps, { requester, requirements: open, freshness: 'fresh' });
  const hasPreApprovals = preApprovals.length > 0;
  const unknown = unreadGroups(facts);
  const unread = unknown.length > 0 ? lookupFailed(deps.directory, unknown) : null;
  return { ...input, verdict, requirements, eligibleApprovers, hasPreApprovals, unread };
};

export const assertEligibleApprover = async (deps: Deps, voteContext: VoteContext): Promise<VoteContext> => {
  const { voter, eligibleApprovers, request, requirements } = voteContext;
  if (rightOf(voter, eligibleApprovers, []).kind !== 'none') return voteContext;
  const [failure] = eligibleApprovers.flatMap(({ failures }) => failures);
  if (failure) throw failure;
  const labels = requirements.map(({ label }) => label);
  return refuse(deps, refusalOf(voter, request), new DomainError('not_an_approver', { labels }));
};

/** What a request that is no longer pending answers to the one who comes too late. */
export const CLOSED = {
  approved: 'already_decided',
  denied: 'already_decided',
  cancelled: 'already_cancelled',
  lapsed: 'already_lapsed',
} as const;

/** `now` by the database clock, read after the request was locked. */
export const closedCode = (request: Request, now: Date): ErrorCode | null => {
  if (request.state !== 'pending') return CLOSED[request.state];
  return now >= request.lapsesAt ? 'already_lapsed' : null;
};

/** `counted`: stored and more is needed; `decided`: this vote decided it. */
export type VoteResult = { outcome: 'counted' | 'decided'; view: RequestView };
