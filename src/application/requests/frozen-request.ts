/** A request that nothing but freezes denied is kept, so that a person may override those for exactly this one. */
import { overridableFreezes } from '../../domain/policy/freeze-override.ts';
import type { Ask, DecisionFacts, Policy } from '../../domain/policy/types.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Deps } from '../deps.ts';
import type { FreezeOverride } from './request-types.ts';

type Denied = { requester: Requester; ask: Ask; facts: DecisionFacts; startsAt: Date | null };

/**
 * Null where no override would let it be sent. What a deployment, a pull request, a window or an alert made is requested anew by that,
 * and what starts later can wait.
 */
export const keepFrozen = async (
  deps: Deps,
  policy: Policy,
  { requester, ask: wanted, facts, startsAt }: Denied,
): Promise<FreezeOverride | null> => {
  if (requester.origin || startsAt !== null) return null;
  const freezes = overridableFreezes(policy, wanted, facts);
  if (freezes.length === 0) return null;
  const id = await deps.store.transaction((tx) =>
    tx.frozen.keep({
      id: deps.ids.next(),
      requesterId: requester.id,
      job: requester.kind === 'client' ? requester.job : null,
      startedBy: [...(requester.startedBy ?? [])],
      ...wanted,
      freezes: freezes.map(({ freeze }) => freeze),
    }),
  );
  return { id, by: [...new Set(freezes.flatMap(({ by }) => by))] };
};
