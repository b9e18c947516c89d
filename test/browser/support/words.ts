/** Where things are in the page, and the few acts that every test begins with. */
import type { Locator, Page } from 'playwright-core';
import { post } from '../../../sandbox/src/slack/messages.ts';
import type { Block, Json } from '../../../sandbox/src/slack/types.ts';
import type { Workspace } from '../../../sandbox/src/slack/workspace.ts';

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Message / });

export const send = async (page: Page, text: string): Promise<void> => {
  await composer(page).fill(text);
  await composer(page).press('Enter');
};

/** Words in the conversation; the live region for screen readers says them too. */
export const words = (page: Page, text: string | RegExp): Locator => page.getByRole('main').getByText(text);

/** The words on what has the focus, or its id where there are none. */
export const focused = (page: Page): Promise<unknown> =>
  page.evaluate('document.activeElement.textContent || document.activeElement.id');

export const lastMessage = (page: Page): Locator => page.getByRole('main').getByRole('article').last();

type Said = { channel: string; text: string; blocks?: Block[]; attachments?: Json[] };

/** The app says something, as the workspace's state would have it after a call. */
export const fromApp = ({ state, app, channelId }: Workspace, { channel, text, ...more }: Said): void => {
  const found = state.channels.get(channelId(channel));
  if (found === undefined) throw new Error(`no channel ${channel}`);
  post(state, { channel: found, author: { userId: app.botUserId, isApp: true }, content: { text, ...more } });
};

export const openForm = async (page: Page): Promise<Locator> => {
  await send(page, '/access');
  const form = page.getByRole('dialog', { name: 'Ask for access' });
  await form.waitFor();
  return form;
};
