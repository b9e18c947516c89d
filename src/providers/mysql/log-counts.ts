/** What the server counted of a login's statements, against what its log had: more counted than logged are missing. */
import type { Count } from './log-access.ts';
import type { LogPosition } from './log-position.ts';

/** Up-times are whole seconds. */
const SAME_START_MS = 3_000;

export type Compared = { at: LogPosition; lost: string[] };

const notCounted = (where: string): string => `${where} does not count statements, so a lost one would not show.`;

/** A statement is logged as it begins and counted as it ends. */
const compared = (where: string, at: LogPosition, count: Count): Compared => {
  if (at.from === null) return { at, lost: [notCounted(where)] };
  const missing =
    Math.max(0, count.text - at.from.text - at.logged.text) +
    Math.max(0, count.executed - at.from.executed - at.logged.executed);
  const more = missing - at.missed;
  if (more <= 0) return { at, lost: [] };
  const said = `${more} ${more === 1 ? 'statement' : 'statements'} that ${where} counted until ${count.at} ${more === 1 ? 'is' : 'are'} missing in its log.`;
  return { at: { ...at, missed: missing }, lost: [said] };
};

type Started = Pick<Count, 'startedMs'>;

const isSameStart = (from: Started, now: Started): boolean => Math.abs(now.startedMs - from.startedMs) < SAME_START_MS;

/** Counts that begin anew say nothing of what was before. */
export const counted = (where: string, at: LogPosition, count: Count | null): Compared => {
  if (count === null) return { at: { ...at, from: null }, lost: [notCounted(where)] };
  if (at.from !== null && !isSameStart(at.from, count))
    return {
      at: { ...at, from: count, logged: { text: 0, executed: 0 }, missed: 0 },
      lost: [`${where} was restarted, and what it had counted is gone: a statement lost before that would not show.`],
    };
  const found = compared(where, at, count);
  // Clocks drift; what is compared is always the last look.
  return found.at.from === null
    ? found
    : { ...found, at: { ...found.at, from: { ...found.at.from, startedMs: count.startedMs } } };
};
