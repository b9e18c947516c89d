/** Every kind of message in a channel of its own subject, as the page draws it. */
import type { Locator, Page } from 'playwright-core';
import { createWorkspace } from '../../../sandbox/src/slack/workspace.ts';
import { servePage } from '../../../sandbox/src/page-server/serve-page.ts';
import { messageOf } from '../../../src/slack/messages/render/content.ts';
import { EVERY } from '../../slack/every-message.ts';
import { startBrowser, windowsOf } from './browser.ts';
import type { Windows } from './browser.ts';
import { createSmallWorld } from './small-world.ts';
import { fromApp } from './words.ts';

const PEOPLE = [
  { id: 'U0ADA', name: 'ada', realName: 'Ada Novak' },
  { id: 'U0DANA', name: 'dana', realName: 'Dana Brandt' },
  { id: 'U0OLGA', name: 'olga', realName: 'Olga Berg' },
  { id: 'U0KIM', name: 'kim', realName: 'Kim Tanaka' },
  { id: 'U0OMAR', name: 'omar', realName: 'Omar Haddad' },
  { id: 'U0SAM', name: 'sam', realName: 'Sam Okafor' },
];

/** `request-approval`: a channel for each kind. */
const channelOf = (kind: string): string => kind.replaceAll(/[ _]/g, '-');

export type Kinds = Windows & {
  kinds: readonly string[];
  /** A window on all messages of a kind, and the messages in it. */
  look: (kind: string, options: Parameters<Windows['open']>[1]) => Promise<{ page: Page; messages: Locator }>;
  stop: () => Promise<void>;
};

export const startKinds = async (): Promise<Kinds> => {
  const kinds = [...new Set(EVERY.map(([kind]) => kind))];
  const members = ['bot', ...PEOPLE.map(({ name }) => name)];
  const workspace = createWorkspace({
    users: PEOPLE.map((person) => ({ ...person, email: `${person.name}@acme.test` })),
    channels: kinds.map((kind, at) => ({ id: `C0KIND${at}`, name: channelOf(kind), members })),
    usergroups: [],
    botName: 'latchkey',
  });
  const served = servePage({
    workspace,
    world: createSmallWorld(),
    title: 'Latchkey',
    warning: 'Every kind of message.',
  });
  const { url } = await workspace.listen(served);
  for (const [kind, { content }] of EVERY)
    fromApp(workspace, { channel: channelOf(kind), ...JSON.parse(JSON.stringify(messageOf(content))) });
  const browser = await startBrowser();
  const windows = windowsOf(browser, () => url);
  return {
    ...windows,
    kinds,
    look: async (kind, options) => {
      const shown = await windows.open('dana', { ...options, query: `&at=${channelOf(kind)}` });
      const messages = shown.getByRole('main').getByRole('article');
      await messages.first().waitFor();
      return { page: shown, messages };
    },
    stop: async () => {
      await windows.closeAll();
      await browser.close();
      served.close();
      await workspace.close();
    },
  };
};
