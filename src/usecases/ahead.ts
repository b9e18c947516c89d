/** Whether what was allowed ahead of time fills what the rule of now asks for. Each allowance is its giver's vote, and nothing more. */
import { humansAmong } from '../core/policy/identity.ts';
import { tally } from '../core/policy/tally.ts';
import type { Tally } from '../core/policy/tally.ts';
import type { Ask, Verdict } from '../core/policy/types.ts';
import type { Person, Requirement } from '../core/types.ts';
import { electorateOf } from './electorate.ts';
import type { AllowanceView, Deps } from './ports.ts';

/** Looked up before the transaction: who may approve now. A giver who may no longer approve does not count. */
export type Ahead = { person: Person; requirements: Requirement[]; members: Person[][] };

/** Allowances of one person: more than anybody has. */
const LIMIT = 200;

type Asked = { person: Person; verdict: Verdict; ask: Pick<Ask, 'target' | 'role'> };

/** null where nothing was allowed that would let this person in at once. */
export const aheadOf = async (deps: Deps, { person, verdict, ask }: Asked): Promise<Ahead | null> => {
  if (verdict.decision !== 'ask') return null;
  const all = await deps.store.read.allowances({ personId: person.id }, LIMIT);
  const live = all.filter((one) => one.personId === person.id && one.target === ask.target && one.role === ask.role);
  if (live.length === 0) return null;
  const ahead = await lookUp(deps, person, verdict.requirements);
  return isFilled(ahead, live) ? ahead : null;
};

export const lookUp = async (deps: Deps, person: Person, requirements: Requirement[]): Promise<Ahead> => {
  const electors = await electorateOf(deps, { requester: person, requirements, freshness: 'fresh' });
  return { person, requirements, members: electors.map(({ members }) => members) };
};

export const count = ({ person, requirements, members }: Ahead, allowances: readonly AllowanceView[]): Tally => {
  const ids = members.map((people) => new Set(people.map(({ id }) => id)));
  const givers = [...new Map(allowances.map(({ by }) => [by.id, by])).values()];
  return tally({
    requirements,
    isInOrder: false,
    votes: givers.map(({ id }) => ({ personId: id, kind: 'approve' as const })),
    requester: [person.id],
    members: (index) => ids[index] ?? new Set(),
    humanOf: humansAmong([person, ...givers, ...members.flat()]),
  });
};

export const isFilled = (ahead: Ahead, allowances: readonly AllowanceView[]): boolean =>
  count(ahead, allowances).isSatisfied;

const listed = (items: string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;

/** For the decision: by whom, and which allowances. */
export const noteOf = (allowances: readonly AllowanceView[]): string => {
  const givers = listed([...new Set(allowances.map(({ by }) => by.name))]);
  const noun = allowances.length === 1 ? 'allowance' : 'allowances';
  return `ahead of time by ${givers} (${noun} ${allowances.map(({ id }) => id).join(', ')})`;
};
