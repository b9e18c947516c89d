/** Records what a list of targets gave, or that it cannot be read: the last good one stays, and the admins are notified once. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { closeNotification, keyOf, notifyAdmins } from '../record/notify-admins.ts';
import type { Deps, Tx } from '../deps.ts';
import type { ListContent, ListId } from './list-ports.ts';

const entry = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

export type NoteListInput = ListId & { outcome: ListContent | { problem: string } };

const noteContent = async (tx: Tx, id: ListId, content: ListContent): Promise<void> => {
  const { failingSince } = await tx.lists.put(id, content);
  if (failingSince === null) return;
  const data = { list: id.list, since: failingSince.toISOString(), sha256: content.sha256 };
  await tx.audit.append({ ...entry, type: 'targets.list_readable', data });
  await closeNotification(tx, keyOf('list_unreadable', id.list), 'The list can be read again.');
};

const noteProblem = async (
  deps: Pick<Deps, 'ids'>,
  tx: Tx,
  { list, definition, problem }: ListId & { problem: string },
) => {
  if (!(await tx.lists.fail({ list, definition }, problem))) return;
  await tx.audit.append({ ...entry, type: 'targets.list_unreadable', data: { list, problem } });
  const lines = [`List ${list} ${problem}`];
  await notifyAdmins(tx, deps.ids, { kind: 'list_unreadable', about: list, lines, untilClosed: true });
};

export const noteList = (deps: Deps, { list, definition, outcome }: NoteListInput): Promise<void> =>
  deps.store.transaction((tx) =>
    'problem' in outcome
      ? noteProblem(deps, tx, { list, definition, problem: outcome.problem })
      : noteContent(tx, { list, definition }, outcome),
  );

/** True where this process is to read the list now. */
export const claimList = (deps: Deps, { list, definition, everyMs }: ListId & { everyMs: number }): Promise<boolean> =>
  deps.store.transaction((tx) => tx.lists.claim({ list, definition }, everyMs));
