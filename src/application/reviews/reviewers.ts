/** Who may decide on a line of a campaign: its reviewers, the admins once it is overdue, and never a person whom it is about. */
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Source } from '../../domain/requests/request.ts';
import type { Freshness } from '../identity/directory.ts';
import { readMembers } from '../identity/members.ts';
import type { Deps } from '../deps.ts';

type LookDeps = Pick<Deps, 'directory' | 'policy'> & { store: { read: Pick<Deps['store']['read'], 'person'> } };
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

type About = Pick<ReviewerQuery, 'freshness'> & Pick<CampaignLine, 'about'>;

/** By the id of a person, which begins with a workspace or an organisation; a client is no person. */
const sourcesOf = (ids: readonly string[]): Source[] =>
  ids.map((id) => ({ kind: 'person', ref: id.slice(id.indexOf(':') + 1) }));

/** Whom the line is about, as they are and as they were known: another account of the same human decides no more than they do. */
const aboutPerson = async (
  { store, directory }: LookDeps,
  { about, freshness }: About,
): Promise<(person: Person) => boolean> => {
  const ids = about.filter((id) => !id.startsWith('client:'));
  const [stored, now] = await Promise.all([
    Promise.all(ids.map((id) => store.read.person(id))),
    readMembers(directory, null, { from: sourcesOf(ids), freshness }),
  ]);
  const people = [...stored.filter((one) => one !== null), ...now.people];
  return (person) => about.includes(person.id) || people.some((one) => isSameHuman(one, person));
};

/** Where no reviewer is left but those it is about, the admins decide. `failures`: what could not be looked up. `isAbout`: whether the line is about a person. */
export const eligibleReviewers = async (deps: LookDeps, { line, campaign, freshness }: ReviewerQuery) => {
  const policy = deps.policy();
  const isAbout = await aboutPerson(deps, { about: line.about, freshness });
  const isOther = (person: Person): boolean => !isAbout(person);
  const own = await membersOf(deps, policy, { refs: line.reviewers, freshness });
  const people = own.people.filter(isOther);
  const isEscalated = campaign.overdueAt !== null && campaign.silence === 'escalate';
  if (people.length > 0 && !isEscalated) return { people, failures: own.failures, isAbout };
  const admins = await membersOf(deps, policy, { refs: policy.admins, freshness });
  const all = [...people, ...admins.people.filter(isOther)];
  return {
    people: [...new Map(all.map((person) => [person.id, person])).values()],
    failures: [...own.failures, ...admins.failures],
    isAbout,
  };
};
