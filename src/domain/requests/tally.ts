/** Counts votes: each human once, for one requirement, by the assignment that fills most; the requester never. */
import type { Requirement } from './request.ts';
import type { VoteKind } from './vote.ts';

export type TallyVote = { personId: string; kind: VoteKind };

export type TallyInput = {
  requirements: readonly Pick<Requirement, 'label' | 'count'>[];
  isInOrder: boolean;
  /** At most one current vote a person; of several by one human a deny wins. Their order changes nothing. */
  votes: readonly TallyVote[];
  /** Person ids of the requester, in every identity. */
  requester: Iterable<string>;
  /** Who may vote for a requirement, as it is now: a leaver who is no longer in it no longer counts. */
  members(requirementIndex: number): ReadonlySet<string>;
  /** Person id -> human (`humansAmong`), where one human may have several records. */
  humanOf?: ReadonlyMap<string, string>;
};

export type Missing = { index: number; label: string; count: number; have: number };

export type Tally = {
  isSatisfied: boolean;
  isDenied: boolean;
  /** Requirements that are not filled. */
  missing: Missing[];
  /** Indexes that wait for votes now: every unfilled one, or only the first where they are in order. */
  open: number[];
  /** Person id -> index of the requirement their approval counts for. */
  assignment: Map<string, number>;
};

/** No rule may need more, so that the assignment stays quick. */
const COUNT_MAX = 50;

type Voter = { personId: string; isDeny: boolean; canFill: boolean[] };

const votersOf = (input: TallyInput): Voter[] => {
  const human = (id: string): string => input.humanOf?.get(id) ?? id;
  const requester = new Set([...input.requester].map(human));
  const members = input.requirements.map((_, index) => input.members(index));
  const voters = new Map<string, Voter>();
  for (const { personId, kind } of [...input.votes].sort((a, b) => (a.personId < b.personId ? -1 : 1))) {
    const canFill = members.map((set) => set.has(personId));
    if (requester.has(human(personId)) || !canFill.includes(true)) continue;
    const known = voters.get(human(personId));
    voters.set(human(personId), {
      personId: known?.personId ?? personId,
      isDeny: kind === 'deny' || known?.isDeny === true,
      canFill: canFill.map((can, index) => can || known?.canFill[index] === true),
    });
  }
  return [...voters.values()];
};

/** Kuhn's augmenting paths, one slot at a time in the order of the rule: a filled slot stays filled, so earlier requirements come first. */
const assign = (voters: readonly Voter[], counts: readonly number[]): (number | null)[] => {
  const slotOf: (number | null)[] = voters.map(() => null);
  const slots = counts.flatMap((count, index) => Array.from({ length: Math.min(count, COUNT_MAX) }, () => index));
  const fill = (slot: number, seen: Set<number>): boolean => {
    for (const [at, voter] of voters.entries()) {
      if (seen.has(at) || !voter.canFill[slots[slot] ?? -1]) continue;
      seen.add(at);
      const taken = slotOf[at] ?? null;
      if (taken !== null && !fill(taken, seen)) continue;
      slotOf[at] = slot;
      return true;
    }
    return false;
  };
  for (const slot of slots.keys()) fill(slot, new Set());
  return slotOf.map((slot) => (slot === null ? null : (slots[slot] ?? null)));
};

export const tally = (input: TallyInput): Tally => {
  const voters = votersOf(input);
  const approving = voters.filter((voter) => !voter.isDeny);
  const filled = assign(
    approving,
    input.requirements.map(({ count }) => count),
  );
  const assignment = new Map<string, number>();
  for (const [at, voter] of approving.entries()) {
    const index = filled[at] ?? null;
    if (index !== null) assignment.set(voter.personId, index);
  }
  const missing = input.requirements.flatMap(({ label, count }, index) => {
    const have = filled.filter((found) => found === index).length;
    // A count below one is nonsense that must not read as "nobody is needed".
    return have < Math.max(1, count) ? [{ index, label, count, have }] : [];
  });
  const isDenied = voters.some((voter) => voter.isDeny);
  const open = missing.map(({ index }) => index);
  return {
    isSatisfied: !isDenied && input.requirements.length > 0 && missing.length === 0,
    isDenied,
    missing,
    open: isDenied ? [] : input.isInOrder ? open.slice(0, 1) : open,
    assignment,
  };
};
