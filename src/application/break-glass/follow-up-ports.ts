/** The part of the ports that keeps the reviews of access taken by break-glass. */
import type { Review, ReviewOutcome } from '../../domain/break-glass/follow-up.ts';
import type { Person } from '../../domain/principals/person.ts';

export type ReviewWrites = {
  insert(
    review: Pick<Review, 'id' | 'grantId' | 'requestId' | 'personId' | 'withinMs'>,
  ): Promise<Pick<Review, 'dueAt'>>;
  lock(grantId: string): Promise<Review | null>;
  close(id: string, closing: { outcome: ReviewOutcome; note: string | null; reviewerId: string }): Promise<void>;
  /** One that was closed is open again, as on its first day; null where it was not closed. */
  reopen(grantId: string): Promise<Review | null>;
  /** Open, past their deadline, and not waived by an admin. */
  listOverdue(): Promise<{ review: Review; person: Person }[]>;
  waive(id: string, waivedBy: string): Promise<void>;
  /** Open ones whose next reminder is due, skipping those others hold. */
  lockToChase(limit: number): Promise<Review[]>;
  /** Counts a reminder and sets the time of the next; `isOverdue` also notes the escalation. */
  chase(id: string, isOverdue: boolean): Promise<void>;
};
