/** Looks up what a message shows besides the request: who may decide, who is away, what is still missing, the requester's groups. */
import { isDomainError } from '../../domain/errors.ts';
import { countSoFar, missingApprovalsOf, fallbackOf, missingIn } from '../decisions/missing-approvals.ts';
import type { MissingApprovals } from '../decisions/missing-approvals.ts';
import { mayBreak } from '../break-glass/break-glass.ts';
import { offerOf } from '../grants/extension-terms.ts';
import type { Policy } from '../../domain/policy/types.ts';
import { everyoneOf } from '../decisions/eligible-approvers.ts';
import type { EligibleApprovers } from '../decisions/eligible-approvers.ts';
import type { SceneDeps } from './scene.ts';
import type { Directory } from '../identity/directory.ts';
import type { RequestView } from '../record/request-view.ts';
import { factsOf } from './facts.ts';
import type { MessageFacts } from './facts.ts';
import { isStuck } from './stuck.ts';

export type FactSources = Pick<SceneDeps, 'directory' | 'policy' | 'log'> & {
  access: Pick<SceneDeps['access'], 'byHand' | 'guarantee' | 'terms'>;
  store: {
    read: Pick<SceneDeps['store']['read'], 'absencesOf' | 'preApprovals' | 'linksOf' | 'linksOfPerson' | 'now'>;
  };
};

/** `approvers`: user ids in the order in which they are notified, nobody who is away among them; null when not known. `fallback`: of them, those asked after the silence. */
export type LookedUp = { facts: MessageFacts; approvers: string[] | null; fallback: string[] };

export const lookUpFacts = async (sources: FactSources, view: RequestView): Promise<LookedUp> => {
  const byHand = view.grant && isStuck(view) ? sources.access.byHand(view.grant, view.requester) : null;
  const known = factsOf(sources.policy(), view.request);
  const face = view.requester.kind === 'person' ? await sources.directory.recentFace(view.requester.userId) : null;
  const facts = { ...known, face, byHand, ...boundsOf(sources, view, known) };
  if (view.request.state !== 'pending')
    return { facts: { ...facts, offerMs: await offerOf(sources, view) }, approvers: null, fallback: [] };
  const [groups, missingApprovals, mayBreakGlass] = await Promise.all([
    orNull(sources, view, () => groupsOf(sources, view)),
    orNull(sources, view, () => missingApprovalsOf(sources, view)),
    mayTakeAtOnce(sources, view),
  ]);
  const all = { ...facts, groups, mayBreakGlass };
  if (!missingApprovals) return { facts: all, approvers: null, fallback: [] };
  const unlinked = unlinkedIn(sources.policy(), missingApprovals);
  return withUnreadable(sources.directory, withMissingApprovals(view, { ...all, unlinked }, missingApprovals));
};

/** More time of access that there is, and what begins later, are not taken at once. */
const mayTakeAtOnce = async (sources: FactSources, { request, requester }: RequestView): Promise<boolean> =>
  requester.kind === 'person' &&
  request.extendsGrantId === null &&
  request.startsAt === null &&
  mayBreak(sources, requester, request);

const unlinkedIn = (policy: Policy, { eligible, fallback }: MissingApprovals): MessageFacts['unlinked'] => {
  const all = [...eligible, ...(fallback ? [fallback] : [])];
  const accounts = all[0]?.unlinked ?? [];
  if (accounts.length === 0) return null;
  const toLink = everyoneOf(all).filter(({ id }) => all.some(({ uncounted }) => uncounted.has(id)));
  return {
    accounts,
    isAllowed: policy.unlinkedAccounts === 'allow',
    toLink: [...new Set(toLink.map(({ userId }) => userId))],
  };
};

/** A client is in none. */
const groupsOf = async ({ directory }: FactSources, { requester }: RequestView): Promise<string[]> =>
  requester.kind === 'person' ? (await directory.recentGroupsOf(requester)).groups : [];

/** Of the access as it was granted; before that, of the role as the policy has it now. */
const boundsOf = (
  { access }: FactSources,
  { grant, request }: RequestView,
  { role }: MessageFacts,
): Pick<MessageFacts, 'guarantee' | 'terms'> => {
  const of = grant ?? (role && { target: request.target, scope: role.scope });
  return of ? { guarantee: access.guarantee(of), terms: access.terms(of) } : { guarantee: null, terms: [] };
};

/** A message without these lines is better than none; the failure is logged and the next refresh looks again. */
const orNull = async <T>({ log }: FactSources, view: RequestView, look: () => Promise<T>): Promise<T | null> => {
  try {
    return await look();
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.warn({ err: error, requestId: view.request.id }, 'a look-up for a message failed');
    return null;
  }
};

/** Those who are here: members who are not away, and stand-ins. Who is away or may decide unasked is left in peace. */
const pingable = ({ members, quiet, away, standIns }: EligibleApprovers): string[] => {
  const isQuiet = new Set(quiet.map(({ id }) => id));
  const isAway = new Set(away.map(({ personId }) => personId));
  const here = members.filter(({ id }) => !isAway.has(id) && !isQuiet.has(id));
  const inStead = standIns.filter((one) => !one.isAway && !isQuiet.has(one.absent.id));
  return [...here, ...inStead.map(({ delegate }) => delegate)].map(({ userId }) => userId);
};

const withMissingApprovals = (view: RequestView, facts: MessageFacts, missingApprovals: MissingApprovals): LookedUp => {
  const { request, votes } = view;
  const { eligible, fallback, ahead } = missingApprovals;
  const soFar = countSoFar(view, missingApprovals);
  const { open } = soFar;
  const hasVoted = new Set([...votes.map(({ voter }) => voter), ...ahead].map(({ userId }) => userId));
  const others = fallback ? pingable(fallback) : [];
  const perOpen = open.map((index) =>
    (eligible[index] ? pingable(eligible[index]) : []).filter((id) => !hasVoted.has(id)),
  );
  const isUnknown = (index: number): boolean => (eligible[index]?.unknown.length ?? 0) > 0;
  const isEmpty = perOpen.some((ids, at) => ids.length === 0 && !isUnknown(open[at] ?? -1));
  const isStuck = isEmpty && others.every((id) => hasVoted.has(id));
  const hasMembers = open.every((index) => {
    const { members = [], quiet = [] } = eligible[index] ?? {};
    return members.length > quiet.length;
  });
  const more = fallbackOf(view);
  // Approvers who are notified because the others were silent comes first: there is little time left.
  const asking = [...new Set([...others, ...perOpen.flat()])];
  return {
    approvers: asking.length > 0 || !open.some(isUnknown) ? asking : null,
    fallback: others,
    facts: {
      ...facts,
      eligible: request.requirements.map(({ label, count: needed }, index) =>
        eligibleOf(label, needed, eligible[index]),
      ),
      ahead,
      fallback: more ? eligibleOf(more.label, more.count, fallback ?? undefined) : null,
      missing: missingIn(soFar),
      waitingFor: [...new Set([...perOpen.flat(), ...others.filter((id) => !hasVoted.has(id))])],
      unreachable: isStuck ? (hasMembers ? 'away' : 'untold') : null,
    },
  };
};

/** What stays so until an admin fixes it is not said to be so *just now*. */
const withUnreadable = (directory: Pick<Directory, 'whyUnreadable'>, found: LookedUp): LookedUp => {
  const eligible = found.facts.eligible?.map((one) => ({
    ...one,
    unreadable: (one.unknown ?? []).filter((name) => directory.whyUnreadable(name) !== null),
  }));
  return { ...found, facts: { ...found.facts, eligible: eligible ?? null } };
};

const eligibleOf = (label: string, needed: number, eligibleApprovers: EligibleApprovers | undefined) => ({
  label,
  count: needed,
  people: eligibleApprovers?.members ?? [],
  quiet: eligibleApprovers?.quiet ?? [],
  away: eligibleApprovers?.away ?? [],
  standIns: eligibleApprovers?.standIns ?? [],
  unknown: eligibleApprovers?.unknown ?? [],
  conflicts: eligibleApprovers?.conflicts ?? [],
});
