/** The address book that the directory looks people up by: what was seen is kept in the database, and admins are notified of conflicts. */
import { conflictText } from '../../domain/principals/email-bindings.ts';
import type { EmailConflict } from '../../domain/principals/email-bindings.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { notifyAdmins } from '../record/notify-admins.ts';
import type { EmailBindings, Pair } from './email-binding-ports.ts';
import type { Ids, Store } from '../deps.ts';

/** Pairs this process has noted: they need not be written again. One that is forgotten is written again, which changes nothing. */
const NOTED_MAX = 50_000;

type BookDeps = { store: Pick<Store, 'transaction'> & { read: Pick<Store['read'], 'observations'> }; ids: Ids };

type See = EmailBindings['see'];

/** Decisions of one moment see the same people: each pair is written by one of them, and the others wait for that. */
const createSeeing = ({ store }: BookDeps): See => {
  const noted = new Set<string>();
  const writing = new Map<string, Promise<void>>();
  const write = async (teamId: string, pairs: Pair[], keys: string[]): Promise<void> => {
    try {
      await store.transaction((tx) => tx.addresses.see(teamId, pairs));
      if (noted.size + keys.length > NOTED_MAX) noted.clear();
      for (const key of keys) noted.add(key);
    } finally {
      for (const key of keys) writing.delete(key);
    }
  };
  return async (teamId, pairs) => {
    const keyOf = ({ userId, address }: Pair): string => `${teamId} ${userId} ${address}`;
    const fresh = pairs.filter((pair) => !noted.has(keyOf(pair)));
    const mine = fresh.filter((pair) => !writing.has(keyOf(pair)));
    const others = fresh.flatMap((pair) => writing.get(keyOf(pair)) ?? []);
    if (mine.length > 0) {
      const keys = mine.map(keyOf);
      const written = write(teamId, mine, keys);
      for (const key of keys) writing.set(key, written);
      others.push(written);
    }
    await Promise.all(new Set(others));
  };
};

export const createEmailBindings = (deps: BookDeps): EmailBindings => {
  return {
    see: createSeeing(deps),
    seeAgain: (teamId, pair) => deps.store.transaction((tx) => tx.addresses.see(teamId, [pair])),
    find: (teamId, of) => deps.store.read.observations(teamId, of),
    report: (teamId, address, conflict) => report(deps, { teamId, address, conflict }),
  };
};

type Reporting = { teamId: string; address: string; conflict: EmailConflict };

const report = (deps: BookDeps, { teamId, address, conflict }: Reporting): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const userIds = await tx.addresses.markNotified(teamId, address);
    if (userIds.length === 0) return;
    await tx.audit.append({
      type: 'email_binding.conflicted',
      actor: SYSTEM,
      requestId: null,
      grantId: null,
      target: null,
      role: null,
      data: { address, conflict, userIds },
    });
    const about = `${teamId}:${address}:${userIds.join(',')}`;
    const lines = [`${conflictText(address, conflict)}.`, remedyOf(address, conflict)];
    await notifyAdmins(tx, deps.ids, { kind: 'email_conflict', about, lines, facts: { kind: 'address', address } });
  });

const remedyOf = (address: string, conflict: EmailConflict): string =>
  conflict === 'shared'
    ? 'Close one of the accounts or give it an address of its own, or name people by Slack id in the policy.'
    : `If it is right, type: /prod-access people confirm ${address} @their-account. Or name people by Slack id in the policy.`;
