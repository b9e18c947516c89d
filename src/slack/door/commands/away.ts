/** `/prod-access away until Friday @omar`: who is away is not pinged, and a delegate votes; `back` ends it. */
import { DomainError } from '../../../domain/errors.ts';
import type { Absence } from '../../../domain/requests/vote.ts';
import { date, mention } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import type { Reply } from '../context.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';
import { splitPerson } from './read-person.ts';

const said = ({ until, delegate }: Absence): Reply => {
  const votes = delegate
    ? `${mention(delegate)} votes on your behalf, but not on their own requests.`
    : 'You have no delegate.';
  const words = `You are away until ${date(until)}. ${votes} You get no reminders until then, and may still vote.`;
  return answerWith(words, sayButtons([{ line: 'back', label: 'I’m back' }]));
};

const HERE = `You are here. ${typed('away until Friday @omar')} pauses reminders, and lets a delegate vote on your behalf.`;

export const away: Command = {
  name: 'away',
  usage: 'away [until Friday | 3d] [@person]',
  does: 'pause reminders while you are away; the person you name may approve on your behalf',
  audience: 'approvers',
  run: async ({ slack, userId, text, reply }) => {
    if (text.trim() === '') {
      const absence = await slack.useCases.showAway({ userId });
      return reply(absence ? said(absence) : { text: HERE });
    }
    const { person, unread, rest } = splitPerson(text);
    if (unread !== null) throw new DomainError('person_unreadable', { text: unread });
    const absence = await slack.useCases.setAway({ userId, when: rest, delegateUserId: person });
    return reply(said(absence));
  },
};

export const back: Command = {
  name: 'back',
  usage: 'back',
  does: 'get reminders again; your delegate no longer approves',
  audience: 'approvers',
  run: async ({ slack, userId, reply }) => {
    await slack.useCases.endAway({ userId });
    await reply({ text: 'Welcome back. Reminders reach you again, and your delegate votes no more.' });
  },
};
