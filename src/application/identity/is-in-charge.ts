import type { Policy } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Deps } from '../deps.ts';
import { isAmong } from './named-among.ts';

type ChargeQuery = { policy: Policy; person: Person; target: string };

/** Whether this person is an admin or owns the target, however the policy names them. Rejects where that hangs on a failed look-up. */
export const isInCharge = (deps: Deps, { policy, person, target }: ChargeQuery): Promise<boolean> => {
  const owners = Object.hasOwn(policy.targets, target) ? (policy.targets[target]?.owners ?? []) : [];
  const refs = [...new Set([...policy.admins, ...owners])];
  return isAmong(deps, { policy, person, refs, freshness: 'fresh' });
};
