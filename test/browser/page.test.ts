/** The page with a plain app that is not ours: what any Slack app would be seen to do. */
import { describe, expect, it } from 'vitest';
import { createChannel } from '../../sandbox/src/slack/channels.ts';
import type { Block } from '../../sandbox/src/slack/types.ts';
import { useStage } from './support/stage.ts';
import { composer, fromApp, lastMessage, openForm, send, words } from './support/words.ts';

const stage = useStage();

const says = (channel: string, text: string, blocks?: Block[]): void =>
  fromApp(stage.workspace, { channel, text, ...(blocks ? { blocks } : {}) });

describe('talking', () => {
  it('two windows are two people, and hear each other without a reload', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const olga = await stage.open('olga', { query: '&at=general' });
    await send(ada, 'hello *everybody*, ask @olga');
    await lastMessage(olga).getByText('everybody', { exact: true }).waitFor();
    expect(await lastMessage(olga).locator('b').textContent()).toBe('everybody');
    expect(await lastMessage(olga).locator('.mention-me').textContent()).toBe('@Olga Berg');
    expect(await lastMessage(ada).locator('.mention-me').count()).toBe(0);
  });

  it('a channel one does not look at shows that it has news, until it is read', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const inSidebar = ada.getByRole('navigation').getByRole('button', { name: /prod-access/ });
    says('prod-access', 'for <@U0ADA>');
    await inSidebar.getByLabel('1 for you').waitFor();
    await inSidebar.click();
    await ada.getByText('New', { exact: true }).waitFor();
    await ada.getByRole('navigation').getByRole('button', { name: 'general' }).click();
    await expect.poll(() => inSidebar.getByLabel('1 for you').count()).toBe(0);
  });

  it('a thread opens beside the channel, and its replies are counted below the message', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    await send(ada, 'who knows?');
    await words(ada, 'who knows?').hover();
    await ada.getByRole('button', { name: 'Reply in thread to Ada Novak' }).last().click();
    const thread = ada.getByRole('complementary', { name: 'Thread' });
    await thread.getByRole('textbox', { name: 'Reply…' }).fill('I do');
    await ada.keyboard.press('Enter');
    await thread.getByText('I do').waitFor();
    await ada.getByRole('main').getByText('1 reply').waitFor();
    await ada.keyboard.press('Escape');
    await expect.poll(() => thread.count()).toBe(0);
  });

  it('an edit, a deletion and a file are seen', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const { state } = stage.workspace;
    says('general', 'first words');
    await words(ada, 'first words').waitFor();
    const message = state.messages.get('C0GENERAL')?.at(-1);
    if (message === undefined) throw new Error('no message');
    const previous = structuredClone(message);
    Object.assign(message, {
      text: 'better words',
      edited: { user: 'U1', ts: message.ts },
      files: [{ id: 'F1', name: 'report.csv', title: 'Report', size: 2_048 }],
    });
    state.emit({ type: 'message_changed', channelId: message.channel, message, previous });
    await words(ada, 'better words').waitFor();
    await words(ada, '(edited)').waitFor();
    await ada.getByRole('link', { name: /Report.*2,048 bytes/ }).waitFor();
    state.messages.get('C0GENERAL')?.pop();
    state.emit({ type: 'message_deleted', channelId: message.channel, message, deletedBy: 'U1' });
    await expect.poll(() => words(ada, 'better words').count()).toBe(0);
  });

  it('a channel made in one window is there in another, and can be joined, renamed and archived', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const olga = await stage.open('olga', { query: '&at=general' });
    await ada.getByRole('button', { name: 'New channel' }).click();
    await ada.getByRole('textbox', { name: 'Name' }).fill('release seven');
    await ada.keyboard.press('Enter');
    await ada.getByRole('heading', { name: 'release-seven' }).first().waitFor();
    await olga.getByRole('navigation').getByRole('button', { name: 'release-seven' }).click();
    await olga.getByRole('button', { name: 'Join channel' }).click();
    await send(olga, 'I am here');
    await words(ada, 'I am here').waitFor();
    await ada.getByRole('button', { name: /2 members/ }).click();
    await ada.getByRole('combobox', { name: 'Invite a person or an app' }).fill('rita');
    await ada.keyboard.press('Enter');
    await ada.getByRole('dialog').getByText('Rita Sousa').waitFor();
    await ada.getByRole('button', { name: 'Archive' }).click();
    await expect.poll(() => words(olga, '#release-seven is archived').count()).toBe(1);
  });
});

describe('an incident', () => {
  it('the app is in its channel before anyone asks, and a click there is seen in every window', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const olga = await stage.open('olga', { query: '&at=general' });
    await ada.getByRole('button', { name: 'New channel' }).click();
    await ada.getByRole('textbox', { name: 'Name' }).fill('inc 204 checkout');
    await ada.keyboard.press('Enter');
    await words(ada, 'Access for this incident.').waitFor();
    await olga.getByRole('navigation').getByRole('button', { name: 'inc-204-checkout' }).click();
    await olga.getByRole('button', { name: 'Join channel' }).click();
    await lastMessage(olga).getByRole('button', { name: 'Request access' }).waitFor();
    await ada.getByRole('button', { name: 'Request access' }).click();
    await words(olga, 'Approved').waitFor();
    expect(await olga.getByRole('button', { name: 'Request access' }).count()).toBe(0);
  });
});

describe('what only one person may see', () => {
  it('an ephemeral message is in the window of its reader, marked, and in no other', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const olga = await stage.open('olga', { query: '&at=prod-access' });
    await send(ada, '/access help');
    await words(ada, 'Only you read this help.').waitFor();
    await words(ada, 'Only visible to you').waitFor();
    says('prod-access', 'for all of you');
    await words(olga, 'for all of you').waitFor();
    expect(await words(olga, 'Only you read this help.').count()).toBe(0);
  });

  it('each person has a modal of their own', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const olga = await stage.open('olga', { query: '&at=prod-access' });
    const adas = await openForm(ada);
    await adas.getByRole('textbox', { name: 'Reason' }).fill('what Ada writes');
    expect(await olga.getByRole('dialog').count()).toBe(0);
    const olgas = await openForm(olga);
    expect(await olgas.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('');
    await olga.keyboard.press('Escape');
    await olgas.waitFor({ state: 'detached' });
    expect(await adas.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('what Ada writes');
  });
});

describe('what people cannot do harm with', () => {
  it('hostile text is shown as text', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
    await send(ada, hostile);
    await words(ada, hostile).waitFor();
    says('general', 'x', [
      { type: 'header', text: { type: 'plain_text', text: hostile } },
      { type: 'section', text: { type: 'mrkdwn', text: `<javascript:window.hacked=1|press> ${hostile}` } },
      { type: 'image', image_url: 'javascript:window.hacked=1', alt_text: hostile },
      { type: 'unheard-of', text: hostile },
    ]);
    await words(ada, 'This page cannot show a block').waitFor();
    expect(await ada.evaluate('window.hacked')).toBeUndefined();
    expect(await lastMessage(ada).locator('a, img, script').count()).toBe(0);
  });

  it('a channel without a message, and a name without letters, are drawn', async () => {
    const channel = createChannel(stage.workspace.state, { name: '1', isPrivate: false, creator: 'U0ADA' });
    const ada = await stage.open('ada', { query: `&at=${channel.name}` });
    await expect.poll(() => words(ada, 'This is the very beginning of #1.').count()).toBe(1);
  });
});

describe('the home of the app', () => {
  it('is drawn when it is opened, and its buttons work', async () => {
    const olga = await stage.open('olga', { query: '&at=@Doorman&tab=home' });
    await olga.getByText('No access to production now.').waitFor();
    await olga.getByRole('tabpanel').getByRole('button', { name: 'Ask for access' }).click();
    await olga.getByRole('dialog', { name: 'Ask for access' }).waitFor();
    await olga.keyboard.press('Escape');
    await olga.getByRole('tab', { name: 'Messages' }).click();
    await expect.poll(() => composer(olga).count()).toBe(1);
  });
});
