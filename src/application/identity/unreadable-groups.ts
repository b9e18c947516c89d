/** Groups of the policy that cannot be read until somebody fixes something: admins are notified once, and again when it comes back after it was fixed. */
import { handleOf } from '../../domain/principals/user-groups.ts';
import type { GroupSource, Policy } from '../../domain/policy/types.ts';
import type { Ids, Store, Tx } from '../deps.ts';
import { closeNotification, keyOf, notifyAdmins } from '../record/notify-admins.ts';
import { refreshPending } from '../record/refresh-pending.ts';

export type UnreadableGroups = {
  /** What admins were notified of is over; `closing` says how. */
  settled(group: GroupSource, closing: string): Promise<void>;
  /** `why` is a sentence that says what is wrong and what to do. */
  unreadable(group: GroupSource, why: string): Promise<void>;
};

type UnreadableDeps = { store: Pick<Store, 'transaction'>; ids: Ids; policy: () => Policy };

/** Where a group is read from; groups of the policy that name one and the same share it. */
const originOf = (group: GroupSource): string => {
  if (group.kind === 'people') return 'people';
  return group.kind === 'slack_usergroup' ? `slack:${handleOf(group.handle)}` : `${group.service}:${group.schedule}`;
};

/** The groups of the policy that are read from there. */
export const namesFrom = ({ groups }: Policy, origin: string): string[] =>
  Object.keys(groups).filter((name) => groups[name] !== undefined && originOf(groups[name]) === origin);

const KIND = 'group_gone';

export const closeUnreadable = async (tx: Tx, origin: string, closing: string): Promise<void> => {
  if (await closeNotification(tx, keyOf(KIND, origin), closing)) await refreshPending(tx);
};

export const createUnreadableGroups = ({ store, ids, policy }: UnreadableDeps): UnreadableGroups => ({
  settled: (group, closing) => store.transaction((tx) => closeUnreadable(tx, originOf(group), closing)),
  unreadable: (group, why) =>
    store.transaction(async (tx) => {
      const origin = originOf(group);
      const isNew = await notifyAdmins(tx, ids, {
        kind: KIND,
        about: origin,
        lines: [why, `Groups of the policy that are read from it: ${namesFrom(policy(), origin).join(', ')}.`],
        facts: { kind: 'group', origin },
        untilClosed: true,
      });
      if (isNew) await refreshPending(tx);
    }),
});
