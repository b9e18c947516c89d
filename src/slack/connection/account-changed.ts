/** A closed account votes no more and has no access: what it voted on goes on without it, and what it holds ends. */
import type { PersonHandler } from '../door/context.ts';

export const accountChanged: PersonHandler = {
  type: 'user_change',
  run: async ({ slack, userId, personId, isDeleted }) => {
    if (!isDeleted) return;
    // Who leaves one workspace of an organisation may be a member of another.
    if (slack.enterpriseId !== null && (await slack.nameOf(userId)) !== null) return;
    await slack.useCases.personLeft({ personId });
  },
};
