/** The limits for a slash command and for an event: a Bolt app that acknowledges, or posts one message, and does nothing else. */
import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import { answerCalls } from '../child.ts';
import { SIGNING_SECRET } from '../setup/app.ts';

const start = async ({ slackApiUrl }: { slackApiUrl?: string } = {}): Promise<number> => {
  const receiver = new HTTPReceiver({ signingSecret: SIGNING_SECRET, logLevel: LogLevel.ERROR });
  const app = new App({
    receiver,
    logLevel: LogLevel.ERROR,
    ...(slackApiUrl ? { clientOptions: { slackApiUrl } } : {}),
    authorize: () =>
      Promise.resolve({ botToken: 'xoxb-bench', botId: 'B0BENCH', botUserId: 'U0BENCH', teamId: 'T0BENCH' }),
  });
  app.command('/prod-access', async ({ ack }) => {
    await ack();
  });
  app.event('channel_created', async ({ event: { channel }, client }) => {
    const metadata = { event_type: 'limit', event_payload: { kind: 'prompt' } };
    await client.chat.postMessage({ channel: channel.id, text: `Incident ${channel.name}`, metadata });
  });
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

answerCalls({ start });
