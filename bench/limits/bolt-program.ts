/** The limit for a slash command: a Bolt app that acknowledges and does nothing else. */
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import { answerCalls } from '../child.ts';
import { SIGNING_SECRET } from '../setup/app.ts';

const start = async (): Promise<number> => {
  const receiver = new HTTPReceiver({ signingSecret: SIGNING_SECRET, logLevel: LogLevel.ERROR });
  const app = new App({
    receiver,
    logLevel: LogLevel.ERROR,
    authorize: () =>
      Promise.resolve({ botToken: 'xoxb-bench', botId: 'B0BENCH', botUserId: 'U0BENCH', teamId: 'T0BENCH' }),
  });
  app.command('/prod-access', async ({ ack }) => {
    await ack();
  });
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

answerCalls({ start });
