/** What I have and what waits for me; who is in a target and who may let others in. For reading only: recent look-ups serve. */
import { DomainError } from '../core/errors.ts';
import { isTerminalGrant } from '../core/lifecycle.ts';
import { openRequirements } from '../core/policy/escalation.ts';
import { isSameHuman } from '../core/policy/identity.ts';
import type { Person } from '../core/types.ts';
import { askedPeople } from './asked-people.ts';
import { electorateOf, rightOf } from './electorate.ts';
import { judge } from './judge.ts';
import { offerOf } from './more-time.ts';
import type { Deps, RequestView } from './ports.ts';
import { reviewsWaitingFor } from './review.ts';
import type { Overview, TargetOverview } from './types.ts';

const MINE = 30;
const PENDING = 100;
const LIVE = 200;
const RECENT = 5;
const ALLOWANCES = 30;

const isLive = ({ grant }: RequestView): boolean => grant !== null && !isTerminalGrant(grant.state);
const isPending = ({ request }: RequestView): boolean => request.state === 'pending';

export const overview = async (deps: Deps, input: { userId: string }): Promise<Overview> => {
  const person = await deps.directory.person(input.userId);
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
  return {
    pending: mine.filter(isPending),
    live,
    offers,
    recent: mine
      .filter((view) => !isPending(view) && !isLive(view) && view.request.extendsGrantId === null)
      .slice(0, RECENT),
    waitingForMe: pending.filter((_, index) => mayVote[index]),
    allowances,
    reviews,
  };
};

const offersOf = async (deps: Deps, live: RequestView[]): Promise<Map<string, number>> => {
  const offers = await Promise.all(live.map((view) => offerOf(deps, view)));
  return new Map(live.flatMap(({ grant }, at) => (grant && offers[at] ? [[grant.id, offers[at]] as const] : [])));
};

const waitsFor = async (deps: Deps, { request, requester, votes }: RequestView, person: Person): Promise<boolean> => {
  if (isSameHuman(requester, person) || votes.some(({ voterId }) => voterId === person.id)) return false;
  const requirements = openRequirements(request);
  const electors = await electorateOf(deps, { requester, requirements, freshness: 'recent' });
  const right = rightOf(person, electors, votes);
  return right.kind === 'own' || right.kind === 'stead';
};

export const targetOverview = async (
  deps: Deps,
  input: { userId: string; target: string },
): Promise<TargetOverview> => {
  const policy = deps.policy();
  const target = policy.targets[input.target];
  if (!target) throw new DomainError('unknown_target', { target: input.target });
  const person = await deps.directory.person(input.userId);
  const [live, allowances] = await Promise.all([
    deps.store.read.liveViews(target.name, LIVE),
    deps.store.read.allowances({ target: target.name }, ALLOWANCES),
  ]);
  const roles = await Promise.all(
    Object.values(target.roles).map(async (role) => {
      const ask = { target: target.name, role: role.name, durationMs: role.defaultMs, reason: '', ticket: null };
      const verdict = await judge(deps, policy, { person, ask, freshness: 'recent', incident: null });
      const asked = verdict.decision === 'ask' ? await askedPeople(deps, person, verdict.requirements) : [];
      return { role: role.name, title: role.title, rule: verdict.rule, decision: verdict.decision, asked };
    }),
  );
  return { live, allowances, roles };
};
