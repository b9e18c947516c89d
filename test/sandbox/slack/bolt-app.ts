/** A plain Bolt app that is not ours, as users of Slack write them. */
import { App as BoltApp, LogLevel } from '@slack/bolt';
import type { App } from '@slack/bolt';
import type { Slack } from '../../support/slack.ts';

export type Running = { app: App; stop: () => Promise<void> };

const quiet = { logLevel: LogLevel.ERROR };

export const startSocketApp = async (slack: Slack, setUp: (app: App) => void): Promise<Running> => {
  const app = new BoltApp({
    ...quiet,
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    clientOptions: { slackApiUrl: slack.apiUrl },
  });
  setUp(app);
  await app.start();
  return { app, stop: async () => void (await app.stop()) };
};

export const startHttpApp = async (
  slack: Slack,
  setUp: (app: App) => void,
  signingSecret = slack.signingSecret,
): Promise<Running> => {
  const app = new BoltApp({
    ...quiet,
    token: slack.botToken,
    signingSecret,
    clientOptions: { slackApiUrl: slack.apiUrl },
  });
  setUp(app);
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  slack.setRequestUrl(`http://127.0.0.1:${address.port}/slack/events`);
  return { app, stop: async () => void (await app.stop()) };
};
