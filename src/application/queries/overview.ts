/** What I have and what waits for me; who is in a target and who may let others in. For reading only: recent look-ups serve. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import { isOver } from '../../domain/lifecycle.ts';
import { openRequirements } from '../../domain/policy/escalation.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isBehind } from '../../domain/principals/requester.ts';
import { potentialApprovers } from '../decisions/potential-approvers.ts';
import { eligibleApproversOf, rightOf } from '../decisions/eligible-approvers.ts';
import type { EligibleApprovers } from '../decisions/eligible-approvers.ts';
import type { LastWeek } from './last-week.ts';
import { lookingUpOnce } from './look-up-once.ts';
import { evaluate } from '../decisions/evaluate.ts';
import { offerOf } from '../grants/extension-terms.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import { reviewsWaitingFor } from '../break-glass/follow-up.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { PreApprovalView } from '../../domain/requests/pre-approval.ts';
import type { PotentialApprovers } from '../decisions/potential-approvers.ts';

const MINE = 30;
/** Of what is pending, read at once; beyond so many a list says that there is more. */
const CHUNK = 100;
const SCANNED_MAX = 2_000;
const WAITING = 20;
const LIVE = 200;
const RECENT = 5;
const OFTEN = 3;
const OFTEN_TIMES = 2;
const PRE_APPROVALS = 30;

const isLive = ({ grant }: RequestView): boolean => grant !== null && !isOver(grant.state);
const isPending = ({ request }: RequestView): boolean => request.state === 'pending';

export const overview = async (deps: Deps, input: OverviewInput): Promise<Overview> => {
  const person = input.caller.person;
  const { after = null, size = WAITING } = input.waiting ?? {};
  const [mine, waiting, preApprovals, reviews, week] = await Promise.all([
    deps.store.read.viewsOf(person.id, MINE),
    waitingFor(lookingUpOnce(deps), person, { after, size }),
    deps.store.read.preApprovals({ personId: person.id }, PRE_APPROVALS),
    reviewsWaitingFor(deps, person),
    deps.store.read.lastWeek(),
  ]);
  const live = mine.filter(isLive);
  return {
    pending: mine.filter(isPending),
    live,
    offers: await offersOf(deps, live),
    recent: mine
      .filter((view) => !isPending(view) && !isLive(view) && view.request.extendsGrantId === null)
      .slice(0, RECENT),
    often: oftenOf(deps, mine),
    ...waiting,
    preApprovals,
    reviews,
    week,
  };
};

type Page = { after: string | null; size: number };

/** Oldest first, chunk by chunk until the page is full: who may decide on much does not wait for all of it to be looked at. */
const waitingFor = async (
  deps: Deps,
  person: Person,
  { after, size }: Page,
): Promise<Pick<Overview, 'waitingForMe' | 'nextWaiting'>> => {
  const found: RequestView[] = [];
  const eligibleOf = eligibleOnce(deps);
  let last = after;
  for (let scanned = 0; scanned < SCANNED_MAX; scanned += CHUNK) {
    const chunk = await deps.store.read.pending(CHUNK, last);
    const mayVote = await Promise.all(chunk.map((view) => waitsFor(eligibleOf, view, person)));
    found.push(...chunk.filter((_, index) => mayVote[index]));
    if (found.length > size)
      return { waitingForMe: found.slice(0, size), nextWaiting: found[size - 1]?.request.id ?? null };
    last = chunk.at(-1)?.request.id ?? last;
    if (chunk.length < CHUNK) return { waitingForMe: found, nextWaiting: null };
  }
  return { waitingForMe: found, nextWaiting: last };
};

/** What this person requests again and again, as they did last. */
const oftenOf = (deps: Deps, mine: RequestView[]): Overview['often'] => {
  const { targets } = deps.policy();
  const counts = new Map<string, { target: string; role: string; durationMs: number; times: number }>();
  for (const { request } of mine) {
    const { target, role, durationMs, extendsGrantId } = request;
    const known = Object.hasOwn(targets, target) && Object.hasOwn(targets[target]?.roles ?? {}, role);
    if (extendsGrantId !== null || !known) continue;
    const key = JSON.stringify([target, role]);
    const so = counts.get(key) ?? { target, role, durationMs, times: 0 };
    counts.set(key, { ...so, times: so.times + 1 });
  }
  return [...counts.values()]
    .filter(({ times }) => times >= OFTEN_TIMES)
    .toSorted((a, b) => b.times - a.times)
    .slice(0, OFTEN);
};

const offersOf = async (deps: Deps, live: RequestView[]): Promise<Map<string, number>> => {
  const offers = await Promise.all(live.map((view) => offerOf(deps, view)));
  return new Map(live.flatMap(({ grant }, at) => (grant && offers[at] ? [[grant.id, offers[at]] as const] : [])));
};

type EligibleOf = (view: RequestView) => Promise<EligibleApprovers[]>;

/** Many requests of one list ask the same people about the same requester. */
const eligibleOnce = (deps: Deps): EligibleOf => {
  const known = new Map<string, Promise<EligibleApprovers[]>>();
  return ({ request, requester }) => {
    const requirements = openRequirements(request);
    const key = JSON.stringify([requester, requirements]);
    const found = known.get(key) ?? eligibleApproversOf(deps, { requester, requirements, freshness: 'recent' });
    known.set(key, found);
    return found;
  };
};

const waitsFor = async (eligibleOf: EligibleOf, view: RequestView, person: Person): Promise<boolean> => {
  const { requester, votes } = view;
  if (isBehind(requester, person) || votes.some(({ voterId }) => voterId === person.id)) return false;
  const right = rightOf(person, await eligibleOf(view), votes);
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
  const [live, preApprovals] = await Promise.all([
    deps.store.read.liveViews(target.name, LIVE),
    deps.store.read.preApprovals({ target: target.name }, PRE_APPROVALS),
  ]);
  const roles = await Promise.all(
    Object.values(target.roles).map(async (role) => {
      const requested = { target: target.name, role: role.name, durationMs: role.defaultMs, reason: '', ticket: null };
      const verdict = await evaluate(deps, policy, {
        requester: person,
        requested,
        freshness: 'recent',
        incident: null,
      });
      const eligible = verdict.decision === 'ask' ? await potentialApprovers(deps, person, verdict.requirements) : [];
      return { role: role.name, title: role.title, rule: verdict.rule, decision: verdict.decision, eligible };
    }),
  );
  return { live, preApprovals, roles };
};

/** `waiting`: which part of what waits for the caller, after which request. */
export type OverviewInput = { caller: PersonCaller; waiting?: { after: string | null; size: number } };

export type Overview = {
  /** My pending requests, my live grants, and my latest finished ones. */
  pending: RequestView[];
  live: RequestView[];
  /** By grant id: what *+30 min* would request, where it could be granted. */
  offers: Map<string, number>;
  recent: RequestView[];
  /** Pending requests of others that I may vote on and have not. */
  waitingForMe: RequestView[];
  /** After which request the next of them come; null where there are no more. */
  nextWaiting: string | null;
  /** What this person requests again and again, most often first. */
  often: { target: string; role: string; durationMs: number }[];
  week: LastWeek;
  /** Given to me or by me. */
  preApprovals: PreApprovalView[];
  /** Break-glass of others that I may review, soonest deadline first. */
  reviews: RequestView[];
};

/** Who is in one target now, and who may let others in. */
export type TargetOverview = {
  live: RequestView[];
  preApprovals: PreApprovalView[];
  roles: {
    role: string;
    title: string;
    rule: string | null;
    decision: Verdict['decision'];
    eligible: PotentialApprovers[];
  }[];
};
