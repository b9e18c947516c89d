/** What I have and what waits for me; who is in a target and who may let others in. For reading only: recent look-ups serve. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import { isTerminalGrant } from '../../domain/lifecycle.ts';
import { openRequirements } from '../../domain/policy/escalation.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import { potentialApprovers } from '../decisions/potential-approvers.ts';
import { eligibleApproversOf, rightOf } from '../decisions/eligible-approvers.ts';
import { countSoFar, electorateOf, missingIn } from '../decisions/missing-approvals.ts';
import type { Missing } from '../decisions/missing-approvals.ts';
import { evaluate } from '../decisions/evaluate.ts';
import { offerOf } from '../grants/extension-terms.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import { reviewsWaitingFor } from '../break-glass/follow-up.ts';
import type { Verdict } from '../../domain/policy/types.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { PotentialApprovers } from '../decisions/potential-approvers.ts';

const MINE = 30;
const PENDING = 100;
const LIVE = 200;
const RECENT = 5;
const ALLOWANCES = 30;

const isLive = ({ grant }: RequestView): boolean => grant !== null && !isTerminalGrant(grant.state);
const isPending = ({ request }: RequestView): boolean => request.state === 'pending';

export const overview = async (deps: Deps, input: { caller: PersonCaller }): Promise<Overview> => {
  const person = input.caller.person;
  const [mine, pending, allowances, reviews] = await Promise.all([
    deps.store.read.viewsOf(person.id, MINE),
    deps.store.read.pending(PENDING),
    deps.store.read.allowances({ personId: person.id }, ALLOWANCES),
    reviewsWaitingFor(deps, person),
  ]);
  const live = mine.filter(isLive);
  const [mayVote, offers] = await Promise.all([
    Promise.all(pending.map((view) => waitsFor(deps, view, person))),
    offersOf(deps, live),
  ]);
  const waitingForMe = pending.filter((_, index) => mayVote[index]);
  return {
    pending: mine.filter(isPending),
    live,
    offers,
    recent: mine
      .filter((view) => !isPending(view) && !isLive(view) && view.request.extendsGrantId === null)
      .slice(0, RECENT),
    waitingForMe,
    standing: new Map(await Promise.all(waitingForMe.map((view) => standingOf(deps, view)))),
    allowances,
    reviews,
  };
};

const offersOf = async (deps: Deps, live: RequestView[]): Promise<Map<string, number>> => {
  const offers = await Promise.all(live.map((view) => offerOf(deps, view)));
  return new Map(live.flatMap(({ grant }, at) => (grant && offers[at] ? [[grant.id, offers[at]] as const] : [])));
};

const standingOf = async (deps: Deps, view: RequestView): Promise<[string, Standing]> => {
  const electorate = await electorateOf(deps, view);
  return [view.request.id, { missing: missingIn(countSoFar(view, electorate)), ahead: electorate.ahead }];
};

const waitsFor = async (deps: Deps, { request, requester, votes }: RequestView, person: Person): Promise<boolean> => {
  if (isBehind(requester, person) || votes.some(({ voterId }) => voterId === person.id)) return false;
  const requirements = openRequirements(request);
  const electors = await eligibleApproversOf(deps, { requester, requirements, freshness: 'recent' });
  const right = rightOf(person, electors, votes);
  return right.kind === 'own' || right.kind === 'stead';
};

export const targetOverview = async (
  deps: Deps,
  input: { caller: PersonCaller; target: string },
): Promise<TargetOverview> => {
  const policy = deps.policy();
  const target = policy.targets[input.target];
  if (!target) throw new DomainError('unknown_target', { target: input.target });
  const person = input.caller.person;
  const [live, allowances] = await Promise.all([
    deps.store.read.liveViews(target.name, LIVE),
    deps.store.read.allowances({ target: target.name }, ALLOWANCES),
  ]);
  const roles = await Promise.all(
    Object.values(target.roles).map(async (role) => {
      const ask = { target: target.name, role: role.name, durationMs: role.defaultMs, reason: '', ticket: null };
      const verdict = await evaluate(deps, policy, { requester: person, ask, freshness: 'recent', incident: null });
      const asked = verdict.decision === 'ask' ? await potentialApprovers(deps, person, verdict.requirements) : [];
      return { role: role.name, title: role.title, rule: verdict.rule, decision: verdict.decision, asked };
    }),
  );
  return { live, allowances, roles };
};

/** What no vote fills yet, and whose approval was given ahead of time and counts. */
export type Standing = { missing: Missing[]; ahead: Person[] };

export type Overview = {
  /** My pending requests, my live grants, and my latest finished ones. */
  pending: RequestView[];
  live: RequestView[];
  /** By grant id: what *+30 min* would ask for, where it could be granted. */
  offers: Map<string, number>;
  recent: RequestView[];
  /** Pending requests of others that I may vote on and have not. */
  waitingForMe: RequestView[];
  /** By the ids of those requests. */
  standing: Map<string, Standing>;
  /** Given ahead of time, to me or by me. */
  allowances: PreApprovalView[];
  /** Break-glass of others that I may review, soonest deadline first. */
  reviews: RequestView[];
};

/** Who is in one target now, and who may let others in. */
export type TargetOverview = {
  live: RequestView[];
  allowances: PreApprovalView[];
  roles: {
    role: string;
    title: string;
    rule: string | null;
    decision: Verdict['decision'];
    asked: PotentialApprovers[];
  }[];
};
