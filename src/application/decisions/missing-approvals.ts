/** What a request that waits still needs, for showing: from recent look-ups, with the pre-approvals. */
import { tally } from '../../domain/requests/tally.ts';
import type { Tally } from '../../domain/requests/tally.ts';
import type { Person } from '../../domain/principals/person.ts';
import { idsBehind } from '../../domain/principals/requester.ts';
import type { Requirement, Source } from '../../domain/requests/request.ts';
import type { RequestView } from '../record/request-view.ts';
import type { Deps } from '../deps.ts';
import { eligibleApproversOf, fillersOf } from './eligible-approvers.ts';
import type { EligibleApprovers, EligibleApproversDeps } from './eligible-approvers.ts';
import { countingAhead, livePreApprovals } from './pre-approvals.ts';

/** `ahead`: whose pre-approval counts. */
export type MissingApprovals = { eligible: EligibleApprovers[]; fallback: EligibleApprovers | null; ahead: Person[] };

type Sources = EligibleApproversDeps & {
  store: { read: Pick<Deps['store']['read'], 'absencesOf' | 'preApprovals'> };
};

const nameOf = (source: Source): string =>
  source.kind === 'group' ? source.name : source.kind === 'person' ? source.ref : 'manager';

/** Whom the rule falls back on, once the request was silent for too long. */
export const fallbackOf = ({ request }: RequestView): Requirement | null =>
  request.escalatedAt && request.escalateTo
    ? { label: nameOf(request.escalateTo), count: 1, from: [request.escalateTo] }
    : null;

export const missingApprovalsOf = async (sources: Sources, view: RequestView): Promise<MissingApprovals> => {
  const { requirements } = view.request;
  const more = fallbackOf(view);
  const eligibleApprovers = await eligibleApproversOf(sources, {
    requester: view.requester,
    requirements: more ? [...requirements, more] : requirements,
    freshness: 'recent',
  });
  const preApprovals = await livePreApprovals(sources, view.requester.id, view.request);
  const ahead = countingAhead(preApprovals, { eligibleApprovers, votes: view.votes }).map(({ by }) => by);
  return {
    eligible: eligibleApprovers.slice(0, requirements.length),
    fallback: eligibleApprovers[requirements.length] ?? null,
    ahead,
  };
};

export const countSoFar = (
  { request, requester, votes }: RequestView,
  { eligible, fallback, ahead }: MissingApprovals,
): Tally =>
  tally({
    requirements: request.requirements,
    isInOrder: request.isInOrder,
    votes: [
      ...votes.map(({ voterId, kind }) => ({ personId: voterId, kind })),
      ...ahead.map(({ id }) => ({ personId: id, kind: 'approve' as const })),
    ],
    requester: idsBehind(requester),
    members: (index) => {
      const own = eligible[index] ? fillersOf(eligible[index], votes) : new Set<string>();
      return fallback ? new Set([...own, ...fillersOf(fallback, votes)]) : own;
    },
  });

export type Missing = { label: string; count: number };

export const missingIn = ({ missing }: Tally): Missing[] =>
  missing.map(({ label, count, have }) => ({ label, count: count - have }));
