/** The people of the simulated company, and a directory that knows them. */
import { DomainError } from '../../../src/domain/errors.ts';
import type { Directory } from '../../../src/application/identity/directory.ts';
import type { GroupSource, Policy } from '../../../src/domain/policy/types.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import type { Source } from '../../../src/domain/requests/request.ts';
import { boundEmail } from '../../../src/domain/principals/identity.ts';

const NAMES = {
  ada: 'Ada Lovelace',
  omar: 'Omar Haddad',
  olga: 'Ольга Петрова',
  lukasz: 'Łukasz Nowak',
  giorgos: 'Γιώργος Παππάς',
  zoe: 'Zoë Müller',
  kim: 'Kim O’Neil',
  dana: 'Dana Levi',
  sam: 'Sam Okafor',
  ines: 'Inês Duarte',
  mei: 'Mei Chen',
  raj: 'Raj Patel',
} as const;

export type Name = keyof typeof NAMES;
export const ENGINEERS = ['ada', 'omar', 'lukasz', 'giorgos', 'zoe', 'kim', 'mei', 'raj'] as const;

const userIdOf = (name: Name): string => `U${name.toUpperCase()}1`;
export const mailOf = (name: Name): string => `${name}@acme.test`;

export const personOf = (name: Name): Person => ({
  kind: 'person',
  id: `T1:${userIdOf(name)}`,
  teamId: 'T1',
  userId: userIdOf(name),
  name: NAMES[name],
  email: mailOf(name),
  timezone: 'Europe/Berlin',
  isActive: true,
});

const everyone = (Object.keys(NAMES) as Name[]).map(personOf);

const named = (ref: string): Person => {
  const found = everyone.find(({ email, userId }) => email === ref || userId === ref);
  if (!found) throw new DomainError('unknown_person', { id: ref });
  return found;
};

const inGroup = (source: GroupSource | undefined): Person[] =>
  source?.kind === 'people' ? source.people.map(named) : [];

export const directoryOf = (policy: () => Policy): Directory => {
  const members = (sources: Source[]): Promise<Person[]> =>
    Promise.resolve(
      sources.flatMap((source) => {
        if (source.kind === 'group') return inGroup(policy().groups[source.name]);
        return source.kind === 'person' ? [named(source.ref)] : [];
      }),
    );
  const groupsOf: Directory['groupsOf'] = (person, names = Object.keys(policy().groups)) =>
    Promise.resolve({
      groups: names.filter((name) => inGroup(policy().groups[name]).some(({ id }) => id === person.id)),
      unknownGroups: [],
      contestedGroups: [],
      email: person.email === null ? null : boundEmail(person.email),
      otherEmails: [],
    });
  return {
    person: (userId) => Promise.resolve(named(userId)),
    members,
    recentMembers: members,
    groupsOf,
    recentGroupsOf: groupsOf,
    recentFace: () => Promise.resolve(null),
    conflicts: () => Promise.resolve([]),
    whyUnreadable: () => null,
    accountProblem: () => Promise.resolve(null),
    lookAtGroup: () => Promise.resolve(),
  };
};
