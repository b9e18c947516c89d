/** `/prod-access break-glass orders-db write reason…`: asks once in a view, then gives access at once. */
import { roomOf } from '../../messages/channels.ts';
import { openBreakGlass } from '../views/break-glass-form.ts';
import { whatToType } from './request.ts';
import type { Command } from './command.ts';
import { parseRequestLine, ticketPatterns } from './parse-request.ts';

const NAME = 'break-glass';

export const breakGlass: Command = {
  name: NAME,
  usage: 'break-glass <target> <role> [time] <why>',
  does: 'take access now, without approval; everyone named is notified, and a follow-up is due',
  run: async ({ slack, userId, triggerId, channelId, text, reply }) => {
    const policy = slack.policy();
    const read = parseRequestLine(policy, text, { tickets: ticketPatterns(policy), isAtOnce: true });
    if (!read.isRead) return reply({ text: whatToType(read.problem, `${NAME} `) });
    if (read.line.start) return reply({ text: 'Break-glass begins at once: leave out when it should start.' });
    const ask = { ...read.line, incidentChannelId: roomOf(channelId) };
    return openBreakGlass(slack, { userId, triggerId, ask }, 'open');
  },
};
