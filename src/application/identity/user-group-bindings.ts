/** Remembers which Slack user group a handle of the policy meant first, and notifies admins when another group has taken the handle. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { handleOf, movedHandleText } from '../../domain/principals/user-groups.ts';
import { notifyAdmins } from '../record/notify-admins.ts';
import type { Ids, Store } from '../deps.ts';
import type { HandleBindings, HeldHandle } from './user-group-ports.ts';

type BindingDeps = { store: Pick<Store, 'transaction'> & { read: Pick<Store['read'], 'groupOfHandle'> }; ids: Ids };

export const createHandleBindings = (deps: BindingDeps): HandleBindings => {
  /** Pairs that admins were notified of by this process: the database need not be asked again. */
  const notified = new Set<string>();
  return {
    bind: async (teamId, given) => {
      const held = { ...given, handle: handleOf(given.handle) };
      const bound =
        (await deps.store.read.groupOfHandle(teamId, held.handle)) ??
        (await deps.store.transaction((tx) => tx.userGroups.bind(teamId, held)));
      const pair = `${teamId} ${held.handle} ${held.groupId}`;
      if (bound !== held.groupId && !notified.has(pair)) {
        await report(deps, { teamId, held, bound });
        notified.add(pair);
      }
      return bound;
    },
  };
};

type Reporting = { teamId: string; held: HeldHandle; bound: string };

const report = (deps: BindingDeps, { teamId, held, bound }: Reporting): Promise<void> =>
  deps.store.transaction(async (tx) => {
    if (!(await tx.userGroups.markNotified(teamId, held))) return;
    const { handle, groupId: found } = held;
    await tx.audit.append({
      type: 'user_group.moved',
      actor: SYSTEM,
      requestId: null,
      grantId: null,
      target: null,
      role: null,
      data: { handle, before: bound, found },
    });
    const lines = [
      `${movedHandleText({ handle, bound, found })}.`,
      `If ${found} is right, write slack_usergroup: ${found} in the policy; if ${bound} is right, write slack_usergroup: ${bound}.`,
    ];
    await notifyAdmins(tx, deps.ids, {
      kind: 'user_group_moved',
      about: `${teamId}:${handle}:${found}`,
      lines,
      facts: { kind: 'handle', handle, found },
    });
  });
