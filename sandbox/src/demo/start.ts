/** Starts the parts of the demo in their order, and stops them in the other. */
import path from 'node:path';
import { endProcess } from '../embedded/process.ts';
import { waitUntil } from '../embedded/wait.ts';
import { migrate, startApp } from './app-process.ts';
import type { AppProcess } from './app-process.ts';
import { createBell } from './bell.ts';
import type { Bell } from './bell.ts';
import type { Claim } from './claim.ts';
import type { DemoFiles } from './files.ts';
import { cacheUrl } from './hosts/cache.ts';
import { endLeftHosts, startHosts, titleOf } from './hosts/hosts.ts';
import type { Hosts } from './hosts/hosts.ts';
import { mariadbUrl } from './hosts/mariadb.ts';
import { isStillThere } from './identity.ts';
import type { OpenWorkspace } from './open-workspace.ts';
import { ROOT } from './options.ts';
import type { DemoOptions } from './options.ts';
import { choosePort, placePolicy, say, sayBroken, sayDone, settle, startOver } from './place.ts';
import { fillProduction, migrationState, policiesLoaded, prepareServer, urlsOf } from './production.ts';
import type { Urls } from './production.ts';
import { startServices } from './services.ts';
import type { Services } from './services.ts';
import { writeSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { createStack } from './stack.ts';
import type { Stack } from './stack.ts';

export type Demo = {
  url: string;
  policyFile: string;
  logFile: string;
  /** Makes the hosts that no start has made yet. */
  addRest(): Promise<void>;
  stop(): Promise<void>;
  /** Waits for nothing; the next start puts in order what is left. */
  kill(): Promise<void>;
};

export type StartOptions = {
  options: DemoOptions;
  files: DemoFiles;
  claim: Claim;
  /** Aborted by a Ctrl-C before everything was up. */
  signal: AbortSignal;
};

type AppParts = { open: OpenWorkspace; urls: Urls; redisUrl: string; settings: Settings; isReal: boolean };

const hostsEnvironment = ({ loyalty, cache, web }: Settings): Record<string, string> => ({
  LOYALTY_DB_ADMIN_URL: mariadbUrl(loyalty),
  CACHE_URL: cacheUrl(cache),
  ...(web && { WEB_PORT: String(web.port), WEB_HOST_KEY: web.hostLine, WEB_CA_KEY: web.caKey }),
});

const environmentOf = (
  { open, urls, redisUrl, settings, isReal }: AppParts,
  files: DemoFiles,
): Record<string, string> => ({
  SLACK_API_URL: open.apiUrl,
  // The local Slack has no limits unless configured.
  LATCHKEY_SLACK_LIMITS: isReal ? 'keep' : 'ignore',
  SLACK_BOT_TOKEN: open.workspace.app.botToken,
  SLACK_APP_TOKEN: open.workspace.app.appToken,
  DATABASE_URL: urls.latchkey,
  REDIS_URL: redisUrl,
  LATCHKEY_SECRET_KEY: settings.secretKey,
  LATCHKEY_POLICY: files.policy,
  LATCHKEY_PUBLIC_URL: `http://localhost:${settings.appPort}`,
  PORT: String(settings.appPort),
  ALERT_HOOK_SECRET: settings.alertSecret,
  LATCHKEY_HOST: '127.0.0.1',
  ORDERS_DB_ADMIN_URL: urls.shopAdmin,
  BILLING_DB_ADMIN_URL: urls.billingAdmin,
  ...hostsEnvironment(settings),
});

/** The app that a killed demo left running still holds connections, and would work on with settings of then. */
const endLeftApp = async ({ leftApp }: Claim): Promise<void> => {
  if (isStillThere(leftApp)) await endProcess(leftApp.pid, 'SIGKILL');
};

const bringUpToDate = async ({ urls }: AppParts, env: Record<string, string>): Promise<void> => {
  const state = await migrationState(urls.watch);
  if (state === 'foreign')
    throw new Error('What is kept there was made by another version of Latchkey. Start over: npm run demo -- --fresh');
  if (state === 'behind') await migrate(env);
};

/** Production is filled while Latchkey's own database is made: they have nothing to do with each other. */
const prepare = async (server: string, parts: AppParts, env: Record<string, string>): Promise<void> => {
  await prepareServer(server, parts.settings);
  const both = await Promise.allSettled([fillProduction(server), bringUpToDate(parts, env)]);
  for (const one of both) if (one.status === 'rejected') throw one.reason;
};

const LOADED_WITHIN_MS = 60_000;

/** Made while one looks at the page already, so that nobody waits for them. */
const addRest = async ({ files, signal }: StartOptions, { hosts, around, settings, urls }: Rest): Promise<void> => {
  const there = await hosts.makeRest();
  const fresh = there.filter((target) => !settings.made.includes(target));
  if (fresh.length === 0 || signal.aborted) return around.ring();
  settings.made = [...settings.made, ...fresh];
  writeSettings(files.settings, settings);
  const earlier = await policiesLoaded(urls.watch);
  const isOurs = placePolicy(files, settings, there);
  const isLoaded = async (): Promise<boolean> => signal.aborted || (await policiesLoaded(urls.watch)) > earlier;
  if (isOurs) await waitUntil(isLoaded, { timeoutMs: LOADED_WITHIN_MS, what: 'Latchkey to take up its new rules' });
  const names = fresh.map((target) => `${titleOf(target)} (${target})`).join(', ');
  if (isOurs) say(`Also there now: ${names}.`);
  else say(`Also there now: ${names}. You have edited the rules, so they do not name them: see ${files.wholePolicy}.`);
  around.ring();
};

type Rest = { hosts: Hosts; around: Bell; settings: Settings; urls: Urls };
type Started = { services: Services; app: AppProcess; url: string; rest: Rest };

/** The slow parts overlap: code is loaded while the servers start, and the page is put up while the app starts. */
const startParts = async (given: StartOptions, stack: Stack): Promise<Started> => {
  const { options, files, claim, signal } = given;
  const port = await choosePort(options.port);
  const settings = await settle(files);
  const loading = import('./open-workspace.ts');
  const downloadDir = path.join(ROOT, '.data');
  const starting = startHosts({ files, settings, downloadDir, env: hostsEnvironment(settings), say });
  stack.push(async () => (await starting).stop());
  const services = await startServices({ dir: files.dir, downloadDir, say });
  stack.push(services.stop);
  sayDone('Postgres and Redis run');
  const hosts = await starting;
  signal.throwIfAborted();
  const { openWorkspace } = await loading;
  const open = await openWorkspace({ port, stateFile: files.slack, onBroken: sayBroken });
  stack.push(open.close);
  if (options.isReal) open.workspace.faults.beReal();
  const urls = urlsOf(services.postgresUrl, settings);
  const { redisUrl } = services;
  const parts: AppParts = { open, urls, redisUrl, settings, isReal: options.isReal };
  const env = environmentOf(parts, files);
  await prepare(services.postgresUrl, parts, env);
  sayDone('The databases are filled');
  signal.throwIfAborted();
  const appUrl = `http://localhost:${settings.appPort}`;
  const { openPage, openQuestLog, startCi } = await import('./open-page.ts');
  const around = createBell();
  const ci = await startCi({ workflowFile: files.workflow, keysFile: files.ciKeys, appUrl, onChange: around.ring });
  stack.push(ci.stop);
  const app = startApp({ env, port: settings.appPort, logFile: files.log, say, onStarted: claim.setApp, signal });
  stack.push(app.stop);
  const tour = { paceMs: options.paceMs, isOwn: options.isTour };
  const alerts = { appUrl, secret: settings.alertSecret };
  const personLine = settings.web?.personLine ?? '';
  const quests = openQuestLog({ file: files.quests, onBroken: sayBroken, missing: hosts.missing, personLine });
  stack.push(openPage({ open, urls, quests, ci, alerts, tour, around, hosts }));
  await app.isReady();
  return { services, app, url: open.url, rest: { hosts, around, settings, urls } };
};

/** Throws a sentence for people when a part does not start; nothing is left running then. */
export const startDemo = async (given: StartOptions): Promise<Demo> => {
  const { options, files, claim } = given;
  const stack = createStack(say);
  try {
    await endLeftApp(claim);
    await endLeftHosts(files, sayBroken);
    if (options.isFresh) await startOver(files);
    say('Starting Postgres, Redis, a Slack workspace and Latchkey …');
    const { services, app, url, rest } = await startParts(given, stack);
    claim.setUrl(url);
    return {
      url,
      policyFile: files.policy,
      logFile: files.log,
      addRest: () => addRest(given, rest),
      stop: stack.stopAll,
      kill: async () => {
        app.kill();
        await Promise.all([services.kill(), rest.hosts.kill()]);
      },
    };
  } catch (error) {
    await stack.stopAll();
    throw error;
  }
};
