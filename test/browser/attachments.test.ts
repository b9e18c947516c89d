/** Cards with a coloured bar and faces, as real Slack draws them. */
import { expect, it } from 'vitest';
import type { Block } from '../../sandbox/src/slack/types.ts';
import { useStage } from './support/stage.ts';
import { fromApp, lastMessage } from './support/words.ts';

const stage = useStage();

const line = (text: string): Block => ({ type: 'section', text: { type: 'mrkdwn', text } });
const who: Block = {
  type: 'context',
  elements: [
    { type: 'image', image_url: 'https://avatars.slack-edge.com/local/U0ADA_48.png', alt_text: 'Ada Novak' },
    { type: 'mrkdwn', text: '*Ada Novak* requests access' },
  ],
};
const votes: Block = {
  type: 'actions',
  elements: [
    { type: 'button', action_id: 'approve', text: { type: 'plain_text', text: 'Approve' }, value: '1' },
    { type: 'button', action_id: 'deny', text: { type: 'plain_text', text: 'Deny' }, value: '1' },
  ],
};

it('draws the bar in its colour, the face of a person, and buttons that work', async () => {
  const olga = await stage.open('olga', { query: '&at=prod-access' });
  fromApp(stage.workspace, {
    channel: 'prod-access',
    text: 'x',
    attachments: [{ color: '#2eb67d', blocks: [who, votes] }],
  });
  const card = lastMessage(olga);
  await card.getByRole('img', { name: 'Ada Novak' }).waitFor();
  expect(await card.locator('.face').textContent()).toBe('AN');
  const colour = await olga.evaluate(`getComputedStyle(document.querySelector('.attachment')).borderLeftColor`);
  expect(colour).toBe('rgb(46, 182, 125)');
  await card.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect.poll(() => stage.seen.clicks.length).toBeGreaterThan(0);
});

it('folds what is after the fifth block of an attachment, as Slack does', async () => {
  const olga = await stage.open('olga', { query: '&at=prod-access' });
  const blocks = [...Array.from({ length: 5 }, (_, index) => line(`line ${index}`)), votes];
  fromApp(stage.workspace, { channel: 'prod-access', text: 'x', attachments: [{ blocks }] });
  const card = lastMessage(olga);
  await card.getByText('line 4').waitFor();
  expect(await card.getByRole('button', { name: 'Deny' }).count()).toBe(0);
  await card.getByRole('button', { name: 'Show more' }).click();
  await card.getByRole('button', { name: 'Deny' }).waitFor();
  await card.getByRole('button', { name: 'Show less' }).waitFor();
});

it('draws the older fields of an attachment too', async () => {
  const olga = await stage.open('olga', { query: '&at=prod-access' });
  fromApp(stage.workspace, {
    channel: 'prod-access',
    text: '',
    attachments: [
      {
        pretext: 'from the pager',
        title: 'Orders fail',
        title_link: 'https://pager.test/1',
        text: '*p99* over 3 s',
        fields: [{ title: 'Severity', value: 'high', short: true }],
        footer: 'Pager',
      },
    ],
  });
  const card = lastMessage(olga);
  await card.getByRole('link', { name: 'Orders fail' }).waitFor();
  const read = await card.textContent();
  for (const text of ['from the pager', 'p99 over 3 s', 'Severity', 'high', 'Pager']) expect(read).toContain(text);
});
