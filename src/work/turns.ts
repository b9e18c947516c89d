/**
 * Whose work is next. Of one person the first piece goes at once, and each further one waits a little longer than the one before, so that
 * many pieces of one person stand behind the single one of another. Start-time fair queueing: its whole state is one moment a person.
 */

/** What one piece is taken to cost. Anyone who takes less than one in so long never waits. */
const PIECE_MS = 100;
/** BullMQ's lowest priority. */
const LAST = 2_097_152;
const PEOPLE_MAX = 10_000;

/** 0 goes first, and a larger one later. */
export type Turns = (principalId: string | null) => number;

export const createTurns = (now: () => number = () => performance.now()): Turns => {
  const busyUntil = new Map<string, number>();
  return (principalId) => {
    if (principalId === null) return 0;
    const at = now();
    const from = Math.max(at, busyUntil.get(principalId) ?? 0);
    busyUntil.delete(principalId);
    busyUntil.set(principalId, from + PIECE_MS);
    // The oldest first: they have mostly passed.
    if (busyUntil.size > PEOPLE_MAX) busyUntil.delete(busyUntil.keys().next().value ?? '');
    return Math.min(LAST, Math.ceil((from - at) / PIECE_MS));
  };
};
