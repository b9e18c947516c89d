/** What a provider finds in its target. Provider authors import these from `provider.ts`. */
import type { Remains } from '../domain/finding.ts';
import type { Json } from '../domain/json.ts';

/** One thing about a target that is wrong or unwise, in a sentence with how to fix it. */
export type Finding = { level: 'error' | 'warning'; code: string; message: string; remains?: Remains };

/** `name` is what it is called there; `found` is what the provider itself compares with the role, opaque to everybody else. */
export type Ours<Handle> = { grantId: string; handle: Handle; expiresAt: Date | null; name: string; found: Json };

/**
 * To be reported, and never touched. `lookalike`: named as if it were ours and without our mark. `stray`: made or let in by Latchkey's own
 * rights or those of a grant, and no grant explains it. `group`: what is granted lets access be kept now, or was changed.
 * `prepared`: a transaction that was left and keeps its locks. `why` is a sentence.
 */
export type Lookalike = { kind: 'lookalike' | 'stray' | 'group' | 'prepared'; name: string; why: string };

/**
 * How an access differs from what its grant says. `deadline` and `wider` can be put back; `narrower` is somebody's wish to report;
 * `closed` means that somebody shut it by hand. `message` is a clause about the access, for admins: "its deadline is …".
 */
export type Difference = { kind: 'deadline' | 'wider' | 'narrower' | 'closed'; message: string };

/**
 * An access that somebody is in. `forMs`: how long the oldest of what is open there has been, by the target's own clock, so that no two
 * clocks need agree; 0 where the target reports only that something is open.
 */
export type InUse = { grantId: string; forMs: number };

/**
 * One statement, as the target logged it, without secrets. `session` and `line` are the target's own, so that a line that is missing shows.
 * `code` is the target's, of a statement that failed.
 */
export type Statement = { at: string; session: string; line: number; text: string; code: string | null };

/** Lines of one session that the target's log should have and has not. */
export type MissingLines = { session: string; from: number; to: number };

/** What was done through one access since `position`. `lost`: sentences on what of the log was gone before it was read. */
export type Recorded = {
  position: Json;
  statements: Statement[];
  /** Sessions that were not seen before. */
  sessions: number;
  missing: MissingLines[];
  lost: string[];
  /** False where there is more to read at once. */
  isAtEnd: boolean;
};
