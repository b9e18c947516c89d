/** Starts the parts of the demo in their order, and stops them in the other. */
import path from 'node:path';
import { endProcess } from '../embedded/process.ts';
import { servePage } from '../page-server/serve-page.ts';
import { createWorkspace } from '../slack/workspace.ts';
import type { Workspace } from '../slack/workspace.ts';
import { migrate, startApp } from './app-process.ts';
import type { AppProcess } from './app-process.ts';
import type { Claim } from './claim.ts';
import { createWorld } from './demo-world.ts';
import type { DemoWorld } from './demo-world.ts';
import type { DemoFiles } from './files.ts';
import { isStillThere } from './identity.ts';
import { ROOT } from './options.ts';
import type { DemoOptions } from './options.ts';
import { choosePort, readManifest, say, sayBroken, settle, startOver } from './place.ts';
import { migrationState, prepareDatabases, urlsOf } from './production.ts';
import type { Urls } from './production.ts';
import { openQuestLog } from './quest-log.ts';
import { startServices } from './services.ts';
import type { Services } from './services.ts';
import type { Settings } from './settings.ts';
import { keepSlackState } from './slack-state.ts';
import { createStack } from './stack.ts';
import type { Stack } from './stack.ts';
import { CHANNELS, PEOPLE, USERGROUPS } from './team.ts';

export type Demo = {
  url: string;
  policyFile: string;
  logFile: string;
  stop(): Promise<void>;
  /** Waits for nothing; the next start puts in order what is left. */
  kill(): Promise<void>;
};

type Listening = { url: string; apiUrl: string; workspace: Workspace; close(): Promise<void> };

const openPage = async (workspace: Workspace, world: DemoWorld, port: number): Promise<Listening> => {
  const page = servePage({
    workspace,
    world,
    title: 'Latchkey demo',
    warning: 'A pretend workspace on this machine. Not for production.',
  });
  const { apiUrl } = await workspace.listen({ port, ...page });
  const close = async (): Promise<void> => {
    page.close();
    await workspace.close();
  };
  return { url: `http://localhost:${port}/`, apiUrl, workspace, close };
};

type AppParts = { workspace: Workspace; apiUrl: string; urls: Urls; redisUrl: string };

const environmentOf = (parts: AppParts, files: DemoFiles, settings: Settings): Record<string, string> => ({
  SLACK_API_URL: parts.apiUrl,
  SLACK_BOT_TOKEN: parts.workspace.app.botToken,
  SLACK_APP_TOKEN: parts.workspace.app.appToken,
  DATABASE_URL: parts.urls.latchkey,
  REDIS_URL: parts.redisUrl,
  LATCHKEY_SECRET_KEY: settings.secretKey,
  LATCHKEY_POLICY: files.policy,
  LATCHKEY_PUBLIC_URL: `http://localhost:${settings.appPort}`,
  PORT: String(settings.appPort),
  ORDERS_DB_ADMIN_URL: parts.urls.shopAdmin,
  BILLING_DB_ADMIN_URL: parts.urls.billingAdmin,
});

/** The workspace with what was said in it, its page, and the panel beside it. */
const openWorkspace = async (parts: {
  files: DemoFiles;
  urls: Urls;
  port: number;
  stack: Stack;
}): Promise<Listening> => {
  const { files, urls, port, stack } = parts;
  const workspace = createWorkspace({
    manifest: readManifest(),
    users: PEOPLE,
    channels: CHANNELS,
    usergroups: USERGROUPS,
  });
  const keeper = keepSlackState(workspace, files.slack, sayBroken);
  stack.push(async () => keeper.stop());
  const world = createWorld({
    urls,
    quests: openQuestLog(files.quests, sayBroken),
    nameOf: (userId) => workspace.state.people.get(userId)?.realName ?? userId,
  });
  stack.push(world.close);
  const listening = await openPage(workspace, world, port);
  stack.push(listening.close);
  return listening;
};

/** The app that a killed demo left running still holds connections, and would work on with settings of then. */
const endLeftApp = async ({ leftApp }: Claim): Promise<void> => {
  if (isStillThere(leftApp)) await endProcess(leftApp.pid, 'SIGKILL');
};

const prepare = async (
  server: string,
  parts: { urls: Urls; settings: Settings; env: Record<string, string> },
): Promise<void> => {
  await prepareDatabases(server, parts.settings);
  const state = await migrationState(parts.urls.watch);
  if (state === 'foreign')
    throw new Error('What is kept there was made by another version of Latchkey. Start over: npm run demo -- --fresh');
  if (state === 'behind') migrate(parts.env);
};

type Started = { services: Services; app: AppProcess; url: string };

const startParts = async (given: {
  options: DemoOptions;
  files: DemoFiles;
  claim: Claim;
  stack: Stack;
}): Promise<Started> => {
  const { options, files, claim, stack } = given;
  const port = await choosePort(options.port);
  const settings = await settle(files);
  const services = await startServices({ dir: files.dir, downloadDir: path.join(ROOT, '.data'), say });
  stack.push(services.stop);
  const urls = urlsOf(services.postgresUrl, settings);
  const workspace = await openWorkspace({ files, urls, port, stack });
  const env = environmentOf({ ...workspace, urls, redisUrl: services.redisUrl }, files, settings);
  await prepare(services.postgresUrl, { urls, settings, env });
  const app = await startApp({ env, port: settings.appPort, logFile: files.log, say, onStarted: claim.setApp });
  stack.push(app.stop);
  return { services, app, url: workspace.url };
};

/** Throws a sentence for people when a part does not start; nothing is left running then. */
export const startDemo = async (options: DemoOptions, files: DemoFiles, claim: Claim): Promise<Demo> => {
  const stack = createStack(say);
  try {
    await endLeftApp(claim);
    if (options.isFresh) await startOver(files);
    const { services, app, url } = await startParts({ options, files, claim, stack });
    claim.setUrl(url);
    return {
      url,
      policyFile: files.policy,
      logFile: files.log,
      stop: stack.stopAll,
      kill: async () => {
        app.kill();
        await services.kill();
      },
    };
  } catch (error) {
    await stack.stopAll();
    throw error;
  }
};
