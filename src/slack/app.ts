/** The Slack app: Bolt over a WebSocket where there is an app token, else over HTTP. The only file that makes a Bolt app. */
import { App } from '@slack/bolt';
import type { Receiver } from '@slack/bolt';
import { isDomainError } from '../domain/errors.ts';
import type { Policy } from '../domain/policy/types.ts';
import { lookUpFacts } from '../application/messages/look-up-facts.ts';
import type { FactSources } from '../application/messages/look-up-facts.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../application/deps.ts';
import type { Directory } from '../application/identity/directory.ts';
import type { EventStreams } from '../application/identity/fact-ports.ts';
import type { Replays } from '../application/record/replay-ports.ts';
import type { PersonCaller } from '../application/identity/caller.ts';
import type { UseCases } from '../application/verbs.ts';
import { slackLogger } from './connection/logger.ts';
import type { SlackConnection } from './connection/connection.ts';
import type { Slack } from './door/context.ts';
import { createChannelWatch } from './incident-channels/channel-watch.ts';
import { createOnce } from './connection/once.ts';
import { createInFlight } from './connection/in-flight.ts';
import type { InFlight } from './connection/in-flight.ts';
import { listen } from './door/listeners.ts';
import { arrivalOf } from './directory/heard.ts';
import type { HeardFacts } from './directory/heard.ts';
import { createHttpReceiver } from './connection/receiver-http.ts';
import type { RequestHandler } from './connection/receiver-http.ts';
import { createSocketReceiver } from './connection/receiver-socket.ts';
import type { LineState } from './connection/receiver-socket.ts';
import { createStreamWatch } from './connection/stream.ts';
import type { StreamWatch } from './connection/stream.ts';
import { StartError } from './connection/start-error.ts';
import { verbsByUser } from './door/verbs-by-user.ts';
import { rejectExternalUsers } from './door/reject-external-users.ts';
import type { IsOurs } from './door/reject-external-users.ts';
import { INSTALLATION_EVENTS } from './connection/organisation.ts';
import type { Organisation } from './connection/organisation.ts';
import { inWorkspace } from './connection/token-choice.ts';
import { createTurns } from './turns.ts';

/** Handlers acknowledge within three seconds and finish soon after; what takes longer is cut off. */
const STOP_PATIENCE_MS = 10_000;

export type SlackAppSettings = {
  environment: { appToken: string | null; signingSecret: string | null; apiUrl: string | null };
  connection: SlackConnection;
  useCases: UseCases;
  callerOf: (userId: string) => Promise<PersonCaller>;
  policy: () => Policy;
  directory: Directory;
  access: FactSources['access'];
  replays: Replays;
  /** Called for every event. */
  facts: HeardFacts;
  streams: EventStreams;
  store: Pick<Store, 'transaction' | 'messages'> & {
    read: Pick<
      Store['read'],
      | 'view'
      | 'alertView'
      | 'incident'
      | 'openIncidents'
      | 'incidentOfChannel'
      | 'absencesOf'
      | 'preApprovals'
      | 'linksOf'
      | 'linksOfPerson'
      | 'now'
    >;
  };
  log: Log;
};

export type SlackApp = {
  /** Rejects with a `StartError` whose message is one sentence for the operator; may be called again when it `isPassing`. */
  start(): Promise<void>;
  /** Finishes what is in hand, and takes no more. */
  stop(): Promise<void>;
  /** true while clicks reach us: the WebSocket stands, or HTTP is what we listen to. */
  isConnected(): boolean;
  /** For `POST /slack/events`; null in Socket Mode. */
  handle: RequestHandler | null;
};

type Way = { receiver: Receiver; isConnected: () => boolean; handle: RequestHandler | null };

const wayIn = ({ environment, connection, replays, facts, log }: SlackAppSettings, stream: StreamWatch): Way => {
  const { appToken, signingSecret, apiUrl } = environment;
  if (appToken) {
    const onLine = (state: LineState): void => stream[state]();
    return { ...createSocketReceiver({ appToken, apiUrl, pace: connection.pace, log, onLine }), handle: null };
  }
  if (!signingSecret) {
    throw new StartError(
      'Set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP): without one of them nothing from Slack can be trusted.',
      false,
    );
  }
  const receiver = createHttpReceiver({
    signingSecret,
    replays,
    onEventsLeftOut: () => facts.missed('Slack leaves events out'),
    log,
  });
  return { receiver, isConnected: () => true, handle: receiver.handle };
};

export const createSlackApp = (settings: SlackAppSettings): SlackApp => {
  const { connection, useCases, policy, store } = settings;
  const log = settings.log.child({ part: 'slack' });
  const teamId = (): string => connection.team().teamId;
  const stream = createStreamWatch(settings.streams, { teamId, onNoting: settings.facts.after, log });
  const way = wayIn({ ...settings, log }, stream);
  const { client, limits } = connection;
  const channels = createChannelWatch({ client, policy, useCases, store, log });
  const byUser = verbsByUser(useCases, settings.callerOf);
  const once = createOnce(settings.replays, log);
  const cardFacts: Slack['cardFacts'] = async (view) => (await lookUpFacts({ ...settings, log }, view)).facts;
  const base = { client, limits, useCases: byUser, policy, store, channels, log };
  const enterpriseId = connection.organisation?.enterpriseId ?? null;
  const known = { enterpriseId, nameOf: namesFrom(settings.directory), turns: createTurns(), once };
  const slack: Slack = { ...base, ...known, cardFacts };
  const inFlight = createInFlight();
  const app = createBolt(settings, way.receiver, log);
  app.use(({ next, context }) => inFlight.track(inWorkspace(context.teamId, () => next())));
  hearFacts(app, settings.facts);
  if (connection.organisation) listenToInstallations(app, connection.organisation);
  app.use(rejectExternalUsers(slack, isOursIn(connection, slack)));
  listen(app, slack);
  let isStarted = false;
  return {
    start: async () => {
      await connection.identify();
      await app.start();
      isStarted = true;
      channels.start();
    },
    stop: async () => {
      await channels.stop();
      await stop(app, inFlight, isStarted);
      await stream.stop();
    },
    isConnected: () => isStarted && way.isConnected(),
    handle: way.handle,
  };
};

const hearFacts = (app: App, facts: HeardFacts): void => {
  app.use(({ payload, body, context, next }) => {
    facts.hear(payload, arrivalOf(body, context));
    return next();
  });
};

/** A workspace that the app is in, or a person whom the organisation knows. */
const isOursIn =
  ({ organisation, team }: SlackConnection, { nameOf }: Pick<Slack, 'nameOf'>): IsOurs =>
  async ({ teamId, userId }) => {
    if (!organisation) return teamId === team().teamId;
    return (await organisation.serves(teamId)) || (userId !== '' && (await nameOf(userId)) !== null);
  };

/** Before who sent it is looked at: no token of the workspace is left. The event says only that there is something to look at. */
const listenToInstallations = (app: App, { lookForRemoved }: Organisation): void => {
  app.use(async ({ body, next }) => {
    const { event } = body as { event?: { type?: string } };
    if (INSTALLATION_EVENTS.some((type) => type === event?.type)) return lookForRemoved();
    await next();
  });
};

/** A line is answered all the same where a person is no member: with the id. */
const namesFrom =
  (directory: Directory): Slack['nameOf'] =>
  async (userId) => {
    try {
      return (await directory.person(userId)).name;
    } catch (error) {
      if (isDomainError(error)) return null;
      throw error;
    }
  };

const createBolt = ({ connection, environment }: SlackAppSettings, receiver: Receiver, log: Log): App => {
  const app = new App({
    receiver,
    // Bolt's own check of the token floats; ours is awaited at start.
    authorize: connection.authorize,
    convoStore: false,
    logger: slackLogger(log),
    ...(environment.apiUrl ? { clientOptions: { slackApiUrl: environment.apiUrl } } : {}),
  });
  app.error((error) => {
    log.error({ err: error }, 'a Slack event was not handled');
    return Promise.resolve();
  });
  return app;
};

const stop = async (app: App, inFlight: InFlight, isStarted: boolean): Promise<void> => {
  if (!isStarted) return;
  // Clicks are answered over the connection, so it is closed only when those in hand have been.
  await inFlight.settled(STOP_PATIENCE_MS);
  await app.stop();
  await inFlight.settled(STOP_PATIENCE_MS);
};
