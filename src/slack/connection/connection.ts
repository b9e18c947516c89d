/** Who we are in Slack, and the clients that speak for us. Made before the use cases, because they look people up through it. */
import type { WebClient } from '@slack/web-api';
import { DomainError } from '../../domain/errors.ts';
import { createInteractiveClient, createNotifierClient, createPatientClient } from './client.ts';
import type { ClientSettings, Limits } from './client.ts';
import { createWaits } from '../../lib/waits.ts';
import { createSpacing } from './pace.ts';
import { startErrorOf, StartError } from './start-error.ts';

export type Team = { teamId: string; botUserId: string; botId: string };

export type SlackConnection = {
  /** For look-ups and views: fails within seconds. */
  client: WebClient;
  /** Of `client`. */
  limits: Limits;
  /** For messages: one try, and rate limits are handed to the caller. */
  notifierClient: WebClient;
  /** For messages that may come late. */
  patientClient: WebClient;
  botToken: string;
  /** Throws `lookup_failed` until Slack has told us. */
  team(): Team;
  /** Asks Slack whose token this is; a `StartError` says what is wrong. */
  identify(): Promise<Team>;
};

export const createSlackConnection = (given: ClientSettings): SlackConnection => {
  const settings = { ...given, space: createSpacing(), waits: given.waits ?? createWaits() };
  const { client, limits } = createInteractiveClient(settings);
  let team: Team | null = null;
  return {
    client,
    limits,
    notifierClient: createNotifierClient(settings),
    patientClient: createPatientClient(settings),
    botToken: settings.botToken,
    team: () => {
      if (!team)
        throw new DomainError('lookup_failed', {
          what: 'the workspace',
          why: 'Latchkey is not connected to Slack yet; try again in a moment.',
        });
      return team;
    },
    identify: async () => {
      team ??= await authTest(client);
      return team;
    },
  };
};

const authTest = async (client: WebClient): Promise<Team> => {
  const answer = await client.auth.test().catch((error: unknown) => {
    throw startErrorOf('SLACK_BOT_TOKEN', error);
  });
  const { team_id: teamId, user_id: botUserId, bot_id: botId } = answer;
  if (!teamId || !botUserId || !botId) {
    throw new StartError('SLACK_BOT_TOKEN is not the token of a bot: it must begin with xoxb-.', false);
  }
  return { teamId, botUserId, botId };
};
