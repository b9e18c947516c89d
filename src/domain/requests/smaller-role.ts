/** Which role of a target is smaller than another: the one that stands before it in the policy, unless it is sensitive and the other is not. */
import type { Role, Target } from '../policy/types.ts';

/** Names that look like whole numbers would be put first by JavaScript whatever the file says; a policy that has them has no order. */
const order = (target: Target): string[] => Object.keys(target.roles);

export type NotSmaller = 'unknown_role' | 'change_wider_role' | 'change_sensitive';

/** null when `wanted` is `asked` itself or smaller. */
export const isSmallerRole = (target: Target, requested: string, wanted: string): NotSmaller | null => {
  if (wanted === requested) return null;
  const names = order(target);
  const from = Object.hasOwn(target.roles, requested) ? target.roles[requested] : undefined;
  const to = Object.hasOwn(target.roles, wanted) ? target.roles[wanted] : undefined;
  if (!from || !to) return 'unknown_role';
  if (to.isSensitive && !from.isSensitive) return 'change_sensitive';
  const isNumbered = names.some((name) => /^\d+$/.test(name));
  return isNumbered || names.indexOf(wanted) > names.indexOf(requested) ? 'change_wider_role' : null;
};

/** The asked role and every smaller one, smallest first. */
export const smallerRoles = (target: Target, requested: string): Role[] =>
  Object.values(target.roles).filter((role) => isSmallerRole(target, requested, role.name) === null);
