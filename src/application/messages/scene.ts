/** What one subject's messages are made from, as its part of `subjects/` looks it up. Knows no channel and stores nothing. */
import type { Deps } from '../deps.ts';
import type { MakeAdvice } from '../reviews/made-advice.ts';
import type { MessageChannel, MessageContent } from './channel.ts';
import type { MessageCopy, Place, SubjectKind, WantedCopy } from './message-ports.ts';

export type SyncOutcome = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number; error: string };

export const DONE: SyncOutcome = { outcome: 'done' };

/** Of a look-up that failed. */
export const LOOKUP_RETRY_MS = 10_000;

/** How many are written to at first where many could be: the others are left in peace, or follow with a reminder. */
export const ASKED_AT_ONCE = 5;

export type SceneDeps = Pick<Deps, 'store' | 'policy' | 'directory' | 'access' | 'ids' | 'log'> & {
  channel: Omit<MessageChannel, 'deliver'>;
  makeAdvice: MakeAdvice;
};

/** `copies` are those that stand or are about to; each is kept up to date with what becomes of it. */
export type Scene<S extends SubjectKind = SubjectKind> = {
  /** What a message that is rendered now shows. */
  version: number;
  /** Which messages should exist by now. Looked at again where one turned out not to reach its recipient: others may be wanted in its place. */
  wanted(copies: readonly MessageCopy<S>[]): WantedCopy<S>[];
  /** What was wanted and never posted is posted only while it is current. */
  isCurrent(copy: MessageCopy<S>): boolean;
  /** What it shows may change without the version. */
  isWatched?(copy: MessageCopy<S>): boolean;
  /** It is neither posted nor updated now, whatever changed. */
  isStill?(copy: MessageCopy<S>): boolean;
  /** Delivered when all others are: where it goes, or what it shows, depends on them. */
  isLater?(copy: MessageCopy<S>): boolean;
  /** It may come late, when limits are needed for what people wait for. */
  isPatient?(copy: MessageCopy<S>): boolean;
  /** A refusal that may pass: it is no word about the recipient. */
  isPassing?(code: string): boolean;
  /** What it goes under; null where it stands by itself. */
  threadOf?(copy: MessageCopy<S>, copies: readonly MessageCopy<S>[]): Place | null;
  /** Null where there is nothing to show. */
  content(
    copy: MessageCopy<S>,
    copies: readonly MessageCopy<S>[],
  ): MessageContent | null | Promise<MessageContent | null>;
  /** What becomes of the work once all of it was delivered, or as much as could be. */
  finish?(outcome: SyncOutcome, copies: readonly MessageCopy<S>[]): SyncOutcome | Promise<SyncOutcome>;
};

/** Null where there is no such subject; an outcome where it cannot be looked up now. */
export type Opened<S extends SubjectKind> = Scene<S> | SyncOutcome | null;
export type OpenScene<S extends SubjectKind> = (deps: SceneDeps, id: string) => Promise<Opened<S>>;

export const placeOf = ({ channel, ts }: { channel: string | null; ts: string | null }): Place | null =>
  channel !== null && ts !== null ? { channel, ts } : null;
