/** A request that nothing but freezes denied is kept, so that a person may override those for exactly this one. */
import { isDeployment } from '../../domain/policy/deployments.ts';
import { overridableFreezes } from '../../domain/policy/freeze-override.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { RequestedAccess, DecisionFacts } from '../../domain/policy/decision-facts.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import type { Deps } from '../deps.ts';
import type { Overridable } from './request-types.ts';

type Denied = { requester: Requester; requested: RequestedAccess; facts: DecisionFacts; startsAt: Date | null };

/** A pull request gets another commit, and a deployment without access has nothing that could be followed up. */
const isKept = ({ requester: { origin }, requested: { target } }: Denied): boolean =>
  !origin || (origin.kind === 'gate' && !isDeployment(target));

/** Nothing where no override would let it be sent. What a window or an alert made is requested anew by that, and what starts later can wait. */
export const keepFrozen = async (deps: Deps, policy: Policy, denied: Denied): Promise<Overridable> => {
  const { requester, requested: wanted, facts, startsAt } = denied;
  const kind = requester.origin?.kind;
  if (kind === 'window' || kind === 'alert' || kind === 'override' || startsAt !== null) return { override: null };
  const freezes = overridableFreezes(policy, wanted, facts);
  if (freezes.length === 0) return { override: null };
  const by = [...new Set(freezes.flatMap((one) => one.by))];
  if (!isKept(denied)) return { override: null, overriders: by };
  const id = await deps.store.transaction((tx) =>
    tx.frozen.keep({
      id: deps.ids.next(),
      requesterId: requester.id,
      job: requester.kind === 'client' ? requester.job : null,
      startedBy: [...(requester.startedBy ?? [])],
      accounts: [...(requester.accounts ?? [])],
      ...wanted,
      freezes: freezes.map(({ freeze }) => freeze),
    }),
  );
  return { override: { id, by } };
};
