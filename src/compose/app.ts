/** The order in which the parts of the app start, and the opposite one in which they stop. */
import { createApiDoor } from './api.ts';
import { reportTargets } from './report-targets.ts';
import { githubRoutes } from './github.ts';
import { gitlabRoutes } from './gitlab.ts';
import { hooksOf, startWeb } from './web.ts';
import type { Web } from './web.ts';
import type { Environment } from '../config/environment.ts';
import type { SlackAppSettings } from '../slack/app.ts';
import { startSlack } from '../slack/connection/start.ts';
import { TRIGGERS } from '../http/hooks/registry.ts';
import { callerFromSlack } from '../application/identity/caller.ts';
import { createCore } from './core.ts';
import type { Core } from './parts.ts';
import { installRoutes } from './install.ts';
import { createJobs, healthOf } from './jobs.ts';
import type { AppOptions, Late } from './options.ts';
import { startLists } from './lists/refresh-lists.ts';
import { keepLiveTargets } from './policy-changes.ts';
import { adoption } from './policy-holder.ts';
import { startRecord } from './record.ts';

/** `port` is where health is served, and Slack's requests in HTTP mode; `metricsPort` is null where metrics have no port of their own. */
export type App = {
  port: number;
  metricsPort: number | null;
  reloadPolicy(): Promise<void>;
  reportTargets(): Promise<void>;
  stop(): Promise<void>;
};

const POLICY_POLL_MS = 2_000;
const TARGET_CHECK_MS = 60_000;

const wayIntoSlack = ({ slack }: Environment): SlackAppSettings['environment'] => ({
  apiUrl: slack.apiUrl,
  appToken: slack.mode === 'socket' ? slack.appToken : null,
  signingSecret: slack.mode === 'http' ? slack.signingSecret : null,
});

/** Everything runs when this resolves. A wrong token or a taken port rejects with a sentence, and leaves nothing open. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const late: Late = { jobs: null, useCases: null, health: null, access: null, api: null, storedRows: null };
  const core = createCore(options, late);
  const opened: (() => Promise<void>)[] = [core.store.close, core.replays.close, core.access.close];
  const stop = async (): Promise<void> => {
    core.policies.stop();
    for (const close of opened.reverse()) await close();
  };
  try {
    const { port, metricsPort } = await startParts(options, { core, late, opened });
    const report = (): Promise<void> => reportTargets({ ...core, policy: core.deps.policy, log: options.log });
    return { port, metricsPort, reloadPolicy: core.policies.reload, reportTargets: report, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

type Starting = { core: Core; late: Late; opened: (() => Promise<void>)[] };

const slackSettingsOf = ({ environment, log }: AppOptions, core: Core): SlackAppSettings => {
  const { connection, useCases, deps, replays, store, hearing } = core;
  const callerOf = (userId: string) => callerFromSlack(deps, userId);
  const { policy, directory, access } = deps;
  return {
    environment: wayIntoSlack(environment),
    connection,
    useCases,
    callerOf,
    policy,
    directory,
    access,
    replays,
    ...hearing,
    store,
    log,
  };
};

/** Each part is stopped in the opposite order: no new clicks, then no new work, then the doors to targets and database. */
const startParts = async (options: AppOptions, { core, late, opened }: Starting): Promise<Web> => {
  const { environment, first, only, log } = options;
  const { useCases, deps } = core;
  await useCases.adoptPolicy(adoption(options, { ...first, previous: null }, deps.policy()));
  await keepLiveTargets({ options, ...core, policy: deps.policy });
  const jobs = createJobs(options, core);
  opened.push(jobs.stop);
  late.jobs = jobs;
  const slack = await startSlack({ ...slackSettingsOf(options, core), hasReceiver: only !== 'worker' });
  opened.push(slack.stop);
  const health = healthOf(core, jobs, { slack, log });
  late.health = health;
  const { metrics } = core;
  const api = only === 'worker' ? null : createApiDoor({ ...core, environment, log });
  if (api) opened.push(api.stop);
  late.api = api;
  const web = await startWeb({
    api,
    environment,
    health,
    metrics,
    slack: slack.handle,
    hooks: {
      ...hooksOf(TRIGGERS, { ...options, ...core }),
      ...githubRoutes({ github: core.github, deps, log }),
      ...gitlabRoutes({ environment, deps, nudge: core.nudge, log }),
      ...(only === 'worker' ? {} : installRoutes({ ...core, environment, log })),
    },
    log,
  });
  opened.push(web.stop);
  core.access.startChecks(TARGET_CHECK_MS);
  core.policies.watch(POLICY_POLL_MS);
  opened.push(startLists(options, core).stop);
  if (only !== 'web') opened.push(...startRecord(options, core));
  return web;
};
