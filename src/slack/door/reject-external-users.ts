/** Turns away who is not of our workspace before any handler runs: shared channels bring clicks of other organisations. */
import type { AllMiddlewareArgs, AnyMiddlewareArgs } from '@slack/bolt';
import { DomainError } from '../../domain/errors.ts';
import type { Slack } from './context.ts';
import { sentenceOf } from '../errors.ts';
import { createReply } from './reply.ts';

type Body = {
  team_id?: string;
  user_id?: string;
  response_url?: string;
  user?: string | { id?: string; team_id?: string };
};

/** The team of the one who acted. Slack: in shared channels `user.team_id` differs from the team the app is installed in. */
const teamOf = ({ team_id: teamId, user }: Body): string | undefined =>
  typeof user === 'object' ? user.team_id : teamId;

const userOf = ({ user_id: userId, user }: Body): string => (typeof user === 'object' ? user.id : userId) ?? '';

export type IsOurs = (from: { teamId: string; userId: string }) => Promise<boolean>;

export const rejectExternalUsers =
  (slack: Slack, isOurs: IsOurs) =>
  async ({ body, next, ...args }: AnyMiddlewareArgs & AllMiddlewareArgs): Promise<void> => {
    const seen = body as Body;
    const teamId = teamOf(seen);
    if (teamId === undefined || (await isOurs({ teamId, userId: userOf(seen) }))) return next();
    slack.log.warn({ teamId, userId: userOf(seen) }, 'a click from another workspace was refused');
    if ('ack' in args && typeof args.ack === 'function') await args.ack();
    if (!seen.response_url) return;
    const reply = createReply(slack, { userId: userOf(seen), responseUrl: seen.response_url });
    await reply({ text: sentenceOf(new DomainError('unknown_person')) });
  };
