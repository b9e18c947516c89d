/** The real app in the demo's whole world, and the steps of its story as people take them in the page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { freePort } from '../../../sandbox/src/embedded/port.ts';
import { removePostgres } from '../../../sandbox/src/embedded/postgres.ts';
import { runDemo } from '../../sandbox/demo/demo-process.ts';
import { startBrowser, windowsOf } from './browser.ts';
import type { Windows } from './browser.ts';

export type Demo = Windows & { stop: () => Promise<void> };

export const startDemo = async (paceS = 0): Promise<Demo> => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'latchkey-page-'));
  const demo = runDemo(dataDir, '--pace', String(paceS), '--port', String(await freePort()));
  const browser = await startBrowser();
  const url = (await demo.url()).replace(/\/$/, '');
  const windows = windowsOf(browser, () => url);
  return {
    ...windows,
    stop: async () => {
      await windows.closeAll();
      await browser.close();
      demo.signal('SIGINT');
      await demo.exit();
      await removePostgres(dataDir);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

export const words = (page: Page, text: string | RegExp): Locator => page.getByRole('main').getByText(text);
const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Message / });
export const panel = (page: Page): Locator => page.getByRole('complementary', { name: 'Production' });

export const typeLine = async (page: Page, text: string): Promise<void> => {
  await composer(page).fill(text);
  await composer(page).press('Enter');
};

export const openForm = async (page: Page): Promise<Locator> => {
  await typeLine(page, '/prod-access');
  const form = page.getByRole('dialog', { name: 'Request access' });
  await form.getByRole('combobox', { name: 'Target' }).waitFor();
  return form;
};

const choose = async (form: Locator, field: string, option: RegExp): Promise<void> => {
  await form.getByRole('combobox', { name: field }).click();
  await form.getByRole('option', { name: option }).first().click();
};

export type Ask = { role: RegExp; why: string };

export const fillForm = async (form: Locator, { role, why }: Ask): Promise<void> => {
  await choose(form, 'Target', /Orders/);
  await choose(form, 'Role', role);
  await form.getByRole('textbox', { name: 'Reason' }).fill(why);
  await form.getByText(/will decide/).waitFor();
};

/** Sends the form and closes what it turns into. */
export const sendForm = async (page: Page, form: Locator): Promise<void> => {
  await form.getByRole('button', { name: 'Request access', exact: true }).click();
  const sent = page.getByRole('dialog', { name: 'Sent' });
  await sent.waitFor();
  await page.keyboard.press('Escape');
  await sent.waitFor({ state: 'detached' });
};

/** The message of the app that holds these words. */
export const messageWith = (page: Page, text: string): Locator =>
  page.getByRole('main').getByRole('article').filter({ hasText: text }).last();

export const openApp = async (page: Page): Promise<void> => {
  await page
    .getByRole('navigation')
    .getByRole('button', { name: /^latchkey/ })
    .click();
  await page.getByRole('tab', { name: 'Messages' }).click();
};

export const showCredentials = async (page: Page): Promise<Locator> => {
  await page.getByRole('button', { name: 'Show credentials' }).last().click();
  const shown = page.getByRole('dialog', { name: 'Credentials' });
  await shown.getByText('Password', { exact: true }).waitFor();
  return shown;
};

export const logIn = async (page: Page): Promise<void> => {
  await panel(page).getByRole('button', { name: 'Use the credentials I was shown' }).click();
  await panel(page).getByRole('button', { name: 'Connect' }).click();
};

export const makeChannel = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name: 'New channel' }).click();
  const form = page.getByRole('dialog', { name: 'New channel' });
  await form.getByRole('textbox', { name: 'Name' }).fill(name);
  await form.getByRole('button', { name: 'Create' }).click();
  await form.waitFor({ state: 'detached' });
};

/** The one message that Latchkey posts in an incident's channel. */
export const promptIn = (page: Page, channel: string): Locator => messageWith(page, `Incident #${channel}`);
