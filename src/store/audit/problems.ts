/** From places in the chain that do not fit to what was done to them. Pure. */
import { isSealedAs } from './sealed-as.ts';
import type { Link } from './read.ts';

export type ProblemKind =
  | 'changed'
  | 'removed'
  | 'reordered'
  | 'inserted'
  | 'truncated'
  | 'head_mismatch'
  | 'tree_mismatch'
  | 'checkpoint_mismatch'
  | 'revoked_key'
  | 'erased_without_record'
  | 'day_mismatch'
  | 'unsealed_without_queue'
  | 'queued_without_event'
  | 'queued_again';

/** `seq` is null for events that are not in the chain. */
export type AuditProblem = { seq: number | null; kind: ProblemKind; eventId: string | null; message: string };

/** A place whose hash is not that of its event. `movedBy`: with its number changed by this much it would fit. */
export type Suspect = { link: Link; movedBy: number | null; isFollowed: boolean };

const MAX_MOVE = 3;

/** By how much a place was renumbered, when that alone explains that it does not fit. */
export const movedBy = (link: Link, shift: number): number | null => {
  const near = Array.from({ length: 2 * MAX_MOVE + 1 }, (_, index) => index - MAX_MOVE);
  return [shift, ...near].find((by) => isSealedAs(link, { seq: link.seq + by })) ?? null;
};

const changed = ({ link }: Suspect): AuditProblem => ({
  seq: link.seq,
  kind: 'changed',
  eventId: link.eventId,
  message: `Event ${link.eventId} at ${link.seq} is not what was sealed.`,
});

/** Where the content that belongs at `suspect` is now, when two places changed their numbers, their events or their content. */
const partnerOf = (suspect: Suspect, others: readonly Suspect[]): Suspect | undefined => {
  const { link } = suspect;
  const { event } = link;
  if (!event) return undefined;
  return others.find((other) => {
    const theirs = other.link.event;
    if (other === suspect || !theirs) return false;
    return (
      isSealedAs(link, { seq: other.link.seq }) ||
      isSealedAs(link, { event: theirs, personalSalt: other.link.tree?.personalSalt ?? null }) ||
      isSealedAs(link, { event: { ...theirs, id: event.id }, personalSalt: link.tree?.personalSalt ?? null })
    );
  });
};

const explainOne = (suspect: Suspect, all: readonly Suspect[]): AuditProblem => {
  const { link, movedBy: by, isFollowed } = suspect;
  const partner = isFollowed ? undefined : partnerOf(suspect, all);
  if (partner) {
    const message = `Event ${link.eventId} at ${link.seq} changed places with what is at ${partner.link.seq}.`;
    return { seq: link.seq, kind: 'reordered', eventId: link.eventId, message };
  }
  if (by !== null && by < 0) {
    const message = `What was sealed as ${link.seq + by} is at ${link.seq} now: something was inserted before it.`;
    return { seq: link.seq - 1, kind: 'inserted', eventId: null, message };
  }
  if (by !== null && by > 0) {
    const message = `What was sealed as ${link.seq + by} is at ${link.seq} now: something before it was removed.`;
    return { seq: link.seq, kind: 'removed', eventId: null, message };
  }
  return changed(suspect);
};

/** Pairs are looked for among so many: comparing each with each grows with the square. */
const MAX_PAIRED = 300;

export const explain = (suspects: readonly Suspect[]): AuditProblem[] => [
  ...suspects.slice(0, MAX_PAIRED).map((suspect, _, all) => explainOne(suspect, all)),
  ...suspects.slice(MAX_PAIRED).map(changed),
];
