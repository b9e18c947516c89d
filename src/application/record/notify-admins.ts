/** News for admins, written with what it is about and told after commit; the same news within a while is told once. */
import type { AdminNotificationKind, NoticeFacts, Offer } from './admin-notification-ports.ts';
import type { Ids, Tx } from '../deps.ts';

/** Every process finds the same at about the same time; the same news later is news again. */
const SAME_NEWS_MS = 10 * 60_000;
const LINES_MAX = 50;

/** `untilClosed`: it is news once, and again after `closeNews`; else the same is no news for `withinMs`, ten minutes unless told. */
type News = {
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

/** True where it is news. */
export const notifyAdmins = async (
  tx: Tx,
  ids: Ids,
  { kind, about, lines, offer, facts, exceptUserId, untilClosed = false, withinMs = SAME_NEWS_MS }: News,
): Promise<boolean> => {
  const id = ids.next();
  const news = {
    id,
    kind,
    key: keyOf(kind, about),
    lines: lines.slice(0, LINES_MAX),
    offer: offer ?? null,
    facts: facts ?? null,
  };
  if (!(await tx.announcements.add(news, untilClosed ? null : withinMs))) return false;
  if (exceptUserId) await tx.announcements.leaveOut(id, exceptUserId);
  await tx.outbox.add('announce', id);
  return true;
};

/** Draws what was told under this key again, with what became of it. False where nothing was open. */
export const closeNews = async (tx: Tx, key: string, closing: string): Promise<boolean> => {
  const closed = await tx.announcements.close(key, closing);
  for (const id of closed) await tx.outbox.add('announce', id);
  return closed.length > 0;
};

/** The same for what is open of a kind, whatever it is about. */
export const closeKind = async (tx: Tx, kind: AdminNotificationKind, closing: string): Promise<void> => {
  for (const id of await tx.announcements.closeKind(kind, closing)) await tx.outbox.add('announce', id);
};

export const refreshNews = async (tx: Tx, id: string, lines: string[]): Promise<void> => {
  await tx.announcements.setLines(id, lines);
  await tx.outbox.add('announce', id);
};
