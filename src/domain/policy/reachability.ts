/** Who could approve a request, and whether they could agree to it at all: said before it is sent, not after hours of silence. */
import type { Requirement } from '../requests/request.ts';
import { tally } from '../requests/tally.ts';

export type Reach = {
  index: number;
  label: string;
  count: number;
  /** Person ids that would be asked: the members without the requester. */
  eligible: string[];
  state: 'ok' | 'nobody' | 'only_requester' | 'too_few';
};

export type Reachability = {
  requirements: Reach[];
  /** False when even the approval of everyone who would be asked could not fill every requirement. */
  isFillable: boolean;
  /** For the requester: the first thing in the way. */
  problem: 'nobody' | 'only_requester' | 'too_few' | null;
};

type ReachInput = {
  requirements: readonly Requirement[];
  requester: Iterable<string>;
  /** Active people only. */
  members(requirementIndex: number): ReadonlySet<string>;
  humanOf?: ReadonlyMap<string, string>;
};

const stateOf = (eligible: number, members: number, count: number): Reach['state'] => {
  if (eligible >= Math.max(1, count)) return 'ok';
  if (eligible > 0) return 'too_few';
  return members > 0 ? 'only_requester' : 'nobody';
};

export const reachability = (input: ReachInput): Reachability => {
  const human = (id: string): string => input.humanOf?.get(id) ?? id;
  const requester = new Set([...input.requester].map(human));
  const requirements = input.requirements.map(({ label, count }, index): Reach => {
    const members = [...input.members(index)];
    const eligible = members.filter((id) => !requester.has(human(id))).sort();
    const humans = new Set(eligible.map(human)).size;
    return { index, label, count, eligible, state: stateOf(humans, members.length, count) };
  });
  const everyone = [...new Set(requirements.flatMap(({ eligible }) => eligible))];
  const { isSatisfied } = tally({
    requirements: input.requirements,
    isInOrder: false,
    votes: everyone.map((personId) => ({ personId, kind: 'approve' })),
    requester,
    members: (index) => new Set(requirements[index]?.eligible),
    ...(input.humanOf ? { humanOf: input.humanOf } : {}),
  });
  const first = requirements.find(({ state }) => state !== 'ok')?.state;
  const problem = isSatisfied ? null : first === undefined || first === 'ok' ? 'too_few' : first;
  return { requirements, isFillable: isSatisfied, problem };
};
