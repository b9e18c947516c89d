/** `/prod-access away until Friday @omar`: who is away is not pinged, and a delegate votes; `back` ends it. */
import { DomainError } from '../../../domain/errors.ts';
import type { Absence } from '../../../domain/requests/vote.ts';
import { date, mention } from '../../messages/render/text.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';
import { splitPerson } from './read-person.ts';

const said = ({ until, delegate }: Absence): string => {
  const votes = delegate
    ? `${mention(delegate)} votes on your behalf, but not on their own requests.`
    : 'You have no delegate.';
  return `You are away until ${date(until)}. ${votes} You get no reminders until then, and may still vote. ${typed('back')} ends it.`;
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
      return reply({ text: absence ? said(absence) : HERE });
    }
    const { person, unread, rest } = splitPerson(text);
    if (unread !== null) throw new DomainError('person_unreadable', { text: unread });
    const absence = await slack.useCases.setAway({ userId, when: rest, delegateUserId: person });
    return reply({ text: said(absence) });
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
