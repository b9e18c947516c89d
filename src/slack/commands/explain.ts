/** `/prod-access explain orders-db write`: which rule would decide and who would be asked; nothing is sent. */
import { formatDuration } from '../../core/durations.ts';
import { SECTION_TEXT_MAX } from '../blocks/limits.ts';
import { factsOf } from '../blocks/facts.ts';
import { cut } from '../blocks/text.ts';
import { what } from '../blocks/phrases.ts';
import { previewLines } from '../preview-text.ts';
import { whatToType } from './ask.ts';
import type { Command } from './command.ts';
import { readAskLine, ticketPatterns } from './parse-ask.ts';

export const explain: Command = {
  name: 'explain',
  usage: 'explain <target> <role>',
  does: 'which rule would decide and who would be asked; sends nothing',
  run: async ({ slack, userId, text, reply }) => {
    const policy = slack.policy();
    const read = readAskLine(policy, text, ticketPatterns(policy));
    if (!read.isRead) return reply({ text: whatToType(read.problem, 'explain ') });
    const { target, role } = read.line;
    const result = await slack.useCases.preview({ userId, ...read.line });
    const facts = factsOf(policy, { target, role });
    const name = facts.target && facts.role ? what({ request: { target, role } }, facts) : target;
    const lines = previewLines(policy, { target, role, isTyping: read.line.reason === '' }, result);
    const most =
      result.verdict.decision === 'deny' ? [] : [`At most ${formatDuration(result.verdict.capMs)}. Nothing was sent.`];
    return reply({ text: cut([name, ...lines, ...most].join('\n'), SECTION_TEXT_MAX) });
  },
};
