/** A test of any Bolt app against the local Slack, as `sandbox/README.md` shows it. */
import { App } from '@slack/bolt';
import { createWorkspace } from '../../sandbox/src/slack/workspace.ts';

/** An app like yours: a command posts a card, a button answers it. */
const setUp = (app: App): void => {
  app.command('/deploy', async ({ ack, client, body }) => {
    await ack();
    const button = {
      type: 'button' as const,
      action_id: 'yes',
      text: { type: 'plain_text' as const, text: 'Approve' },
    };
    const text = `<@${body.user_id}> wants to deploy ${body.text}`;
    const blocks = [
      { type: 'section' as const, text: { type: 'mrkdwn' as const, text } },
      { type: 'actions' as const, elements: [button] },
    ];
    await client.chat.postMessage({ channel: body.channel_id, text, attachments: [{ color: 'warning', blocks }] });
  });
  app.action('yes', async ({ ack, body, respond }) => {
    await ack();
    await respond({ replace_original: true, text: `Approved by <@${body.user.id}>` });
  });
};

export const story = async (): Promise<string[]> => {
  const slack = createWorkspace({
    users: [{ name: 'ada' }, { id: 'U0OLGA', name: 'olga' }],
    channels: [{ name: 'deploys', members: ['bot', 'ada', 'olga'] }],
  });
  const { apiUrl } = await slack.listen();
  const { botToken, appToken } = slack.app;
  const app = new App({ token: botToken, appToken, socketMode: true, clientOptions: { slackApiUrl: apiUrl } });
  setUp(app);
  await app.start();
  const [ada, olga] = [slack.as('ada'), slack.as('olga')];

  // The first post is refused with HTTP 429, as Slack does it: Bolt waits a second and posts again.
  slack.faults.ratelimit('chat.postMessage', 1);
  await ada.command('/deploy', 'shop 1.4', 'deploys');
  const card = await slack.waitFor(() => olga.messages('deploys').at(-1), { what: 'the card' });
  await olga.click(card, 'yes');
  await slack.waitFor(() => olga.messages('deploys').some(({ text }) => text.startsWith('Approved')));

  const seen = olga.messages('deploys').map(({ text }) => text);
  await app.stop();
  await slack.close();
  return seen;
};
