/** `/prod-access extend [id] [30m] [why]`: more time on access that one has. */
import { readDuration } from '../../../domain/time/durations.ts';
import type { CreateRequestResult } from '../../../application/requests/request-types.ts';
import { factsOf } from '../../messages/render/facts.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { howLong, status, what, whoIsAsked } from '../../messages/render/phrases.ts';
import { context, cut, section } from '../../messages/render/text.ts';
import type { Reply, Slack } from '../context.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../errors.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

type Line = { id: string | null; byMs: number | null; reason: string | null };

const MORE = /^\+/;
const ID = /^[a-z0-9]+$/;
const LOOKS_LIKE_DURATION = /^[-+]?\d+([.,]\d+)?[a-z]{0,7}$/i;

/** The first word of a reason hardly has a digit in it, and no duration follows it. */
const isIdAmong = (word: string, words: readonly string[]): boolean => {
  if (!ID.test(word) || LOOKS_LIKE_DURATION.test(word)) return false;
  return /\d/.test(word) || words.length === 1 || LOOKS_LIKE_DURATION.test(words[1] ?? '');
};

/** An id before the duration or none; what follows is the reason. `bad`: a word that was meant as a duration and is none. */
export const readExtendLine = (text: string): Line | { bad: string } => {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const plainId = (words[0] ?? '').replace(/^[`#]+|`+$/g, '').toLowerCase();
  const isId = isIdAmong(plainId, words);
  const rest = isId ? words.slice(1) : words;
  const [first = ''] = rest;
  const byMs = readDuration(first.replace(MORE, ''));
  if (byMs === null && LOOKS_LIKE_DURATION.test(first)) return { bad: first };
  const reason = (byMs === null ? rest : rest.slice(1)).join(' ');
  return { id: isId ? plainId : null, byMs, reason: reason || null };
};

/** The same words for the button and the command. */
export const extendAnswer = ({ policy }: Pick<Slack, 'policy'>, result: CreateRequestResult): Reply => {
  if (result.outcome === 'denied') return { text: `Not extended. ${sentenceOfDenial(result.verdict)}` };
  if (result.outcome === 'refused')
    return {
      text: `Not extended. ${result.problems.map(sentenceOfProblem).join(' ')} Say it with ${typed('extend <id> 30m why')}.`,
    };
  const { view } = result;
  const facts = factsOf(policy(), view.request);
  const isOpen = view.request.state === 'pending';
  const lines = [`${what(view, facts)}: *${howLong(view)}*${isOpen ? ' was asked for.' : '.'}`, status(view)];
  if (isOpen) lines.push(`${whoIsAsked(view, facts)} Until then the end stays as it is.`);
  const words = cut(lines.join('\n'), SECTION_TEXT_MAX);
  const hint = isOpen ? [context(`${typed(`cancel ${view.request.id}`)} takes it back.`)] : [];
  return { text: words, blocks: [section(words), ...hint] };
};

export const extend: Command = {
  name: 'extend',
  usage: 'extend [id] [30m] [why]',
  does: 'ask for more time on access you have',
  run: async ({ slack, userId, triggerId, text, reply }) => {
    const line = readExtendLine(text);
    if ('bad' in line)
      return reply({ text: `${code(line.bad)} is no duration. Write it like ${typed('extend 30m')}.` });
    const wanted = { ...line, userId, deadline: null, idempotencyKey: `trigger:${triggerId}` };
    return reply(extendAnswer(slack, await slack.useCases.extend(wanted)));
  },
};
