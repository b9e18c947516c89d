/** `/prod-access break-glass orders-db write reason…`: asks once in a view, then gives access at once. */
import { roomOf } from '../../messages/channels.ts';
import { openBreakGlass } from '../views/break-glass-form.ts';
import { withTrigger } from '../answer.ts';
import { whatToType } from './request.ts';
import type { Command } from './command.ts';
import { parseRequestLine, ticketPatterns } from './parse-request.ts';

const NAME = 'break-glass';

export const breakGlass: Command = {
  name: NAME,
  usage: 'break-glass <target> <role> [time] <why>',
  does: 'take access now, without approval; the approvers are notified, and it is reviewed afterwards',
  audience: 'break-glass users',
  run: async (call) => {
    const { slack, userId, channelId, text, reply } = call;
    const policy = slack.policy();
    const read = parseRequestLine(policy, text, { tickets: ticketPatterns(policy), isAtOnce: true });
    if (!read.isRead) return reply(whatToType(read.problem, `${NAME} `));
    if (read.line.start) return reply({ text: 'Break-glass begins at once: leave out when it should start.' });
    const requested = { ...read.line, incidentChannelId: roomOf(channelId) };
    const opening = { line: `${NAME} ${text}`, label: 'Open break-glass' };
    return withTrigger(call, opening, (triggerId) => openBreakGlass(slack, { userId, triggerId, requested }, 'open'));
  },
};
