/**
 * `alarm`, `banner`, `review`, `review_overdue` and `reviewed` are of break-glass: to those who are told, to the target's channel,
 * to the reviewers, to the admins, and to whoever took the access.
 */
export const MESSAGE_KINDS = [
  'approval',
  'requester',
  'granted',
  'warning',
  'outcome',
  'stuck',
  'alarm',
  'banner',
  'review',
  'review_overdue',
  'reviewed',
  'changed',
  'reminder',
  'escalation',
  'discussion',
] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** One Slack message that shows a request. `audience` is a channel id or a user id; `channel`/`ts` are where it was posted. */
export type MessageCopy = {
  requestId: string;
  kind: MessageKind;
  audience: string;
  /** Which of several of one kind, from 1: the number of the reminder or the change. 0 where there is only one. */
  part: number;
  channel: string | null;
  ts: string | null;
  drawnVersion: number;
  /** Error code of Slack when this recipient cannot be reached; the others are not held up. */
  failure: string | null;
};

export type ChannelNameReads = {
  /** The channel that this name was kept for, and the other one that has it now and admins were notified of. */
  channelName(name: string): Promise<{ channelId: string; takenBy: string | null } | null>;
};

export type ChannelNameWrites = {
  /** Gives the id that is kept: the first one that was found. */
  keep(name: string, channelId: string): Promise<string>;
  /** False when it was noted already. */
  setTaken(name: string, takenBy: string | null): Promise<boolean>;
};
