/** Which groups of the policy could not be read at the last look, and will not be until somebody fixes something. */
import { isDomainError } from '../domain/errors.ts';
import type { GroupSource } from '../domain/policy/types.ts';
import type { UnreadableGroups } from '../application/identity/unreadable-groups.ts';

export type GroupStates = {
  /** Runs a look at a group of the policy, and notes what it says of the group. */
  watch<T>(name: string, group: GroupSource, look: () => Promise<T>): Promise<T>;
  /** What is wrong and what to do; null where it was readable at the last look, was not looked at, or only could not be reached. */
  whyUnreadable(name: string): string | null;
};

const READABLE = 'It can be read again, and counts again.';

/** `isMoved`: admins are notified of the handle and its groups by a message of its own. */
const lastingOf = (error: unknown): { why: string; isMoved: boolean } | null => {
  if (!isDomainError(error) || error.code !== 'lookup_failed' || error.facts['isNotified'] !== true) return null;
  const { why, found } = error.facts;
  return typeof why === 'string' ? { why, isMoved: typeof found === 'string' } : null;
};

export const createGroupStates = (reports: UnreadableGroups): GroupStates => {
  /** Null is readable. What was never looked at is missing: a process before this one may have notified admins. */
  const states = new Map<string, string | null>();
  const isKnown = (name: string, why: string | null): boolean => states.has(name) && states.get(name) === why;
  return {
    whyUnreadable: (name) => states.get(name) ?? null,
    watch: async (name, group, look) => {
      if (group.kind === 'people') return look();
      try {
        const found = await look();
        if (!isKnown(name, null)) await reports.settled(group, READABLE);
        states.set(name, null);
        return found;
      } catch (error) {
        const lasting = lastingOf(error);
        if (lasting === null) states.delete(name);
        else {
          // Each time: another process may have closed the notice meanwhile, and this is the next occurrence.
          if (lasting.isMoved) await reports.settled(group, 'Another user group has the handle now.');
          else await reports.unreadable(group, lasting.why);
          states.set(name, lasting.why);
        }
        throw error;
      }
    },
  };
};
