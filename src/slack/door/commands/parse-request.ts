/** Reads `orders-db read 30m checkout errors OPS-12`: what is a target, a role, a duration, a ticket, and what is left as the reason. */
import type { Policy, Target } from '../../../domain/policy/types.ts';
import { REASON_CHARS_MAX } from '../../../domain/requests/reason.ts';
import { bareStartAt, startAt, startWithin } from '../../../domain/time/start.ts';
import type { StartWish } from '../../../domain/time/start.ts';
import { isQuoted, restOf, tokensOf, unquoted, withoutQuoted } from '../../../domain/time/tokens.ts';
import type { Token } from '../../../domain/time/tokens.ts';
import { durationAt, looksLikeDuration } from '../../../domain/time/typed-duration.ts';
import { whenAt } from '../../../domain/time/when.ts';
import { zoneAt } from '../../../domain/time/zone.ts';
import { nearest } from '../../nearest.ts';
import { readable } from './readable.ts';

export type RequestLine = {
  target: string;
  role: string;
  durationMs: number | null;
  reason: string;
  ticket: string | null;
  /** `from 22:00`; null is at once. */
  start: StartWish | null;
};

/** `suggestions` are whole lines to type instead, without the slash command. */
export type RequestLineProblem = {
  code: 'unknown_target' | 'unknown_role' | 'role_missing' | 'bad_duration' | 'bad_start';
  word: string;
  suggestions: string[];
};

export type RequestLineOptions = {
  /** Patterns of what a ticket looks like. */
  tickets?: readonly string[];
  /** It begins at once in any case, so a time in the reason was not meant as a start. */
  isAtOnce?: boolean;
};

export type ParsedRequest = { isRead: true; line: RequestLine } | { isRead: false; problem: RequestLineProblem };

/** What a ticket looks like where no rule says. */
const TICKET = /^[A-Z][A-Z0-9]*-\d+$/;

const refuse = (code: RequestLineProblem['code'], word: string, suggestions: string[]): ParsedRequest => ({
  isRead: false,
  problem: { code, word, suggestions },
});

const splitFirst = (text: string): [string, string] => {
  const [first = ''] = text.split(/\s/, 1);
  return [first, text.slice(first.length).trim()];
};

/** Target and role stand as `orders-db read` or `orders-db/read`. */
const splitTargetRole = (text: string): { targetWord: string; roleWord: string; rest: string } => {
  const [first, afterFirst] = splitFirst(text.trim());
  const slash = first.indexOf('/');
  if (slash > 0) return { targetWord: first.slice(0, slash), roleWord: first.slice(slash + 1), rest: afterFirst };
  const [roleWord, rest] = splitFirst(afterFirst);
  return { targetWord: first, roleWord, rest };
};

const findName = (names: string[], word: string): string | undefined =>
  names.find((name) => name === word) ?? names.find((name) => name.toLowerCase() === word.toLowerCase());

export const parseRequestLine = (policy: Policy, text: string, options: RequestLineOptions = {}): ParsedRequest => {
  const { targetWord, roleWord, rest } = splitTargetRole(readable(text));
  const targetNames = Object.keys(policy.targets);
  const target = policy.targets[findName(targetNames, targetWord) ?? ''];
  if (!target) {
    const tail = [roleWord, rest].filter(Boolean).join(' ');
    return refuse(
      'unknown_target',
      targetWord,
      nearest(targetWord, targetNames).map((name) => `${name} ${tail}`.trim()),
    );
  }
  const role = findName(Object.keys(target.roles), roleWord);
  if (!role) return refuseRole(target, roleWord, rest);
  return readRest({ target: target.name, role }, rest, options);
};

const refuseRole = (target: Target, roleWord: string, rest: string): ParsedRequest => {
  const names = Object.keys(target.roles);
  const guesses = nearest(roleWord, names);
  const shown = guesses.length > 0 ? guesses : names.slice(0, 3);
  return refuse(
    roleWord ? 'unknown_role' : 'role_missing',
    roleWord,
    shown.map((name) => `${target.name} ${name} ${rest}`.trim()),
  );
};

/** Up to where the line was read, and what was found. */
type Found = { next: number; durationMs: number | null; start: StartWish | null; startAt: number };
type Step<T> = { next: number; value: T | null } | { problem: RequestLineProblem };
type Into = { target: string; role: string };
type Line = { into: Into; text: string; tokens: Token[] };

const badDuration = ({ into, text, tokens }: Line, at: number): { problem: RequestLineProblem } => {
  const word = tokens[at]?.cased ?? '';
  const after = at === 0 && /\d/.test(word) ? restOf(text, tokens, 1) : '';
  const suggestions = [`${into.target} ${into.role} 30m ${after || 'why you need it'}`];
  return { problem: { code: 'bad_duration', word, suggestions } };
};

const badStart = (
  { into, text, tokens }: Line,
  { word, before }: { word: string; before: number },
): { problem: RequestLineProblem } => {
  const duration = before > 0 ? `${text.slice(0, tokens[before - 1]?.end).trim()} ` : '';
  const begin = `${into.target} ${into.role} ${duration}from`;
  const suggestions = [`${begin} 22:00 …`, `${begin} Monday 9:00 …`, `${begin} 2h …`];
  return { problem: { code: 'bad_start', word, suggestions } };
};

/** A duration, or `for` and one. What looks like one and is none is refused, since a reason hardly begins with a number. */
const readDuration = (line: Line, at: number): Step<number> => {
  const { tokens } = line;
  const first = tokens[at]?.norm === 'for' ? at + 1 : at;
  const read = durationAt(tokens, first);
  if (read.outcome === 'read') return { next: read.next, value: read.ms };
  const isMeant = read.outcome === 'bad' || (first === at && looksLikeDuration(tokens, at));
  return isMeant ? badDuration(line, first) : { next: at, value: null };
};

const readStart = (line: Line, at: number): Step<StartWish> => {
  const read = startAt(line.tokens, at);
  if (read.outcome === 'read') return { next: read.next, value: read.wish };
  const word = read.outcome === 'bad' ? read.word : bareStartAt(line.tokens, at);
  return word === null ? { next: at, value: null } : badStart(line, { word, before: at });
};

/** A second duration or start, an end, and whatever else belongs to a time and would be left to the reason. */
const leftOver = (
  line: Line,
  { next, durationMs, start, startAt: before }: Found,
): { problem: RequestLineProblem } | null => {
  const { tokens } = line;
  const word = tokens[next]?.norm ?? '';
  const isEnd = /^(?:until|till|til|to|-|through)$/.test(word);
  const end = isEnd ? whenAt(tokens, next + 1).outcome : 'none';
  if (end !== 'none' || (durationMs !== null && readsAsDuration(tokens, next))) return badDuration(line, next);
  if (start === null) return null;
  const isSpilled = startAt(tokens, next).outcome !== 'none' || [next, next + 1].some((at) => isTimeWord(tokens, at));
  return isSpilled ? badStart(line, { word: tokens[next]?.cased ?? '', before }) : null;
};

const isTimeWord = (tokens: readonly Token[], at: number): boolean =>
  /^(?:[-+]\d|[ap]\.?m$)/.test(tokens[at]?.norm ?? '') ||
  whenAt(tokens, at).outcome !== 'none' ||
  zoneAt(tokens, at).outcome !== 'none' ||
  durationAt(tokens, at).outcome !== 'none';

const readsAsDuration = (tokens: readonly Token[], at: number): boolean =>
  durationAt(tokens, tokens[at]?.norm === 'for' ? at + 1 : at).outcome !== 'none' ||
  (at > 0 && /^\d{1,2}$/.test(tokens[at]?.norm ?? '') && !(tokens[at + 1]?.norm.endsWith('s') ?? false));

/** `[duration] [from …] [duration]`, in this order; a quoted reason may follow at any point. */
const readTimes = (line: Line): Found | { problem: RequestLineProblem } => {
  const { text, tokens } = line;
  const isReason = (at: number): boolean => isQuoted(restOf(text, tokens, at));
  const found: Found = { next: 0, durationMs: null, start: null, startAt: 0 };
  if (isReason(0)) return found;
  const first = readDuration(line, 0);
  if ('problem' in first) return first;
  if (isReason(first.next)) return { ...found, next: first.next, durationMs: first.value };
  const start = readStart(line, first.next);
  if ('problem' in start) return start;
  const again =
    first.value === null && start.value !== null
      ? readDuration(line, start.next)
      : { next: start.next, value: first.value };
  if ('problem' in again) return again;
  const all = { next: again.next, durationMs: again.value, start: start.value, startAt: first.next };
  return (isReason(all.next) ? null : leftOver(line, all)) ?? all;
};

/** `check order 1185 for 30m`, where no duration was given before. */
const isTrailingDuration = (tokens: readonly Token[]): boolean => {
  const at = tokens.findLastIndex(({ norm }) => norm === 'for');
  const read = at < 0 ? null : durationAt(tokens, at + 1);
  return read?.outcome === 'read' && read.next === tokens.length;
};

/** A time in the middle of a reason that was meant for the request. What stands in quotes is the reason's own. */
const strayTime = (
  line: Line,
  { reason, found }: { reason: string; found: Found },
): { problem: RequestLineProblem } | null => {
  const tokens = tokensOf(withoutQuoted(reason.slice(0, REASON_CHARS_MAX)));
  const { into } = line;
  const word = found.start === null ? startWithin(tokens) : null;
  if (word !== null) {
    const { problem } = badStart(line, { word, before: found.next });
    const quoted =
      `${line.text.slice(0, line.tokens[found.next - 1]?.end ?? 0)} "${reason.replaceAll('"', '')}"`.trim();
    return {
      problem: {
        ...problem,
        suggestions: [...problem.suggestions.slice(0, 2), `${into.target} ${into.role} ${quoted}`],
      },
    };
  }
  if (found.durationMs !== null || !isTrailingDuration(tokens)) return null;
  const suggestions = [`${into.target} ${into.role} 30m ${reason}`];
  return { problem: { code: 'bad_duration', word: tokens.at(-1)?.cased ?? '', suggestions } };
};

const readRest = (into: Into, text: string, { tickets = [], isAtOnce = false }: RequestLineOptions): ParsedRequest => {
  const line = { into, text, tokens: tokensOf(text) };
  const found = readTimes(line);
  if ('problem' in found) return { isRead: false, ...found };
  const rest = restOf(text, line.tokens, found.next);
  // One word alone is more likely a duration that went wrong than a reason.
  if (found.next === 0 && line.tokens.length === 1 && !isQuoted(rest))
    return { isRead: false, ...badDuration(line, 0) };
  const { reason, ticket } = splitTicket(rest, tickets);
  const stray = isAtOnce ? null : strayTime(line, { reason, found });
  if (stray) return { isRead: false, ...stray };
  const { durationMs, start } = found;
  return { isRead: true, line: { ...into, durationMs, reason: unquoted(reason), ticket, start } };
};

const isTicket = (word: string, patterns: readonly string[]): boolean =>
  TICKET.test(word) || patterns.some((pattern) => matches(pattern, word));

/** The policy checked its patterns when it was loaded; one that cannot be read finds no ticket here and the rule still judges. */
const matches = (pattern: string, word: string): boolean => {
  try {
    return word.length <= 100 && /\d/.test(word) && new RegExp(pattern).test(word);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

/** The ticket is the last word when it looks like one; the reason keeps the rest as it was written. */
const splitTicket = (text: string, tickets: readonly string[]): { reason: string; ticket: string | null } => {
  const last = text.split(/\s+/).at(-1) ?? '';
  if (!last || !isTicket(last, tickets)) return { reason: text, ticket: null };
  return { reason: text.slice(0, text.length - last.length).trim(), ticket: last };
};

/** The ticket patterns of all rules: which rule decides is known only after the line was read. */
export const ticketPatterns = (policy: Policy): string[] =>
  policy.rules.flatMap(({ require: { ticket } }) => (ticket ? [ticket] : []));
