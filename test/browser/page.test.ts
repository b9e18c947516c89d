/** The page with a plain app that is not ours: what any Slack app would be seen to do. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { createChannel } from '../../src/local/slack/channels.ts';
import { post } from '../../src/local/slack/messages.ts';
import type { Block } from '../../src/local/slack/types.ts';
import { startStage } from './support/stage.ts';
import type { Stage } from './support/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
});

afterEach(async () => {
  for (const who of ['ada', 'olga'])
    while (stage.workspace.as(who).modal() !== undefined) await stage.workspace.as(who).close();
  await stage.closeAll();
  expect(stage.problems.splice(0)).toEqual([]);
});

afterAll(async () => {
  await stage.stop();
});

const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Message / });

const send = async (page: Page, text: string): Promise<void> => {
  await composer(page).fill(text);
  await composer(page).press('Enter');
};

/** Words in the conversation; the live region for screen readers says them too. */
const words = (page: Page, text: string | RegExp): Locator => page.getByRole('main').getByText(text);

/** The words on what has the focus, or its id where there are none. */
const focused = (page: Page): Promise<unknown> =>
  page.evaluate('document.activeElement.textContent || document.activeElement.id');

const lastMessage = (page: Page): Locator => page.getByRole('main').getByRole('article').last();

const fromApp = (channel: string, text: string, more: { blocks?: Block[]; ephemeralFor?: string } = {}): void => {
  const { state, app, channelId } = stage.workspace;
  const found = state.channels.get(channelId(channel));
  if (found === undefined) throw new Error(`no channel ${channel}`);
  const { blocks, ephemeralFor } = more;
  post(state, {
    channel: found,
    author: { userId: app.botUserId, isApp: true },
    content: { text, ...(blocks ? { blocks } : {}) },
    ...(ephemeralFor ? { ephemeralFor } : {}),
  });
};

const openForm = async (page: Page): Promise<Locator> => {
  await send(page, '/access');
  const form = page.getByRole('dialog', { name: 'Ask for access' });
  await form.waitFor();
  return form;
};

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
    fromApp('prod-access', 'for <@U0ADA>');
    await inSidebar.getByLabel('1 for you').waitFor();
    await inSidebar.click();
    await ada.getByText('New', { exact: true }).waitFor();
    await ada.getByRole('navigation').getByRole('button', { name: 'general' }).click();
    await expect.poll(() => inSidebar.getByLabel('1 for you').count()).toBe(0);
  });

  it('a thread opens beside the channel, and its replies are counted below the message', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    await send(ada, 'who knows?');
    await lastMessage(ada).hover();
    await ada.getByRole('button', { name: 'Reply in thread to Ada Novak' }).last().click();
    const thread = ada.getByRole('complementary', { name: 'Thread' });
    await thread.getByRole('textbox', { name: 'Reply…' }).fill('I do');
    await ada.keyboard.press('Enter');
    await thread.getByText('I do').waitFor();
    await ada.getByRole('main').getByText('1 reply').waitFor();
    await ada.keyboard.press('Escape');
    await thread.waitFor({ state: 'detached' });
  });

  it('an edit, a deletion and a file are seen', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const { state } = stage.workspace;
    fromApp('general', 'first words');
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
    await words(ada, 'better words').waitFor({ state: 'detached' });
  });

  it('a channel made in one window is there in another, and can be joined, renamed and archived', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const olga = await stage.open('olga', { query: '&at=general' });
    await ada.getByRole('button', { name: 'New channel' }).click();
    await ada.getByRole('textbox', { name: 'Name' }).fill('inc checkout');
    await ada.keyboard.press('Enter');
    await ada.getByRole('heading', { name: 'inc-checkout' }).first().waitFor();
    await olga.getByRole('navigation').getByRole('button', { name: 'inc-checkout' }).click();
    await olga.getByRole('button', { name: 'Join channel' }).click();
    await send(olga, 'I am here');
    await words(ada, 'I am here').waitFor();
    await ada.getByRole('button', { name: /2 members/ }).click();
    await ada.getByRole('combobox', { name: 'Invite a person or an app' }).fill('rita');
    await ada.keyboard.press('Enter');
    await ada.getByRole('dialog').getByText('Rita Sousa').waitFor();
    await ada.getByRole('button', { name: 'Archive' }).click();
    await words(olga, '#inc-checkout is archived').waitFor();
  });
});

describe('what only one person may see', () => {
  it('an ephemeral message is in the window of its reader, marked, and in no other', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const olga = await stage.open('olga', { query: '&at=prod-access' });
    await send(ada, '/access help');
    await words(ada, 'Only you read this help.').waitFor();
    await words(ada, 'Only visible to you').waitFor();
    fromApp('prod-access', 'for all of you');
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

describe('forms', () => {
  it('say under the field what is wrong, and send what was typed last', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const form = await openForm(ada);
    await form.getByRole('button', { name: 'Send' }).click();
    const reason = form.getByRole('textbox', { name: 'Reason' });
    await form.getByText('Please complete this required field.').first().waitFor();
    await form.getByRole('combobox', { name: 'Target' }).click();
    await form.getByRole('combobox', { name: 'Target' }).fill('bill');
    await form.getByRole('option', { name: 'billing-db' }).click();
    // The app draws the form anew, and what was typed stays.
    await form.getByRole('combobox', { name: 'Role' }).click();
    await form.getByRole('option', { name: 'Read only' }).click();
    await reason.fill('short');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.getByText('Say a little more').waitFor();
    expect(await reason.getAttribute('aria-invalid')).toBe('true');
    await reason.fill('');
    // Faster than any answer: the last letter must not be lost to the click.
    await reason.pressSequentially('repair order <1183> & more', { delay: 0 });
    await form.getByRole('button', { name: 'Send' }).click();
    await form.waitFor({ state: 'detached' });
    expect(JSON.stringify(stage.seen.submitted.at(-1))).toContain('repair order <1183> & more');
  });

  it('take people, days and radio buttons', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const form = await openForm(ada);
    await form.getByRole('combobox', { name: 'Target' }).click();
    await form.getByRole('option', { name: 'mailer' }).click();
    await form.getByRole('combobox', { name: 'Role' }).click();
    await form.getByRole('option', { name: 'Read only' }).click();
    await form.getByRole('radio', { name: '15 minutes' }).check();
    await form.getByRole('textbox', { name: 'Reason' }).fill('look at the queue of mails');
    const watchers = form.getByRole('combobox', { name: /Tell also/ });
    await watchers.fill('oscar');
    await watchers.press('Enter');
    await watchers.fill('rita');
    await watchers.press('Enter');
    await watchers.press('Escape');
    await form.getByRole('button', { name: 'Remove Oscar Lind' }).click();
    await form.getByLabel(/From/).fill('2026-11-30');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.waitFor({ state: 'detached' });
    expect(stage.seen.submitted.at(-1)).toMatchObject({
      for: { for: { selected_option: { value: '15m' } } },
      watchers: { watchers: { selected_users: ['U0RITA'] } },
      day: { day: { selected_date: '2026-11-30' } },
      target: { target: { selected_option: { value: 'mailer' } } },
    });
  });

  it('a button with a question asks it first', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    await send(ada, '/access post');
    await ada.getByRole('button', { name: 'Deny' }).click();
    const question = ada.getByRole('alertdialog', { name: 'Deny it?' });
    await question.getByRole('button', { name: 'Back' }).click();
    const before = stage.seen.clicks.length;
    await ada.getByRole('button', { name: 'Deny' }).click();
    await question.getByRole('button', { name: 'Deny' }).click();
    await expect.poll(() => stage.seen.clicks.slice(before)).toEqual(['U0ADA deny']);
    await ada.getByRole('button', { name: 'More actions' }).click();
    await ada.getByRole('menuitem', { name: 'Explain' }).click();
    await ada.getByRole('combobox', { name: 'Shorter…' }).click();
    await ada.getByRole('option', { name: '10 minutes' }).click();
    await expect.poll(() => stage.seen.clicks.slice(before)).toEqual(['U0ADA deny', 'U0ADA more', 'U0ADA shorter']);
    await ada.getByRole('button', { name: 'Approve', exact: true }).click();
    await words(ada, /Approved by/).waitFor();
    expect(await ada.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0);
  });
});

describe('what people cannot do harm with', () => {
  it('hostile text is shown as text', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
    await send(ada, hostile);
    await words(ada, hostile).waitFor();
    fromApp('general', 'x', {
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: hostile } },
        { type: 'section', text: { type: 'mrkdwn', text: `<javascript:window.hacked=1|press> ${hostile}` } },
        { type: 'image', image_url: 'javascript:window.hacked=1', alt_text: hostile },
        { type: 'unheard-of', text: hostile },
      ],
    });
    await words(ada, 'This page cannot show a block').waitFor();
    expect(await ada.evaluate('window.hacked')).toBeUndefined();
    expect(await lastMessage(ada).locator('a, img, script').count()).toBe(0);
  });

  it('a channel without a message, and a name without letters, are drawn', async () => {
    const channel = createChannel(stage.workspace.state, { name: '1', isPrivate: false, creator: 'U0ADA' });
    const ada = await stage.open('ada', { query: `&at=${channel.name}` });
    await words(ada, 'This is the very beginning of #1.').waitFor();
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
    await composer(olga).waitFor();
  });
});

describe('looks', () => {
  const background = (page: Page): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');

  it('is dark when the system is, and when one says so, which is remembered', async () => {
    const ada = await stage.open('ada', { colorScheme: 'dark' });
    const dark = await background(ada);
    await ada.getByRole('button', { name: /^Colours/ }).click();
    const light = await background(ada);
    expect(light).not.toBe(dark);
    await ada.reload();
    await ada.getByRole('main').waitFor();
    expect(await background(ada)).toBe(light);
    await ada.getByRole('button', { name: /^Colours/ }).click();
    expect(await background(ada)).toBe(dark);
  });

  it('a narrow window hides the channels behind a button, and nothing hangs over its edge', async () => {
    const ada = await stage.open('ada', { viewport: { width: 400, height: 720 }, query: '&at=prod-access' });
    await send(ada, '/access post');
    await ada.getByRole('button', { name: 'Approve', exact: true }).last().waitFor();
    expect(await ada.evaluate('document.documentElement.scrollWidth')).toBe(400);
    expect(await ada.getByRole('navigation').isVisible()).toBe(false);
    await ada.getByRole('button', { name: 'Show channels' }).click();
    await ada.getByRole('navigation').getByRole('button', { name: 'general' }).click();
    await ada.getByRole('heading', { name: 'general' }).first().waitFor();
    await expect.poll(() => ada.getByRole('navigation').isVisible()).toBe(false);
    const form = await openForm(ada);
    const box = await form.boundingBox();
    expect(box?.width).toBeLessThanOrEqual(400);
  });

  it('does not move what one reads when a message below changes, and follows the end when one reads the end', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    for (let count = 0; count < 40; count += 1) fromApp('general', `line ${count}\nand more`);
    await words(ada, 'line 39').waitFor();
    const list = ada.getByRole('region', { name: 'Messages in general' });
    const fromEnd = (): Promise<number> =>
      list.evaluate(
        (node: { scrollHeight: number; scrollTop: number; clientHeight: number }) =>
          node.scrollHeight - node.scrollTop - node.clientHeight,
      );
    await expect.poll(fromEnd).toBeLessThan(2);
    await list.evaluate((node: { scrollTop: number }) => {
      node.scrollTop = 100;
    });
    await expect.poll(fromEnd).toBeGreaterThan(100);
    const before = await words(ada, /line 3/)
      .first()
      .boundingBox();
    fromApp('general', 'something new below');
    await words(ada, 'something new below').waitFor();
    expect(
      (
        await words(ada, /line 3/)
          .first()
          .boundingBox()
      )?.y,
    ).toBe(before?.y);
  });
});

describe('by keyboard alone', () => {
  it('one completes a command, fills in a form and sends it', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    await composer(ada).focus();
    await ada.keyboard.type('/acc');
    await ada.getByRole('option', { name: /\/access/ }).waitFor();
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('Enter');
    await ada.getByRole('dialog').waitFor();
    // The first field has the focus.
    await ada.keyboard.type('ware');
    await ada.getByRole('option', { name: 'warehouse' }).waitFor();
    await ada.keyboard.press('Enter');
    await ada.getByRole('combobox', { name: 'Role' }).waitFor();
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('ArrowDown');
    await ada.getByRole('option', { name: 'Read-write' }).waitFor();
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('Enter');
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('ArrowUp');
    await ada.keyboard.press('Tab');
    await ada.keyboard.type('count the shelves again');
    for (let count = 0; count < 15 && (await focused(ada)) !== 'Send'; count += 1) await ada.keyboard.press('Tab');
    await ada.keyboard.press('Enter');
    await ada.getByRole('dialog').waitFor({ state: 'detached' });
    expect(stage.seen.submitted.at(-1)).toMatchObject({
      target: { target: { selected_option: { value: 'warehouse' } } },
      role: { role: { selected_option: { value: 'write' } } },
      for: { for: { selected_option: { value: '15m' } } },
      reason: { reason: { value: 'count the shelves again' } },
    });
    // The focus is back where it was.
    expect(await focused(ada)).toBe('composer');
  });

  it('the focus cannot leave a modal, and Escape closes a list before it closes the modal', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const form = await openForm(ada);
    for (let count = 0; count < 25; count += 1) {
      await ada.keyboard.press('Tab');
      const isOutside = await ada.evaluate(
        `document.activeElement !== document.body && !document.querySelector('dialog').contains(document.activeElement)`,
      );
      expect(isOutside).toBe(false);
    }
    await form.getByRole('combobox', { name: 'Target' }).click();
    await form.getByRole('listbox').waitFor();
    await ada.keyboard.press('Escape');
    await form.getByRole('listbox').waitFor({ state: 'detached' });
    expect(await form.count()).toBe(1);
    await ada.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
  });

  it('one becomes somebody else', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    await ada.getByRole('button', { name: 'You are Ada Novak. Be somebody else' }).focus();
    await ada.keyboard.press('Enter');
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('Enter');
    await ada.getByRole('button', { name: 'You are Olga Berg. Be somebody else' }).waitFor();
    expect(new URL(ada.url()).searchParams.get('as')).toBe('olga');
    await ada.goBack();
    await ada.getByRole('button', { name: 'You are Ada Novak. Be somebody else' }).waitFor();
  });

  it('a screen reader is told of new messages and knows the parts of the window', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    for (const role of ['banner', 'navigation', 'main', 'contentinfo'] as const) {
      expect(await ada.getByRole(role).count()).toBe(1);
    }
    fromApp('general', 'listen to *this*');
    await ada.getByRole('log').getByText('Doorman in general: listen to this').waitFor({ state: 'attached' });
  });
});

describe('the panel beside it', () => {
  it('shows who can log in, with the time that is left, and moves a deadline', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const inTenMinutes = new Date(Date.now() + 600_000).toISOString();
    stage.world.change({
      grants: [
        { id: 'g1', person: 'U0ADA', target: 'orders-db', role: 'read', state: 'active', expiresAt: inTenMinutes },
      ],
    });
    const panel = ada.getByRole('complementary', { name: 'Production' });
    await panel.getByText('orders-db/read').waitFor();
    await panel.getByText(/^(10:00|9:5\d)$/).waitFor();
    await panel.getByRole('button', { name: 'End in 10 s' }).click();
    await expect.poll(() => stage.world.endedSoon).toEqual([{ grantId: 'g1', inMs: 10_000 }]);
    stage.world.change({ grants: [] });
    await panel.getByText('Nobody has access now.').waitFor();
    stage.world.tick('ask');
    await panel.getByText('1 of 4').waitFor();
  });

  it('logs in with the credentials one was shown, is refused a write, and is cut', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const panel = ada.getByRole('complementary', { name: 'Production' });
    expect(await panel.getByRole('button', { name: 'Use the credentials I was shown' }).count()).toBe(0);
    await panel.getByRole('textbox', { name: 'User' }).fill('lk_ada_7f3a');
    await panel.getByLabel('Password').fill('guess');
    await panel.getByRole('button', { name: 'Connect' }).click();
    await panel.getByText('The login was refused.').waitFor();
    await send(ada, '/access credentials');
    await ada.getByRole('dialog', { name: 'Credentials' }).getByRole('button', { name: 'Copy' }).first().waitFor();
    await ada.keyboard.press('Escape');
    await panel.getByRole('button', { name: 'Use the credentials I was shown' }).click();
    await panel.getByRole('button', { name: 'Connect' }).click();
    await panel.getByRole('button', { name: 'Select' }).click();
    await panel.getByRole('cell', { name: 'Brauer & Sons' }).waitFor();
    await panel.getByRole('button', { name: 'Insert' }).click();
    await panel.getByText('Refused: this role may not do that.').waitFor();
    stage.world.cut();
    await panel.getByText('The session was cut. The access is over.').waitFor();
  });
});

it('connects again by itself, and says meanwhile that it does', async () => {
  const ada = await stage.open('ada', { query: '&at=general' });
  await stage.workspace.faults.down('refused');
  await ada.getByText('Connection lost. Connecting again…').waitFor();
  await send(ada, 'not lost');
  expect(await composer(ada).inputValue()).toBe('not lost');
  await stage.workspace.faults.up();
  await ada.getByText(/Doorman is connected/).waitFor();
  await composer(ada).press('Enter');
  await lastMessage(ada).getByText('not lost').waitFor();
  // What a browser writes of a connection that was refused is no fault of the page.
  stage.problems.splice(0);
});
