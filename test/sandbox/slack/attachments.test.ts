/** Blocks with a coloured bar: what the local Slack keeps of them, what a click in them sends, and what it refuses as Slack does. */
import { WebClient } from '@slack/web-api';
import type { App } from '@slack/bolt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../../../sandbox/src/slack/messages.ts';
import type { Json, Message } from '../../../sandbox/src/slack/types.ts';
import { startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';
import { startSocketApp } from './bolt-app.ts';
import type { Running } from './bolt-app.ts';
import { plain } from './plain-form.ts';

let slack: Slack;
let running: Running;
let client: WebClient;
const clicks: Json[] = [];

beforeAll(async () => {
  slack = await startSlack();
  client = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } });
  running = await startSocketApp(slack, (app: App) => {
    app.action('approve', async ({ ack, body }) => {
      clicks.push(body as unknown as Json);
      await ack();
    });
  });
});

afterAll(async () => {
  await running.stop();
  await slack.close();
});

const section = { type: 'section', text: { type: 'mrkdwn', text: 'Ada · Orders database' } };
const votes = {
  type: 'actions',
  block_id: 'votes',
  elements: [{ type: 'button', action_id: 'approve', text: plain('Approve'), value: 'r1' }],
};
const card = { color: '#2EB67D', blocks: [section, votes] };

const post = async (attachments: object[], more: Json = {}): Promise<Message> => {
  const args = { channel: 'C0ACCESS', text: 'Ada requests access', attachments, ...more };
  await client.chat.postMessage(args);
  const last = slack.as('olga').messages('prod-access').at(-1);
  if (last === undefined) throw new Error('nothing was posted');
  return last;
};

const refusal = async (attachments: unknown): Promise<string[]> => {
  try {
    await client.chat.postMessage({ channel: 'C0ACCESS', text: 'x', attachments } as never);
    return ['accepted'];
  } catch (error) {
    const { data } = error as { data?: { error: string; errors?: string[] } };
    return [data?.error ?? String(error), ...(data?.errors ?? [])];
  }
};

describe('what is kept', () => {
  it('numbers them, takes the sign from the colour, and completes their blocks', async () => {
    const message = await post([card, { color: 'danger', blocks: [section] }]);
    expect(message.attachments).toMatchObject([
      { id: 1, color: '2EB67D', fallback: '[no preview available]' },
      { id: 2, color: 'a30200' },
    ]);
    expect(blocksOf(message).every((block) => block.block_id !== undefined)).toBe(true);
    expect(blocksOf(message)).toHaveLength(3);
  });

  it('keeps them over an update that does not name them, and drops them for an empty list', async () => {
    const { ts } = await post([card]);
    const at = { channel: 'C0ACCESS', ts };
    const now = (): Message | undefined =>
      slack
        .as('olga')
        .messages('prod-access')
        .find((one) => one.ts === ts);
    await client.chat.update({ ...at, text: 'Approved' });
    expect(now()?.attachments).toHaveLength(1);
    await client.chat.update({ ...at, text: 'Ended', attachments: [] });
    expect(now()?.attachments).toBeUndefined();
  });
});

describe('a click in one', () => {
  it('reaches the app as a click in a message attachment', async () => {
    const message = await post([{ color: 'good', blocks: [section] }, card]);
    expect(await slack.as('olga').click(message, 'approve')).toEqual({ ok: true });
    expect(clicks.at(-1)).toMatchObject({
      container: { type: 'message_attachment', attachment_id: 2, message_ts: message.ts, is_app_unfurl: false },
      actions: [{ action_id: 'approve', block_id: 'votes', value: 'r1' }],
      message: { attachments: [{ id: 1 }, { id: 2 }] },
    });
  });

  it('and as one in the message itself where the button stands there', async () => {
    const message = await post([{ color: 'good', blocks: [section] }], { blocks: [votes] });
    await slack.as('olga').click(message, 'approve');
    expect(clicks.at(-1)).toMatchObject({ container: { type: 'message', message_ts: message.ts } });
  });
});

describe('what Slack refuses', () => {
  const tooLong = { type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3_001) } };
  const cases: [string, unknown, string[]][] = [
    ['blocks beside older fields', [{ ...card, title: 'Orders' }], ['invalid_attachments', 'title']],
    [
      'a block that is too long',
      [card, { blocks: [tooLong] }],
      ['invalid_attachments', '/attachments/1/blocks/0/text'],
    ],
    ['a block it does not know', [{ blocks: [{ type: 'card' }] }], ['invalid_attachments', '/attachments/0/blocks/0']],
    ['a colour that is no text', [{ ...card, color: 7 }], ['invalid_attachments', '/attachments/0/color']],
    ['one that is no object', ['x'], ['invalid_attachments', '/attachments/0']],
    ['one that says nothing', [{ color: 'good' }], ['no_text']],
    ['101 of them', Array.from({ length: 101 }, () => ({ text: 'x' })), ['too_many_attachments']],
    [
      '51 blocks in one',
      [{ blocks: Array.from({ length: 51 }, () => section) }],
      ['invalid_attachments', 'no more than'],
    ],
  ];

  it.each(cases)('%s', async (_name, attachments, [code, detail]) => {
    const [error, ...details] = await refusal(attachments);
    expect(error).toBe(code);
    expect(details.join('\n')).toContain(detail ?? '');
  });

  it('more blocks in one message than it takes, each of them allowed', async () => {
    const blocks = Array.from({ length: 5 }, () => ({ ...tooLong, text: { type: 'mrkdwn', text: 'x'.repeat(2_900) } }));
    await expect(client.chat.postMessage({ channel: 'C0ACCESS', text: 'x', blocks })).rejects.toMatchObject({
      data: { error: 'msg_blocks_too_long' },
    });
  });
});
