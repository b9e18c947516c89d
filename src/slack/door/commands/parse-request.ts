/** Reads `orders-db read 30m checkout errors OPS-12`: what is a target, a role, a duration, a ticket, and what is left as the reason. */
import { readDuration } from '../../../domain/time/durations.ts';
import type { Policy, Target } from '../../../domain/policy/types.ts';
import { readStart } from '../../../domain/time/start-time.ts';
import type { StartWish } from '../../../domain/time/start-time.ts';
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

export const parseRequestLine = (policy: Policy, text: string, tickets: readonly string[] = []): ParsedRequest => {
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
  return readRest({ target: target.name, role }, rest, tickets);
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

/** `30`, `-5m`, `30min`: meant as a duration and none; a reason hardly begins with a number. */
const LOOKS_LIKE_DURATION = /^[-+]?\d+([.,]\d+)?[a-z]{0,7}$/i;

const readRest = (into: { target: string; role: string }, rest: string, tickets: readonly string[]): ParsedRequest => {
  const [first, after] = splitFirst(rest);
  const durationMs = readDuration(first);
  if (durationMs === null && LOOKS_LIKE_DURATION.test(first)) {
    return refuse('bad_duration', first, [`${into.target} ${into.role} 30m ${after}`.trim()]);
  }
  // One word alone is more likely a duration that went wrong than a reason.
  if (durationMs === null && first !== '' && after === '') {
    return refuse('bad_duration', first, [`${into.target} ${into.role} 30m why you need it`]);
  }
  const words = durationMs === null ? rest : after;
  const from = readStart(words);
  if (from.outcome === 'bad') {
    const begin = `${into.target} ${into.role} ${durationMs === null ? '' : `${first} `}from`;
    return refuse('bad_start', from.word, [`${begin} 22:00 …`, `${begin} tomorrow 9:00 …`, `${begin} 2h …`]);
  }
  const start = from.outcome === 'read' ? from.wish : null;
  const { reason, ticket } = splitTicket(from.outcome === 'read' ? from.rest : words, tickets);
  return { isRead: true, line: { ...into, durationMs, reason, ticket, start } };
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
