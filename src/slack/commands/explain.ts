/** `/prod-access explain orders-db write @ana`: which rule would decide, which were passed over, and who would be asked; nothing is sent. */
import { DomainError } from '../../core/errors.ts';
import { factsOf } from '../blocks/facts.ts';
import { EXPLAIN_LINE_MAX, SECTION_TEXT_MAX } from '../blocks/limits.ts';
import { warning, what } from '../blocks/phrases.ts';
import { cut, inline, mention } from '../blocks/text.ts';
import { whatToType } from './ask.ts';
import type { Command } from './command.ts';
import { readAskLine, ticketPatterns } from './parse-ask.ts';
import { splitPerson } from './read-person.ts';

/** The lines of the explanation are indented with spaces, which Slack does not show. */
const dressed = (line: string): string => {
  const words = inline(line, EXPLAIN_LINE_MAX);
  return line.startsWith('  - ') ? `• ${words.replace(/^- /, '')}` : words;
};

export const explain: Command = {
  name: 'explain',
  usage: 'explain <target> <role> [@person]',
  does: 'which rule would decide, for you or for somebody else, and who would be asked; sends nothing',
  run: async ({ slack, userId, text, reply }) => {
    const policy = slack.policy();
    const { person, unread, rest } = splitPerson(text);
    if (unread !== null) throw new DomainError('person_unreadable', { text: unread });
    const read = readAskLine(policy, rest, ticketPatterns(policy));
    if (!read.isRead) return reply({ text: whatToType(read.problem, 'explain ') });
    const { target, role } = read.line;
    const result = await slack.useCases.explainAsk({ userId, forUserId: person, ...read.line });
    const facts = factsOf(policy, { target, role });
    const heading = `${what({ request: { target, role } }, facts)} for ${mention(result.person)}`;
    const lines = [heading, ...result.lines.map(dressed), warning(facts), 'Nothing was sent.'];
    return reply({ text: cut(lines.filter((line) => line !== null).join('\n'), SECTION_TEXT_MAX) });
  },
};
