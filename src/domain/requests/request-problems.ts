/** What the requester can fix in a request before it is sent: the duration, the reason, the ticket. */
import { charCount, plainText, REASON_CHARS_MAX, realChars } from './reason.ts';
import type { Rule } from '../policy/types.ts';
import type { RequestProblem } from '../policy/verdict.ts';
import type { RequestedAccess } from '../policy/decision-facts.ts';

const TICKET_CHARS_MAX = 200;

const durationProblems = (durationMs: number, capMs: number): RequestProblem[] => {
  if (!Number.isFinite(durationMs) || durationMs <= 0)
    return [{ field: 'duration', code: 'bad_duration', facts: { capMs } }];
  return durationMs > capMs
    ? [{ field: 'duration', code: 'duration_over_cap', facts: { askedMs: durationMs, capMs } }]
    : [];
};

export const reasonProblems = (reason: string, minimum: number): RequestProblem[] => {
  const text = plainText(reason);
  if (text === '') return [{ field: 'reason', code: 'reason_missing', facts: { minimum } }];
  const length = charCount(text);
  if (reason.length > REASON_CHARS_MAX)
    return [{ field: 'reason', code: 'reason_too_long', facts: { length: reason.length, maximum: REASON_CHARS_MAX } }];
  const counted = minimum > 0 ? realChars(reason) : length;
  if (counted >= minimum) return [];
  return [
    {
      field: 'reason',
      code: 'reason_too_short',
      facts: { minimum, length, counted, why: length < minimum ? 'short' : 'not_text' },
    },
  ];
};

const patterns = new Map<string, RegExp>();
/** Patterns come from policies only, but a process may see many policies. */
const PATTERNS_MAX = 1000;

const patternOf = (source: string): RegExp => {
  const known = patterns.get(source);
  if (known) return known;
  if (patterns.size >= PATTERNS_MAX) patterns.clear();
  const pattern = new RegExp(source, 'u');
  patterns.set(source, pattern);
  return pattern;
};

const ticketProblems = (given: string | null, pattern: string | null): RequestProblem[] => {
  const ticket = given?.trim() ?? '';
  if (ticket.length > TICKET_CHARS_MAX)
    return [{ field: 'ticket', code: 'ticket_too_long', facts: { length: ticket.length, maximum: TICKET_CHARS_MAX } }];
  if (pattern === null) return [];
  if (ticket === '') return [{ field: 'ticket', code: 'ticket_missing', facts: { pattern } }];
  return patternOf(pattern).test(ticket) ? [] : [{ field: 'ticket', code: 'ticket_mismatch', facts: { pattern } }];
};

/** `rule` is null where none decides: then only what no rule could allow is a problem. */
export const requestProblems = (
  requested: RequestedAccess,
  rule: Pick<Rule, 'require'> | null,
  capMs: number,
): RequestProblem[] => [
  ...durationProblems(requested.durationMs, capMs),
  ...reasonProblems(requested.reason, rule?.require.reasonChars ?? 0),
  ...ticketProblems(requested.ticket, rule?.require.ticket ?? null),
];
