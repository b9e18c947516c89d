/** Who may decide on a line of a campaign: its reviewers, the admins once it is overdue, and never a person whom it is about. */
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Freshness } from '../identity/directory.ts';
import { readMembers } from '../identity/members.ts';
import type { Deps } from '../deps.ts';

type LookDeps = Pick<Deps, 'directory' | 'policy'>;
type ReviewerQuery = {
  line: Pick<CampaignLine, 'reviewers' | 'about'>;
  campaign: Pick<Campaign, 'overdueAt' | 'silence'>;
  freshness: Freshness;
};

const membersOf = (
  deps: LookDeps,
  policy: Policy,
  { refs, freshness }: { refs: readonly string[]; freshness: Freshness },
) => readMembers(deps.directory, null, { from: refs.map((ref) => sourceOf(policy, ref)), freshness });

/** Where no reviewer is left but those it is about, the admins decide. `failures`: what could not be looked up. */
export const eligibleReviewers = async (deps: LookDeps, { line, campaign, freshness }: ReviewerQuery) => {
  const policy = deps.policy();
  const isOther = ({ id }: Person): boolean => !line.about.includes(id);
  const own = await membersOf(deps, policy, { refs: line.reviewers, freshness });
  const people = own.people.filter(isOther);
  const isEscalated = campaign.overdueAt !== null && campaign.silence === 'escalate';
  if (people.length > 0 && !isEscalated) return { people, failures: own.failures };
  const admins = await membersOf(deps, policy, { refs: policy.admins, freshness });
  const all = [...people, ...admins.people.filter(isOther)];
  return {
    people: [...new Map(all.map((person) => [person.id, person])).values()],
    failures: [...own.failures, ...admins.failures],
  };
};
