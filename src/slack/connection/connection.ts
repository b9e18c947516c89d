/** Who we are in Slack, and the clients that speak for us. Made before the use cases, because they look people up through it. */
import type { WebClient } from '@slack/web-api';
import type { Pace } from '../../application/identity/fact-ports.ts';
import { DomainError } from '../../domain/errors.ts';
import { createInteractiveClient, createNotifierClient, createPatientClient } from './client.ts';
import type { ClientSettings, Limits } from './client.ts';
import type { Authorized, Organisation, Source } from './organisation.ts';
import { createWaits } from '../../lib/waits.ts';
import { createSpacing } from './pace.ts';
import { startErrorOf, StartError } from './start-error.ts';

/** `teamId`: of the workspace, or of the organisation that is served. */
export type Team = { teamId: string };

type Bot = Team & { botUserId: string; botId: string };

export type SlackConnection = {
  /** For look-ups and views: fails within seconds. */
  client: WebClient;
  /** Of `client`. */
  limits: Limits;
  /** For messages: one try, and rate limits are handed to the caller. */
  notifierClient: WebClient;
  /** For messages that may come late. */
  patientClient: WebClient;
  /** Null where one workspace is served. */
  organisation: Organisation | null;
  /** Slack's limits as all processes keep them; null where they are not kept. */
  pace: Pace | null;
  /** For what comes from Slack: who we are there. */
  authorize(source: Source): Promise<Omit<Authorized, 'enterpriseId'> & Partial<Pick<Authorized, 'enterpriseId'>>>;
  /** Throws `lookup_failed` until Slack has answered. */
  team(): Team;
  /** Asks Slack whose token this is; a `StartError` says what is wrong. */
  identify(): Promise<Team>;
};

export const createSlackConnection = (given: ClientSettings): SlackConnection => {
  const settings = { ...given, space: createSpacing(), waits: given.waits ?? createWaits() };
  const { client, limits } = createInteractiveClient(settings);
  const { organisation = null, pace = null } = settings;
  return {
    client,
    limits,
    notifierClient: createNotifierClient(settings),
    patientClient: createPatientClient(settings),
    organisation,
    pace,
    ...(organisation ? inOrganisation(organisation) : inWorkspace(client, settings.botToken ?? '')),
  };
};

type Identity = Pick<SlackConnection, 'authorize' | 'team' | 'identify'>;

const inWorkspace = (client: WebClient, botToken: string): Identity => {
  let team: Bot | null = null;
  const known = (): Bot => {
    if (team) return team;
    const why = 'Latchkey is not connected to Slack yet; try again in a moment.';
    throw new DomainError('lookup_failed', { what: 'the workspace', why });
  };
  return {
    team: known,
    identify: async () => (team ??= await authTest(client)),
    authorize: async () => ({ botToken, ...known() }),
  };
};

/** Whom it serves is configured, so that is known without Slack. */
const inOrganisation = ({ enterpriseId, authorize, lookForRemoved }: Organisation): Identity => ({
  team: () => ({ teamId: enterpriseId }),
  identify: async () => {
    await lookForRemoved().catch((error: unknown) => {
      throw startErrorOf('SLACK_CLIENT_ID', error);
    });
    return { teamId: enterpriseId };
  },
  authorize,
});

const authTest = async (client: WebClient): Promise<Bot> => {
  const answer = await client.auth.test().catch((error: unknown) => {
    throw startErrorOf('SLACK_BOT_TOKEN', error);
  });
  const { team_id: teamId, user_id: botUserId, bot_id: botId } = answer;
  if (!teamId || !botUserId || !botId) {
    throw new StartError('SLACK_BOT_TOKEN is not the token of a bot: it must begin with xoxb-.', false);
  }
  return { teamId, botUserId, botId };
};
