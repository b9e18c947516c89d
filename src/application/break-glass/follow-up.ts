/** Others look at access that was taken by break-glass: they say whether it was justified, and are reminded until they have. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError, isDomainError } from '../../domain/errors.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Review, ReviewOutcome } from '../../domain/break-glass/follow-up.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isBehind, personIn } from '../../domain/principals/requester.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { mustView } from '../record/must-find.ts';
import { isAmong } from '../identity/named-among.ts';
import type { Freshness } from '../identity/directory.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps, Tx } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';
import { readRequesterAgain } from '../identity/read-again.ts';
import { readMembers } from '../identity/members.ts';
import type { Members } from '../identity/members.ts';
import { refuse } from '../record/record-refusal.ts';

/** Policy groups and people who may close this review: the reviewers, and the admins once it is overdue or nobody else is there. */
const mayReview = async (
  deps: Deps,
  { view, person, freshness }: { view: RequestView; person: Person; freshness: Freshness },
): Promise<boolean> => {
  const policy = deps.policy();
  if (!view.review || isBehind(view.requester, person)) return false;
  const { people: reviewers, failures } = await othersAmong(deps, { refs: reviewersOf(policy), view, freshness });
  if (reviewers.some(({ id }) => id === person.id)) return true;
  const [failure] = failures;
  if (failure) throw failure;
  if (reviewers.length > 0 && view.now < view.review.dueAt) return false;
  return isAmong(deps, { policy, person, refs: policy.admins, freshness });
};

const reviewersOf = (policy: Policy): string[] => policy.breakGlass?.reviewers ?? [];

type Others = { refs: string[]; view: RequestView; freshness: Freshness };

const othersAmong = async (deps: Deps, { refs, view, freshness }: Others): Promise<Members> => {
  const from = refs.map((ref) => sourceOf(deps.policy(), ref));
  const read = await readMembers(deps.directory, personIn(view.requester), { from, freshness });
  return { ...read, people: read.people.filter((member) => !isBehind(view.requester, member)) };
};

export const closeReview = async (deps: Deps, input: CloseReviewInput): Promise<{ view: RequestView }> => {
  const person = input.caller.person;
  const note = input.note?.trim() || null;
  const view = await mustReviewView(deps, input.grantId);
  const { request, grant } = view;
  const refusal = {
    type: 'follow_up.refused',
    person,
    requestId: request.id,
    grantId: grant?.id ?? null,
    target: request.target,
    role: request.role,
  } as const;
  const taker = await readAgain(deps, view.requester);
  if (isBehind(view.requester, person) || isBehind(taker, person))
    return refuse(deps, refusal, new DomainError('own_review', { id: input.grantId }));
  if (!(await mayReview(deps, { view, person, freshness: 'fresh' })))
    return refuse(deps, refusal, new DomainError('not_a_reviewer', { labels: reviewersOf(deps.policy()) }));
  if (input.outcome === 'not_justified' && note === null) throw new DomainError('note_missing');
  const isClosed = await deps.store.transaction((tx) => close(tx, { view, person, input: { ...input, note } }));
  const after = await mustView(deps, request.id);
  if (isClosed) return { view: after };
  const facts = { by: after.reviewer?.name ?? null, outcome: after.review?.outcome ?? null };
  return refuse(deps, refusal, new DomainError('review_closed', facts));
};

const mustReviewView = async (deps: Deps, grantId: string): Promise<RequestView> => {
  const grant = await deps.store.read.grant(grantId);
  const view = grant && (await deps.store.read.view(grant.requestId));
  if (!view?.review) throw new DomainError('review_not_found', { id: grantId });
  return view;
};

/** As Slack knows them now; a leaver is known only as they were. */
const readAgain = async (deps: Deps, stored: Requester): Promise<Requester> => {
  try {
    return await readRequesterAgain(deps, stored);
  } catch (error) {
    if (isDomainError(error) && (error.code === 'inactive_person' || error.code === 'unknown_person')) return stored;
    throw error;
  }
};

type Closing = { view: RequestView; person: Person; input: CloseReviewInput };

const close = async (tx: Tx, { view, person, input }: Closing): Promise<boolean> => {
  const review = await tx.reviews.lock(input.grantId);
  if (review?.state !== 'open') return false;
  const { outcome, note } = input;
  await tx.principals.upsert(person);
  await tx.reviews.close(review.id, { outcome, note, reviewerId: person.id });
  await tx.audit.append({
    ...entryOf(review, view.request),
    type: 'follow_up.closed',
    actor: actorOf(person),
    data: { outcome, note, dueAt: review.dueAt.toISOString(), person: review.personId },
  });
  await refresh(tx, review);
  return true;
};

const entryOf = (review: Review, { target, role }: { target: string; role: string }) => ({
  requestId: review.requestId,
  grantId: review.grantId,
  target,
  role,
});

const refresh = async (tx: Tx, review: Review): Promise<void> => {
  await tx.requests.touch(review.requestId);
  await tx.outbox.add('notify', review.requestId);
};

const SHOWN_MAX = 100;

export const openReviews = async (deps: Deps, input: { caller: PersonCaller }): Promise<OpenReviews> => {
  const policy = deps.policy();
  const person = input.caller.person;
  const views = await deps.store.read.openReviews(SHOWN_MAX);
  const mine = await reviewableBy(deps, person, views);
  const isAdmin = await isAmong(deps, { policy, person, refs: policy.admins, freshness: 'recent' });
  return { mine, all: isAdmin ? views : null };
};

const reviewableBy = async (deps: Deps, person: Person, views: readonly RequestView[]): Promise<RequestView[]> => {
  const may = await Promise.all(views.map((view) => mayReview(deps, { view, person, freshness: 'recent' })));
  return views.filter((_, index) => may[index]);
};

/** For the home tab. A look-up that fails hides them; the command says why. */
export const reviewsWaitingFor = async (deps: Deps, person: Person): Promise<RequestView[]> => {
  try {
    return await reviewableBy(deps, person, await deps.store.read.openReviews(SHOWN_MAX));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    deps.log.warn({ err: error, person: person.id }, 'could not look up who may review');
    return [];
  }
};

/** Nobody lifts their own block. */
export const allowBreakGlass = async (
  deps: Deps,
  input: { caller: PersonCaller; personUserId: string },
): Promise<{ person: Person; waived: number }> => {
  const policy = deps.policy();
  const { person: admin } = input.caller;
  const person = await deps.directory.person(input.personUserId);
  const refusal = { type: 'follow_up.refused', person: admin, data: { allowing: person.id } } as const;
  if (!(await isAmong(deps, { policy, person: admin, refs: policy.admins, freshness: 'fresh' })))
    return refuse(deps, refusal, new DomainError('admins_only', { admins: policy.admins }));
  if (isSameHuman(admin, person)) return refuse(deps, refusal, new DomainError('own_review'));
  const waived = await deps.store.transaction((tx) => waive(tx, admin, person));
  if (waived === 0) throw new DomainError('nothing_to_allow', { name: person.name });
  return { person, waived };
};

const waive = async (tx: Tx, admin: Person, person: Person): Promise<number> => {
  const overdue = (await tx.reviews.listOverdue()).filter((one) => isSameHuman(one.person, person));
  if (overdue.length > 0) await tx.principals.upsert(admin);
  for (const { review } of overdue) {
    await tx.reviews.waive(review.id, admin.id);
    await tx.audit.append({
      type: 'break_glass.allowed',
      actor: actorOf(admin),
      requestId: review.requestId,
      grantId: review.grantId,
      target: null,
      role: null,
      data: { person: review.personId, dueAt: review.dueAt.toISOString() },
    });
    await refresh(tx, review);
  }
  return overdue.length;
};

const CHASED_AT_ONCE = 100;

/** Reminds reviewers of what is open, and notifies admins once of what is overdue. */
export const remindReviewers = (deps: Deps): Promise<number> =>
  deps.store.transaction(async (tx) => {
    const due = await tx.reviews.lockToChase(CHASED_AT_ONCE);
    if (due.length === 0) return 0;
    const now = await tx.now();
    for (const review of due) {
      const isOverdue = review.escalatedAt === null && now >= review.dueAt;
      await tx.reviews.chase(review.id, isOverdue);
      await tx.audit.append({
        type: isOverdue ? 'follow_up.overdue' : 'follow_up.reminded',
        actor: SYSTEM,
        requestId: review.requestId,
        grantId: review.grantId,
        target: null,
        role: null,
        data: { dueAt: review.dueAt.toISOString(), reminders: review.reminders + 1 },
      });
      await refresh(tx, review);
    }
    return due.length;
  });

/** `grantId` names the review: a grant has at most one. */
export type CloseReviewInput = { caller: PersonCaller; grantId: string; outcome: ReviewOutcome; note: string | null };

/** `mine` are those I may close; `all` is for admins, else null. */
export type OpenReviews = { mine: RequestView[]; all: RequestView[] | null };
