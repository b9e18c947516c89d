/** Looks up what a message shows besides the request: who may decide, what is still missing, the requester's groups. */
import { isDomainError } from '../../core/errors.ts';
import { isSameHuman } from '../../core/policy/identity.ts';
import { tally } from '../../core/policy/tally.ts';
import type { Policy } from '../../core/policy/types.ts';
import type { Log } from '../../lib/log.ts';
import type { Directory, RequestView } from '../../usecases/ports.ts';
import { factsOf } from '../blocks/facts.ts';
import type { Asked, MessageFacts } from '../blocks/facts.ts';

export type FactSources = { directory: Directory; policy: () => Policy; log: Log };

/** `open` are the requirements that wait for somebody now; in order, only the first unfilled one. */
export type LookedUp = { facts: MessageFacts; open: Asked[] | null };

export const lookUpFacts = async (sources: FactSources, view: RequestView): Promise<LookedUp> => {
  const facts = factsOf(sources.policy(), view.request);
  if (view.request.state !== 'pending') return { facts, open: null };
  const { directory } = sources;
  const [groups, asked] = await Promise.all([
    orNull(sources, view, () => directory.recentGroupsOf(view.requester)),
    orNull(sources, view, () => askedFor(directory, view)),
  ]);
  if (!asked) return { facts: { ...facts, groups }, open: null };
  const counted = count(view, asked);
  const missing = counted.missing.map(({ index, label, count: needed, have }) => ({
    label: asked[index]?.label ?? label,
    count: needed - have,
  }));
  return { facts: { ...facts, groups, asked, missing }, open: counted.open.flatMap((index) => asked[index] ?? []) };
};

/** A message without these lines is better than none; the failure is logged and the next redraw looks again. */
const orNull = async <T>({ log }: FactSources, view: RequestView, look: () => Promise<T>): Promise<T | null> => {
  try {
    return await look();
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.warn({ err: error, requestId: view.request.id }, 'a look-up for a message failed');
    return null;
  }
};

const askedFor = (directory: Directory, { request, requester }: RequestView): Promise<Asked[]> =>
  Promise.all(
    request.requirements.map(async ({ label, count: needed, from }) => {
      const members = await directory.recentMembers(from, requester);
      return { label, count: needed, people: members.filter((member) => !isSameHuman(member, requester)) };
    }),
  );

const count = ({ request, requester, votes }: RequestView, asked: Asked[]) =>
  tally({
    requirements: request.requirements,
    isInOrder: request.isInOrder,
    votes: votes.map(({ voterId, kind }) => ({ personId: voterId, kind })),
    requester: [requester.id],
    members: (index) => new Set(asked[index]?.people.map(({ id }) => id) ?? []),
  });
