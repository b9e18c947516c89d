/** `done` gives one's own access back; `revoke` ends somebody else's, for admins and owners; `cancel` takes a request back. */
import { ENDING } from '../actions/own.ts';
import { factsOf } from '../blocks/facts.ts';
import { what } from '../blocks/phrases.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';

const split = (text: string): [string, string] => {
  const [id = ''] = text.trim().split(/\s/, 1);
  return [id.replace(/^[`#]+|`+$/g, '').toLowerCase(), text.trim().slice(id.length).trim()];
};

export const done: Command = {
  name: 'done',
  usage: 'done [id]',
  does: 'give access back before its time is over',
  run: async ({ slack, userId, text, reply }) => {
    const [id, reason] = split(text);
    const { view } = await slack.useCases.end({ userId, id: id || null, cause: 'done', reason: reason || null });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))}: ${ENDING}` });
  },
};

export const revoke: Command = {
  name: 'revoke',
  usage: 'revoke <id> [reason]',
  does: 'end access now (yours; anybody’s for owners and admins)',
  run: async ({ slack, userId, text, reply }) => {
    const [id, reason] = split(text);
    if (!id)
      return reply({ text: `Say which: ${typed('revoke <id> [reason]')}. ${typed('who <target>')} shows the ids.` });
    const { view } = await slack.useCases.end({ userId, id, cause: 'revoked', reason: reason || null });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))}: ${ENDING}` });
  },
};

export const cancel: Command = {
  name: 'cancel',
  usage: 'cancel <id>',
  does: 'take back a request that nobody has decided',
  run: async ({ slack, userId, text, reply }) => {
    const [id] = split(text);
    if (!id) return reply({ text: `Say which: ${typed('cancel <id>')}. ${typed('list')} shows the ids.` });
    const { view } = await slack.useCases.cancel({ userId, requestId: id });
    return reply({ text: `${what(view, factsOf(slack.policy(), view.request))} is cancelled.` });
  },
};
