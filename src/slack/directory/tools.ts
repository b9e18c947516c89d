/** The incident tools that the policy names. Slack: docs.slack.dev/reference/methods/users.info and bots.info, "Errors" */
import type { WebClient } from '@slack/web-api';
import { slackFailureOf } from '../connection/failures.ts';
import { UNKNOWN_USER } from './workspace.ts';

const UNKNOWN_TOOL = new Set([...UNKNOWN_USER, 'bot_not_found']);

/** The id of an app (`A…`) cannot be looked up with a bot's token. */
export const toolProblem = async (client: WebClient, id: string): Promise<string | null> => {
  if (id.startsWith('A')) return null;
  try {
    const deleted = id.startsWith('B')
      ? (await client.bots.info({ bot: id })).bot?.deleted
      : (await client.users.info({ user: id })).user?.deleted;
    return deleted === true ? 'was removed from this workspace' : null;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind === 'permanent' && UNKNOWN_TOOL.has(failure.code)) return 'is unknown to this workspace';
    throw error;
  }
};
