/**
 * Every kind of message, by what it is about. `alarm`, `banner`, `review`, `review_overdue` and `reviewed` are of break-glass: to those who
 * are notified, to the target's channel, to the reviewers, to the admins, and to the person who took the access. Of an incident `prompt` is
 * the one message of the channel, `closing` the warning, `timeline` what is posted at its close, `files` the same as files under it, `notice`
 * for admins.
 */
export const MESSAGES = {
  request: [
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
  ],
  incident: ['prompt', 'closing', 'timeline', 'files', 'notice'],
  alert: ['alert'],
  pre_approval: ['pre_approval'],
  revocation: ['progress'],
  admin_notification: ['notice'],
  campaign: ['lines', 'advice', 'advice_files'],
  report: ['report', 'files'],
} as const;
export type SubjectKind = keyof typeof MESSAGES;
export type MessageKindOf<S extends SubjectKind> = (typeof MESSAGES)[S][number];
export type MessageKind = MessageKindOf<'request'>;

/** What messages are about. `id`: of the request, the incident, and so on. */
export type MessageSubject<S extends SubjectKind = SubjectKind> = { kind: S; id: string };

/** Where a message stands. */
export type Place = { channel: string; ts: string };

/** One message that should exist. `audience` is a channel id or a user id; `part` is 0 where it is left out. */
export type WantedCopy<S extends SubjectKind = SubjectKind> = {
  kind: MessageKindOf<S>;
  audience: string;
  /** Which of several of one kind: the number of the reminder or the change, the second close. 0 where there is only one. */
  part?: number;
};

/** One message as it stands; `channel`/`ts` are where it was posted, null where it was not. */
export type MessageCopy<S extends SubjectKind = SubjectKind> = Required<WantedCopy<S>> & {
  channel: string | null;
  ts: string | null;
  renderedVersion: number;
  /** Fingerprint of what it shows, kept only where that may change without the version. */
  rendered: string | null;
  /** Why this recipient cannot be reached, in the channel's own code; the others are not held up. */
  failure: string | null;
};

export type MessageStore = {
  /** Leases the messages of one subject to one caller; false when another has them. */
  claim(subject: MessageSubject, leaseMs: number): Promise<boolean>;
  /** Ends the lease. A version later than the rendered one says that there is more to render; 0 where the subject has none. */
  release(subject: MessageSubject): Promise<{ version: number }>;
  /** In the order in which they were first saved. */
  list<S extends SubjectKind>(subject: MessageSubject<S>): Promise<MessageCopy<S>[]>;
  /** What became of one message; there is one for each kind, audience and part. */
  save<S extends SubjectKind>(subject: MessageSubject<S>, copy: MessageCopy<S>): Promise<void>;
  /** What could not be posted or rendered there is tried anew; false when there was nothing of the kind. */
  clearFailures(subject: MessageSubject, audience: string): Promise<boolean>;
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
