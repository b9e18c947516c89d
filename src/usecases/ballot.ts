/** Everything a vote is judged by, looked up before its transaction begins: the voter, the rule of now, and who may vote now. */
import { tiedAlert } from './alert-facts.ts';
import { DomainError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { decide } from '../core/policy/decide.ts';
import { widened } from '../core/policy/escalation.ts';
import { isSameHuman } from '../core/policy/identity.ts';
import type { Policy, Verdict } from '../core/policy/types.ts';
import type { Person, Request, Requirement } from '../core/types.ts';
import { liveAllowances } from './ahead.ts';
import { electorateOf, rightOf } from './electorate.ts';
import type { Electors } from './electorate.ts';
import { tiedIncident } from './incident-tie.ts';
import { factsOfAsk, unreadGroups } from './judge.ts';
import type { Deps } from './ports.ts';
import { refuse } from './refuse.ts';

/** `request` is the ask as it is judged: with an approver's changes, where there are any. */
export type Ballot = {
  policy: Policy;
  request: Request;
  requester: Person;
  voter: Person;
  verdict: Verdict;
  requirements: Requirement[];
  electors: Electors[];
  /** Something was allowed ahead of time that may be a vote. */
  hasAllowances: boolean;
  /** Groups of the requester that a rule looks at and that could not be read. */
  unknownGroups: string[];
};

export const refusalOf = (person: Person, request: Request) =>
  ({ type: 'vote.refused', person, requestId: request.id, target: request.target, role: request.role }) as const;

export const prepareBallot = async (deps: Deps, input: { userId: string; requestId: string }): Promise<Ballot> => {
  const voting = deps.directory.person(input.userId);
  // Heard of below, unless there is no such request: then that is what is said.
  voting.catch(() => undefined);
  const view = await deps.store.read.view(input.requestId);
  if (!view) throw new DomainError('request_not_found', { id: input.requestId });
  const { request, requester: stored } = view;
  // Read anew: the account may have been closed, or its email changed, since the ask.
  const [voter, requester] = await Promise.all([voting, deps.directory.person(stored.userId)]);
  if (isSameHuman(voter, requester) || isSameHuman(voter, stored)) {
    return refuse(deps, refusalOf(voter, request), new DomainError('own_request', { id: request.id }));
  }
  const ballot = await judgeBallot(deps, { policy: deps.policy(), request, requester, voter });
  return ensureElector(deps, ballot);
};

type Asked = Pick<Ballot, 'policy' | 'request' | 'requester' | 'voter'>;

/** The verdict and the electorate by the policy and the facts of now. */
export const judgeBallot = async (deps: Deps, asked: Asked): Promise<Ballot> => {
  const { policy, request, requester } = asked;
  const [incident, alert, allowances] = await Promise.all([
    tiedIncident(deps, request),
    tiedAlert(deps, policy, request),
    liveAllowances(deps, requester.id, request),
  ]);
  const tied = { incident, alert };
  const facts = await factsOfAsk(deps, policy, { person: requester, ask: request, freshness: 'fresh', ...tied });
  const verdict = decide(policy, request, facts);
  const isAsked = verdict.decision === 'ask';
  const fallback = isAsked ? (verdict.escalate?.to ?? null) : request.escalateTo;
  const requirements = isAsked ? verdict.requirements : request.requirements;
  const open = widened(requirements, request.escalatedAt ? fallback : null);
  const electors = await electorateOf(deps, { requester, requirements: open, freshness: 'fresh' });
  const hasAllowances = allowances.length > 0;
  return { ...asked, verdict, requirements, electors, hasAllowances, unknownGroups: unreadGroups(facts) };
};

export const ensureElector = async (deps: Deps, ballot: Ballot): Promise<Ballot> => {
  const { voter, electors, request, requirements } = ballot;
  if (rightOf(voter, electors, []).kind !== 'none') return ballot;
  const [failure] = electors.flatMap(({ failures }) => failures);
  if (failure) throw failure;
  const labels = requirements.map(({ label }) => label);
  return refuse(deps, refusalOf(voter, request), new DomainError('not_an_approver', { labels }));
};

/** What a request that is no longer pending answers to whoever comes too late. */
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
