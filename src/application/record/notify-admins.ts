/** News for admins, written with what it is about and told after commit; the same news within a while is told once. */
import type { AdminNotificationKind, Offer } from './admin-notification-ports.ts';
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
  exceptUserId?: string;
  untilClosed?: boolean;
  withinMs?: number;
};

export const keyOf = (kind: AdminNotificationKind, about: string): string => `${kind}:${about}`;

export const notifyAdmins = async (
  tx: Tx,
  ids: Ids,
  { kind, about, lines, offer, exceptUserId, untilClosed = false, withinMs = SAME_NEWS_MS }: News,
): Promise<void> => {
  const id = ids.next();
  const news = { id, kind, key: keyOf(kind, about), lines: lines.slice(0, LINES_MAX), offer: offer ?? null };
  if (!(await tx.announcements.add(news, untilClosed ? null : withinMs))) return;
  if (exceptUserId) await tx.announcements.leaveOut(id, exceptUserId);
  await tx.outbox.add('announce', id);
};

/** Draws what was told under this key again, with what became of it. */
export const closeNews = async (tx: Tx, key: string, closing: string): Promise<void> => {
  for (const id of await tx.announcements.close(key, closing)) await tx.outbox.add('announce', id);
};
