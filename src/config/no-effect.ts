/**
 * Settings that interface and documents of later versions have, and that would do nothing in this one. They are refused: a rule that waits
 * for a pull request would never match, and no one would notice. A setting that gets its effect leaves these lists.
 */
import type { Path } from './problem.ts';

const REMOVE = 'has no effect in this version of Latchkey: remove it.';

/** Keys by their place in the file; `*` stands for a name or a number. */
const KEYS: Record<string, string> = {
  'audit.retention': `"retention" ${REMOVE} Nothing of the audit log is erased.`,
  'tests.*.pull_request': `"pull_request" ${REMOVE} No request comes from a pull request.`,
};

/** The sentence about a key without effect, or null. */
export const noEffect = (path: Path): string | null => {
  const isAt = (place: string): boolean => {
    const parts = place.split('.');
    return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
  };
  return Object.entries(KEYS).find(([place]) => isAt(place))?.[1] ?? null;
};

export const noEffectVariable = (rule: string, variable: string): string =>
  `The condition of "${rule}" uses "${variable}", which ${REMOVE} No request comes from a pull request, so ${variable} is always empty.`;
