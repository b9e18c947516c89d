/** A closed account votes no more: what it voted on and is not decided yet goes on without it. */
import type { PersonHandler } from './context.ts';

export const accountChanged: PersonHandler = {
  type: 'user_change',
  run: async ({ slack, personId, isDeleted }) => {
    if (isDeleted) await slack.useCases.voidVotes({ personId });
  },
};
