/** Who may decide on a line of a campaign: its reviewers, the admins once it is overdue, and never a person whom it is about. */
import type { Campaign, CampaignLine } from '../../domain/reviews/campaign.ts';
import { isSameHuman } from '../../domain/principals/identity.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Source } from '../../domain/requests/request.ts';
import { remembering } from '../../lib/remembering.ts';
import type { Freshness } from '../identity/directory.ts';
import { readMembers } from '../identity/members.ts';
import type { Members } from '../identity/members.ts';
import type { Deps } from '../deps.ts';

type LookDeps = Pick<Deps, 'directory' | 'policy'> & { store: { read: Pick<Deps['store']['read'], 'people'> } };
type Line = Pick<CampaignLine, 'reviewers' | 'about'>;
type OfLine = { line: Line; campaign: Pick<Campaign, 'overdueAt' | 'silence'> };

/**
 * `failures`: what could not be looked up. `isAbout`: whether the line is about a person. `unsure`: why whom it is about is known by no more
 * than an id, so that another account of theirs would not be recognised.
 */
export type Reviewers = About & { people: Person[]; failures: Members['failures'] };
type About = { isAbout: (person: Person) => boolean; unsure: Members['failures'] };

/** A client is no person. */
const peopleIn = (about: readonly string[]): string[] => about.filter((id) => !id.startsWith('client:'));

/** By the id of a person, which begins with a workspace or an organisation. */
const sourceOfId = (id: string): Source => ({ kind: 'person', ref: id.slice(id.indexOf(':') + 1) });

/** Lines share groups and people: each is looked up once. */
const createLookUps = ({ directory }: LookDeps, freshness: Freshness) => {
  const look = remembering((key) => readMembers(directory, null, { from: JSON.parse(key) as Source[], freshness }));
  return (from: Source[]): Promise<Members> => look(JSON.stringify(from));
};

/**
 * Who may decide on each of these lines. Whom a line is about is taken as they are and as they were known: another account of the same human
 * decides no more than they do. Where no reviewer is left but those it is about, the admins decide.
 */
export const openReviewers = async (
  deps: LookDeps,
  { lines, freshness }: { lines: readonly Line[]; freshness: Freshness },
): Promise<(of: OfLine) => Promise<Reviewers>> => {
  const policy = deps.policy();
  const ids = new Set(lines.flatMap(({ about }) => peopleIn(about)));
  const stored = new Map((await deps.store.read.people([...ids])).map((person) => [person.id, person]));
  const members = createLookUps(deps, freshness);
  const named = (refs: readonly string[]): Promise<Members> => members(refs.map((ref) => sourceOf(policy, ref)));
  const aboutOf = async ({ about }: Line): Promise<About> => {
    const of = peopleIn(about);
    const now = await Promise.all(of.map((id) => members([sourceOfId(id)])));
    const people = [...of.flatMap((id) => stored.get(id) ?? []), ...now.flatMap((one) => one.people)];
    return {
      isAbout: (person) => about.includes(person.id) || people.some((one) => isSameHuman(one, person)),
      unsure: of.flatMap((id, at) => (stored.has(id) ? [] : (now[at]?.failures ?? []))),
    };
  };
  return async ({ line, campaign }) => {
    const about = await aboutOf(line);
    const isOther = (person: Person): boolean => !about.isAbout(person);
    const own = await named(line.reviewers);
    const people = own.people.filter(isOther);
    const isEscalated = campaign.overdueAt !== null && campaign.silence === 'escalate';
    if (people.length > 0 && !isEscalated) return { ...about, people, failures: own.failures };
    const admins = await named(policy.admins);
    const all = [...people, ...admins.people.filter(isOther)];
    return {
      ...about,
      people: [...new Map(all.map((person) => [person.id, person])).values()],
      failures: [...own.failures, ...admins.failures],
    };
  };
};
