/** Admin notifications, written with what they are about and sent after commit; the same one within a while is sent once. */
import type { AdminNotificationKind, NoticeFacts, Offer } from './admin-notification-ports.ts';
import type { Ids, Tx } from '../deps.ts';

/** Every process finds the same at about the same time; the same later is sent again. */
const SAME_NOTIFICATION_MS = 10 * 60_000;
const LINES_MAX = 50;

/** `untilClosed`: it is sent once, and again after `closeNotification`; else the same is not sent again for `withinMs`, ten minutes by default. */
type Notification = {
  kind: AdminNotificationKind;
  about: string;
  lines: string[];
  offer?: Offer;
  facts?: NoticeFacts;
  exceptUserId?: string;
  untilClosed?: boolean;
  withinMs?: number;
};

export const keyOf = (kind: AdminNotificationKind, about: string): string => `${kind}:${about}`;

/** True where it is new. */
export const notifyAdmins = async (
  tx: Tx,
  ids: Ids,
  {
    kind,
    about,
    lines,
    offer,
    facts,
    exceptUserId,
    untilClosed = false,
    withinMs = SAME_NOTIFICATION_MS,
  }: Notification,
): Promise<boolean> => {
  const id = ids.next();
  const notification = {
    id,
    kind,
    key: keyOf(kind, about),
    lines: lines.slice(0, LINES_MAX),
    offer: offer ?? null,
    facts: facts ?? null,
  };
  if (!(await tx.announcements.add(notification, untilClosed ? null : withinMs))) return false;
  if (exceptUserId) await tx.announcements.leaveOut(id, exceptUserId);
  await tx.outbox.add('announce', id);
  return true;
};

/** Renders the notification of this key again, with what became of it. False where nothing was open. */
export const closeNotification = async (tx: Tx, key: string, closing: string): Promise<boolean> => {
  const closed = await tx.announcements.close(key, closing);
  for (const id of closed) await tx.outbox.add('announce', id);
  return closed.length > 0;
};

/** The same for what is open of a kind, whatever it is about. */
export const closeKind = async (tx: Tx, kind: AdminNotificationKind, closing: string): Promise<void> => {
  for (const id of await tx.announcements.closeKind(kind, closing)) await tx.outbox.add('announce', id);
};

export const refreshNotification = async (tx: Tx, id: string, lines: string[]): Promise<void> => {
  await tx.announcements.setLines(id, lines);
  await tx.outbox.add('announce', id);
};
