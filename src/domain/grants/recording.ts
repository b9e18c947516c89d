/** What was done through one access, as the log of its target has it: how much, and how complete. */

import type { Json } from '../json.ts';

/** Lines of one session that the target's log should have had and had not. */
export type MissingLines = { session: string; from: number; to: number };

/** `isOver`: nothing more comes. `lost`: sentences on what of the log was gone before it was read. */
export type Recording = {
  grantId: string;
  segments: number;
  statements: number;
  sessions: number;
  missing: MissingLines[];
  lost: string[];
  isOver: boolean;
};

const RANGES_SAID = 5;

const rangeSaid = ({ from, to }: MissingLines): string => (from === to ? `line ${from}` : `lines ${from}–${to}`);

export type Completeness = Pick<Recording, 'statements' | 'sessions' | 'missing' | 'lost' | 'isOver'>;

/** `N statements, complete`, `lines 41–44 missing`; of a session, where there are several. */
export const completenessOf = ({ statements, sessions, missing, lost, isOver }: Completeness): string => {
  const count = `${statements} ${statements === 1 ? 'statement' : 'statements'}`;
  if (missing.length === 0 && lost.length === 0) return isOver ? `${count}, complete` : `${count} so far`;
  const said = missing
    .slice(0, RANGES_SAID)
    .map((range) => (sessions > 1 ? `${rangeSaid(range)} of session ${range.session}` : rangeSaid(range)));
  const more = missing.length > RANGES_SAID ? [`${missing.length - RANGES_SAID} more ranges`] : [];
  const gaps = missing.length > 0 ? [`${[...said, ...more].join(', ')} missing`] : [];
  return [count, ...gaps, ...lost].join('; ');
};

export const NOT_RECORDED = 'not recorded';

type Data = { [key: string]: Json };

const number = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
const list = <T>(value: Json | undefined): T[] => (Array.isArray(value) ? (value as T[]) : []);

/** What the events of one grant say, in their order; null where none says that anything was recorded. */
export const withRecordEvent = (
  before: Completeness | null,
  { type, data }: { type: string; data: Data },
): Completeness | null => {
  const so = before ?? { statements: 0, sessions: 0, missing: [], lost: [], isOver: false };
  if (type === 'statements.completed') return { ...so, isOver: true };
  if (type !== 'statements.recorded') return before;
  return {
    statements: so.statements + number(data['statements']),
    sessions: so.sessions + number(data['sessions']),
    missing: [...so.missing, ...list<MissingLines>(data['missing'])],
    lost: [...new Set([...so.lost, ...list<string>(data['lost'])])],
    isOver: so.isOver,
  };
};

/** What an encrypted segment is bound to, so that it cannot stand for another. */
export const segmentOwner = (grantId: string, number: number): string => `${grantId}/statements/${number}`;
