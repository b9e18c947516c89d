/** What each day of the log held, counted anew, and held against what the events `day.closed` say. */
import { LAST_OF_GRANT } from '../../domain/audit/last-of-grant.ts';
import { rootOfTexts } from '../../lib/transparency/tree.ts';
import type { AuditProblem } from './problems.ts';
import type { Link } from './read.ts';

type Day = {
  first: number;
  last: number;
  events: Map<string, number>;
  /** null once the day is long over and nobody closed it: a log without closed days must not fill the memory. */
  grants: Set<string> | null;
  openGrants: number;
};

export type DayWalk = { days: Map<string, Day>; current: string; openGrants: number; problems: AuditProblem[] };

/** So many days keep the ids of their grants until they are closed. */
const DAYS_KEPT = 60;
const DATE_LENGTH = 10;

export const startDayWalk = (): DayWalk => ({ days: new Map(), current: '', openGrants: 0, problems: [] });

/** A day begins with the first event that is dated in it; a clock that goes back opens none again. */
const dayOf = (walk: DayWalk, date: string, seq: number): Day => {
  const known = walk.days.get(walk.current);
  if (known && date <= walk.current) return known;
  const made: Day = { first: seq, last: seq, events: new Map(), grants: new Set(), openGrants: 0 };
  walk.current = date;
  walk.days.set(date, made);
  const old = [...walk.days.values()].at(-DAYS_KEPT);
  if (old) old.grants = null;
  return made;
};

type Said = {
  day?: unknown;
  firstSeq?: unknown;
  lastSeq?: unknown;
  events?: unknown;
  openGrants?: unknown;
  grantsRoot?: unknown;
};

const saidIn = (text: string): Said => {
  try {
    return (JSON.parse(text) as { data?: Said }).data ?? {};
  } catch {
    return {};
  }
};

/** null where what was said is what was counted. */
const differenceOf = (said: Said, day: Day | undefined): string | null => {
  if (!day) {
    const isEmpty = Object.keys((said.events as object | undefined) ?? {}).length === 0;
    return isEmpty && said.lastSeq === Number(said.firstSeq) - 1 ? null : 'events';
  }
  if (said.firstSeq !== day.first || said.lastSeq !== day.last) return 'numbers';
  const events = Object.fromEntries([...day.events].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  if (JSON.stringify(said.events) !== JSON.stringify(events)) return 'events';
  if (said.openGrants !== day.openGrants) return 'open grants';
  const root = day.grants && rootOfTexts([...day.grants].toSorted()).toString('hex');
  return root === null || said.grantsRoot === root ? null : 'grants';
};

const checkClosed = (walk: DayWalk, link: Link, text: string): void => {
  const said = saidIn(text);
  const date = String(said.day);
  const difference = differenceOf(said, walk.days.get(date));
  if (difference !== null) {
    const message = `Event ${link.eventId} at ${link.seq} closed ${date}, and what it says of ${difference} is not what the log holds.`;
    walk.problems.push({ seq: link.seq, kind: 'day_mismatch', eventId: link.eventId, message });
  }
  for (const known of walk.days.keys()) if (known <= date) walk.days.delete(known);
};

/** Places from before the tree count for the grants that are open, and for no day. */
export const stepDay = (walk: DayWalk, link: Link): void => {
  const { event, tree, seq } = link;
  if (!event) return;
  if (event.type === 'grant.activating') walk.openGrants += 1;
  else if (LAST_OF_GRANT.has(event.type)) walk.openGrants -= 1;
  if (!tree) return;
  if (event.type === 'day.closed') checkClosed(walk, link, tree.open.text);
  const day = dayOf(walk, event.at.slice(0, DATE_LENGTH), seq);
  day.last = seq;
  day.openGrants = walk.openGrants;
  day.events.set(event.type, (day.events.get(event.type) ?? 0) + 1);
  if (event.grantId !== null) day.grants?.add(event.grantId);
};
