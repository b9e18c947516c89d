/** `/prod-access explain orders-db write @ana`: which rule would decide, which were passed over, and who would be asked; nothing is sent. */
import { DomainError } from '../../../domain/errors.ts';
import type { StatedAlert } from '../../../domain/policy/policy-test.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { EXPLAIN_LINE_MAX, SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { remainLines, warning, what } from '../../messages/render/phrases.ts';
import { cut, inline, mention } from '../../messages/render/text.ts';
import { whatToType } from './request.ts';
import { roomOf } from '../../messages/channels.ts';
import type { Command } from './command.ts';
import { parseRequestLine, ticketPatterns } from './parse-request.ts';
import { splitPerson } from './read-person.ts';

/** The lines of the explanation are indented with spaces, which Slack does not show. */
const dressed = (line: string): string => {
  const words = inline(line, EXPLAIN_LINE_MAX);
  return line.startsWith('  - ') ? `• ${words.replace(/^- /, '')}` : words;
};

const ALERT = /\s+for\s+alert\s+(\S+)(?:\s+(\S+))?\s*$/;

/** `for alert replica-lag critical` at its end, as if that fired now. */
const splitAlert = (text: string): { line: string; statedAlert: StatedAlert | null } => {
  const found = ALERT.exec(text);
  const [, name, severity = ''] = found ?? [];
  return found && name
    ? { line: text.slice(0, found.index), statedAlert: { name, severity } }
    : { line: text, statedAlert: null };
};

export const explain: Command = {
  name: 'explain',
  usage: 'explain <target> <role> [@person] [for alert <name> [severity]]',
  does: 'show which rule would decide and who approves, for you or another person; sends nothing',
  audience: 'everyone',
  run: async ({ slack, userId, text, channelId, reply }) => {
    const policy = slack.policy();
    const { line, statedAlert } = splitAlert(text);
    const { person, unread, rest } = splitPerson(line);
    if (unread !== null) throw new DomainError('person_unreadable', { text: unread });
    const read = parseRequestLine(policy, rest, { tickets: ticketPatterns(policy) });
    if (!read.isRead) return reply(whatToType(read.problem, 'explain '));
    const { target, role } = read.line;
    const stated = { statedAlert, incidentChannelId: roomOf(channelId) };
    const result = await slack.useCases.explainRequest({ userId, forUserId: person, ...read.line, ...stated });
    const facts = factsOf(policy, { target, role });
    const heading = `${what({ request: { target, role } }, facts)} for ${mention(result.person)}`;
    const lines = [heading, ...result.lines.map(dressed), warning(facts), ...remainLines(result), 'Nothing was sent.'];
    return reply({ text: cut(lines.filter((line) => line !== null).join('\n'), SECTION_TEXT_MAX) });
  },
};
