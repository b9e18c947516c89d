/** `/prod-access override <id>`: overrides a freeze for one request that it denied, because of an open incident or an alert. */
import { roomOf } from '../../messages/channels.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith, withTrigger } from '../answer.ts';
import { openOverrideForm } from '../views/override-form.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

const NAME = 'override';
const ID = /^[a-z0-9]{6,40}$/;

export const override: Command = {
  name: NAME,
  usage: 'override <id>',
  does: 'override a change freeze for one denied request, because of an open incident or an alert',
  audience: 'freeze overriders',
  run: async (call) => {
    const { slack, userId, channelId, text, reply } = call;
    const id = text
      .trim()
      .replace(/^[`#]+|`+$/g, '')
      .toLowerCase();
    if (!ID.test(id)) {
      const shown = id === '' ? '' : `${code(text.trim())} is no id of a denied request. `;
      const words = `${shown}Write it like ${typed(`${NAME} 7k3m9qzt2vxa`)}: the denial says which id.`;
      return reply(answerWith(words, sayButtons([{ line: 'help', label: 'What can I do?' }])));
    }
    const opening = { line: `${NAME} ${id}`, label: 'Open the override' };
    return withTrigger(call, opening, (triggerId) =>
      openOverrideForm(slack, { userId, triggerId, id, channelId: roomOf(channelId) }),
    );
  },
};
