/** A closed account votes no more and has no access: what it voted on goes on without it, and what it holds ends. */
import type { PersonHandler } from '../door/context.ts';

export const accountChanged: PersonHandler = {
  type: 'user_change',
  run: async ({ slack, personId, isDeleted }) => {
    if (isDeleted) await slack.useCases.personLeft({ personId });
  },
};
