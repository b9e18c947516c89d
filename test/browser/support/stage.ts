/** A workspace with its page, a plain app and a small world, and windows to look at them. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { WorkspaceConfig } from '../../../sandbox/src/slack/config.ts';
import { createWorkspace } from '../../../sandbox/src/slack/workspace.ts';
import type { Workspace } from '../../../sandbox/src/slack/workspace.ts';
import { servePage } from '../../../sandbox/src/page-server/serve-page.ts';
import { startSocketApp } from '../../sandbox/slack/bolt-app.ts';
import { cast } from '../../support/slack.ts';
import { startBrowser, windowsOf } from './browser.ts';
import type { Windows } from './browser.ts';
import { setUpPlainApp } from './plain-app.ts';
import type { Seen } from './plain-app.ts';
import { createSmallWorld } from './small-world.ts';
import type { SmallWorld } from './small-world.ts';

const titles: Record<string, string> = {
  ada: 'Engineer',
  olga: 'Owner of orders',
  rita: 'SRE',
  oscar: 'On call',
  sam: 'Security',
  ines: 'Auditor',
};

const stageConfig: WorkspaceConfig = {
  ...cast,
  users: cast.users.map((user) => ({ ...user, title: titles[user.name] ?? '' })),
  botName: 'Doorman',
  // Slack's three seconds are tested elsewhere; here a busy machine must not look like a slow app.
  timing: { ackMs: 20_000, triggerTtlMs: 20_000 },
  manifest: {
    features: {
      app_home: { home_tab_enabled: true },
      slash_commands: [
        { command: '/access', description: 'Ask for access to production', usage_hint: '[help | post | credentials]' },
      ],
    },
    oauth_config: {
      scopes: {
        bot: [
          'commands',
          'chat:write',
          'im:write',
          'im:history',
          'channels:read',
          'channels:join',
          'users:read',
          'files:write',
        ],
      },
    },
    settings: {
      interactivity: { is_enabled: true },
      event_subscriptions: { bot_events: ['app_home_opened', 'channel_created'] },
    },
  },
};

export type Stage = Windows & {
  workspace: Workspace;
  url: string;
  world: SmallWorld;
  seen: Seen;
  stop: () => Promise<void>;
};

const startStage = async (): Promise<Stage> => {
  const workspace = createWorkspace(stageConfig);
  const world = createSmallWorld();
  const page = servePage({
    workspace,
    world,
    title: 'Latchkey demo',
    warning: 'Local workspace on this machine only. Not for production.',
  });
  const { url, apiUrl } = await workspace.listen(page);
  const { botToken, appToken, signingSecret } = workspace.app;
  let seen: Seen = { submitted: [], clicks: [], previews: [] };
  const bolt = await startSocketApp({ ...workspace, url, apiUrl, botToken, appToken, signingSecret }, (app) => {
    seen = setUpPlainApp(app);
  });
  const browser = await startBrowser();
  const windows = windowsOf(browser, () => url);
  return {
    ...windows,
    workspace,
    url,
    world,
    seen,
    stop: async () => {
      await windows.closeAll();
      await browser.close();
      page.close();
      await bolt.stop();
      await workspace.close();
    },
  };
};

/** One for the tests of a file, there once they run; after each its windows are closed, and what went wrong in one fails the test. */
export const useStage = (): Stage => {
  const stage = {} as Stage;
  beforeAll(async () => {
    Object.assign(stage, await startStage());
  });
  afterEach(async () => {
    for (const who of ['ada', 'olga'])
      while (stage.workspace.as(who).modal() !== undefined) await stage.workspace.as(who).close();
    await stage.closeAll();
    const problems = stage.problems.splice(0);
    if (problems.length > 0) throw new Error(`The page failed:\n${problems.join('\n')}`);
  });
  afterAll(() => stage.stop());
  return stage;
};
