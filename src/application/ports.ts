/** What use cases need from outside, as they see it; `app.ts` gives them the real ones. */
import type { Work } from './record/outbox.ts';

/** How long after it is due work is late: once it was handed to Redis, and while it waits to be. */
export type Late = { handedOutMs: number; waitingMs: number };

/** What settles a row: it is the one that was read, and no other process has taken it since. */
export type TakenWork = Omit<Work, 'delayMs'>;
