/** Until when somebody is away, as they type it: `3d`, `until Friday`, `until 2026-12-24 14:00`, `until 18:00 UTC`. Pure. */
import { instantOf } from './instant.ts';
import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';
import { durationAt } from './typed-duration.ts';
import { whenAt } from './when.ts';

export type ReadUntil = { until: Date } | { problem: 'unreadable' | 'past' | 'too_long' };
type Clock = { now: Date; timezone: string };

const LONGEST_MS = 366 * 86_400_000;
const LEAD = new Set(['until', 'till', 'til', 'for', 'to', 'in', 'at', 'on', '']);

const momentOf = (tokens: readonly Token[], { now, timezone }: Clock): Date | null => {
  const duration = durationAt(tokens, 0);
  if (duration.outcome === 'read' && duration.next === tokens.length) return new Date(now.getTime() + duration.ms);
  const read = whenAt(tokens, 0);
  if (read.outcome !== 'read' || read.next !== tokens.length) return null;
  return instantOf(read.when, { now, timezones: [timezone], rolls: false });
};

/** A day alone is its beginning: `until Friday` is back on Friday. `timezone` is an IANA name; one that is not known counts as UTC. */
export const readUntil = (text: string, clock: Clock): ReadUntil => {
  const all = tokensOf(text);
  const first = all.findIndex(({ norm }) => !LEAD.has(norm));
  const until = first < 0 ? null : momentOf(all.slice(first), clock);
  if (!until || Number.isNaN(until.getTime())) return { problem: 'unreadable' };
  if (until <= clock.now) return { problem: 'past' };
  return until.getTime() - clock.now.getTime() > LONGEST_MS ? { problem: 'too_long' } : { until };
};
