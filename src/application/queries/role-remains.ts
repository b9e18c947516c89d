/** What the end of an access leaves, for each role of a target: for a form in which the role is chosen. */
import { remainsOf } from '../decisions/remains.ts';
import type { Remains } from '../decisions/remains.ts';
import type { Deps } from '../deps.ts';

export const roleRemains = (deps: Deps, { target }: { target: string }): Record<string, Remains> => {
  const { targets } = deps.policy();
  const roles = Object.hasOwn(targets, target) ? Object.keys(targets[target]?.roles ?? {}) : [];
  return Object.fromEntries(roles.map((role) => [role, remainsOf(deps, { target, role })]));
};
