/** What the end of an access leaves: said wherever somebody agrees to it or takes it, before they do. */
import type { Deps } from '../deps.ts';

/** `terms`: what holds of it while it lasts. `mayRemain`: what a borrower could leave in the target. `survives`: what the end does not cut there, or null. */
export type Remains = { mayRemain: string[]; survives: string | null; terms: string[] };

export const remainsOf = (
  { access, policy }: Pick<Deps, 'access' | 'policy'>,
  { target, role }: { target: string; role: string },
): Remains => {
  const { targets } = policy();
  const scope = Object.hasOwn(targets, target) ? targets[target]?.roles[role]?.scope : undefined;
  if (scope === undefined) return { mayRemain: access.mayRemain(target, role), survives: null, terms: [] };
  const survives = access.guarantee({ target, scope })?.survives ?? null;
  return { mayRemain: access.mayRemain(target, role), survives, terms: access.terms({ target, scope }) };
};
