/** The part of the ports for admin notifications, and for the episodes of late ends they are about. */
import type { Json } from '../../domain/json.ts';

export const ANNOUNCEMENT_KINDS = [
  'policy_adopted',
  'policy_rejected',
  'calendar_changed',
  'targets_found',
  'list_unreadable',
  'overdue',
  'overdue_resolved',
  'revocation',
  'drift_found',
  'drift_asked',
  'drift_repaired',
  'email_conflict',
  'channel_taken',
  'channel_gone',
  'account_gone',
  'group_gone',
  'targets_unfit',
  'user_group_moved',
  'target_name_moved',
  'checkpoint_refused',
  'key_revoked',
  'app_removed',
  'report_failed',
] as const;
export type AdminNotificationKind = (typeof ANNOUNCEMENT_KINDS)[number];
/** What admins may answer with a click: to repair or to leave a batch of findings. */
export type Offer = { kind: 'drift'; id: string; count: number };
/** What a notice is about, where it is looked at again whether it still holds. */
export type NoticeFacts =
  | { kind: 'group'; origin: string }
  | { kind: 'handle'; handle: string; found: string }
  /** `scope`: as the policy had it. */
  | { kind: 'target_name'; target: string; scope: Json }
  | { kind: 'address'; address: string }
  /** As the policy writes it: an email, a Slack id, or the id of a user or bot of the incident tool. */
  | { kind: 'account'; ref: string }
  | { kind: 'channel'; name: string }
  /** As the policy writes it. */
  | { kind: 'lost_channel'; channel: string }
  /** `at`: the line of the notice that says it. */
  | { kind: 'targets'; misfits: { at: number; target: string; roles: string[]; problem: string }[] };
export type OpenNotice = {
  id: string;
  kind: AdminNotificationKind;
  key: string;
  lines: string[];
  facts: NoticeFacts | null;
};
export type NewAdminNotification = {
  id: string;
  kind: AdminNotificationKind;
  key: string;
  lines: string[];
  offer?: Offer | null;
  facts?: NoticeFacts | null;
};
export type AdminNotification = Omit<NewAdminNotification, 'key' | 'offer' | 'facts'> & {
  createdAt: Date;
  offer: Offer | null;
  /** What became of it; null while it is current. Raises the version, and what was posted is refreshed. */
  closing: string | null;
  closedAt: Date | null;
  version: number;
};

/** A time during which some end was late by more than a minute; admins are notified of it once, and again at growing pauses. */
export type OverdueEpisode = { id: string; openedAt: Date; worstMs: number; alerts: number; isAlertDue: boolean };
/** What is overdue in one target now, by the database clock. */
export type OverdueTarget = { target: string; count: number; oldestMs: number };

export type AdminNotificationWrites = {
  /** False when the same key was announced within `withinMs`; where that is null, when it was and is not closed yet. */
  add(notification: NewAdminNotification, withinMs: number | null): Promise<boolean>;
  /** Of these lines, those that no announcement had within `withinMs`. Until the transaction ends, no other looks for one of this kind. */
  untold(lines: string[], of: { kind: AdminNotificationKind; withinMs: number }): Promise<string[]>;
  /** Somebody who knows it already is not notified. */
  leaveOut(id: string, userId: string): Promise<void>;
  /** Says what became of the notification under this key, where that is not said yet, and gives their ids. */
  close(key: string, closing: string): Promise<string[]>;
  /** The same for all of a kind that are open, of the newest. */
  closeKind(kind: AdminNotificationKind, closing: string): Promise<string[]>;
  /** Keys of what is open about this. */
  openAbout(facts: NoticeFacts): Promise<string[]>;
  /** The lines that are shown from now on; what was posted is refreshed. */
  setLines(id: string, lines: string[]): Promise<void>;
  /** Open ones of these kinds that no process has looked at for a while; of several processes one is given each. */
  takeOpen(kinds: readonly AdminNotificationKind[], limit: number): Promise<OpenNotice[]>;
};

export type AdminNotificationReads = {
  adminNotification(id: string): Promise<AdminNotification | null>;
};

export type OverdueWrites = {
  /** Opens an episode unless one is open, and locks it. */
  open(id: string): Promise<OverdueEpisode>;
  lock(): Promise<OverdueEpisode | null>;
  /** Keeps the worst lateness; `nextInMs` counts an alert, null none. */
  note(id: string, seen: { worstMs: number; nextInMs: number | null }): Promise<void>;
  close(id: string): Promise<void>;
};
