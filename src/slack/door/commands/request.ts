/** `/prod-access orders-db read 30m checkout errors OPS-12`: asks in one line. */
import type { CreateRequestResult } from '../../../application/requests/request-types.ts';
import { roomOf } from '../../messages/channels.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { actions, cancelButton } from '../../messages/render/buttons.ts';
import { context, cut, section, sentenceList } from '../../messages/render/text.ts';
import type { CommandCall, Reply } from '../context.ts';
import { overrideHint } from '../../errors.ts';
import { sentenceOfDenial, sentenceOfProblem } from '../../sentences/problems.ts';
import { sentHint, sentLines } from '../views/result-view.ts';
import { withNames, withoutMentions } from '../typed-text.ts';
import { answerWith } from '../answer.ts';
import { formWithLineButtons, sayButtons } from '../../messages/render/line-buttons.ts';
import { code, typed } from './command.ts';
import { parseRequestLine, ticketPatterns } from './parse-request.ts';
import type { RequestLineProblem } from './parse-request.ts';

const WRONG = {
  unknown_target: 'There is no target of that name.',
  unknown_role: 'That target has no role of that name.',
  role_missing: 'Say which role you need.',
  bad_start:
    'That is no time to begin; write it like from 22:00, from Monday 9:00, from 2026-12-01 22:00 UTC or from 2h. Put a reason that speaks of a time in quotes.',
  bad_duration: 'That is no duration; write it like 30m, 1h or 1h30m, before the reason.',
} satisfies Record<RequestLineProblem['code'], string>;

/** What was wrong, and whole lines to type instead. */
export const whatToType = (problem: RequestLineProblem, prefix = ''): Reply => {
  const { word, suggestions } = problem;
  const shown = word ? ` (you wrote ${code(word)})` : '';
  const lines = suggestions.map((line) => typed(`${prefix}${line}`));
  const instead =
    lines.length > 0
      ? `Did you mean ${sentenceList(lines, 'or')}?`
      : `${typed('')} opens the form with everything there is; ${typed('help')} lists the commands.`;
  const says = suggestions
    .filter((line) => !isPattern(line))
    .map((line, at) => ({ line: `${prefix}${line}`, isFirst: at === 0 }));
  const buttons = prefix.includes('@') ? [] : sayButtons(says);
  return answerWith(`${WRONG[problem.code]}${shown} ${instead}`, buttons.length > 0 ? buttons : sayButtons(OTHERWISE));
};

/** Shows how to write it; sent as it is, it would mean nothing. */
const isPattern = (line: string): boolean => line.endsWith('…') || line.endsWith('why you need it');

const OTHERWISE = [
  { line: 'form', label: 'Open the form', isFirst: true },
  { line: 'help', label: 'What can I type?' },
];

/** `whenUnclear` answers a line that names no target, nor one that is near to it. */
export const requestInOneLine = async (
  call: CommandCall,
  whenUnclear: (call: CommandCall, answer: Reply) => Promise<void>,
): Promise<void> => {
  const { slack, userId, deliveryKey, channelId } = call;
  const text = withoutMentions(await withNames(slack.nameOf, call.text));
  const read = parseRequestLine(slack.policy(), text, { tickets: ticketPatterns(slack.policy()) });
  if (!read.isRead) {
    const { code: wrong, suggestions } = read.problem;
    const words = whatToType(read.problem);
    return wrong === 'unknown_target' && suggestions.length === 0 ? whenUnclear(call, words) : call.reply(words);
  }
  const result = await slack.useCases.createRequest({
    userId,
    ...read.line,
    incidentChannelId: roomOf(channelId),
    idempotencyKey: deliveryKey,
  });
  return call.reply(answer(call, result, read.line.durationMs === null));
};

const answer = ({ slack, text }: CommandCall, result: CreateRequestResult, isUsualTime: boolean): Reply => {
  if (result.outcome === 'sent') {
    const usual = isUsualTime ? ['You named no duration, so it is the usual one of this role.'] : [];
    const words = cut([...sentLines(slack.policy(), result), ...usual].join('\n'), SECTION_TEXT_MAX);
    const isOpen = result.view.request.state === 'pending';
    const foot = isOpen ? actions(cancelButton(result.view.request.id)) : context(sentHint(result));
    return { text: words, blocks: [section(words), foot] };
  }
  if (result.outcome === 'denied')
    return answerWith(`${sentenceOfDenial(result.verdict)}${overrideHint(result.override)}`, formWithLineButtons(text));
  const problems = result.problems.map(sentenceOfProblem).join(' ');
  const words = `Not sent. ${problems}\nYou wrote ${typed(text)}; change it and send it again, or change it in the form.`;
  return answerWith(words, formWithLineButtons(text));
};
