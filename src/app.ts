/** The composition root: the only file that knows every adapter. */
import type { AlertSource } from './core/alerts/types.ts';
import type { Environment } from './config/environment.ts';
import { loadPolicy } from './config/policy-file.ts';
import type { LoadedPolicy, PolicyInput } from './config/policy-file.ts';
import { readPolicyAuthor } from './config/policy-author.ts';
import type { PolicyAuthor } from './config/policy-author.ts';
import { isLargePolicy, loadPolicyAside } from './config/load-policy-aside.ts';
import { createPolicySource, readPolicyText } from './config/policy-source.ts';
import type { PolicySource } from './config/policy-source.ts';
import { formatProblem } from './config/problem.ts';
import type { ConfigProblem } from './config/problem.ts';
import type { Variables } from './config/variable.ts';
import { policyDifferences } from './core/policy/differences.ts';
import type { Policy } from './core/policy/types.ts';
import { createPool, createStore } from './db/client.ts';
import { startJobs } from './jobs/jobs.ts';
import type { Jobs } from './jobs/jobs.ts';
import { newId } from './lib/ids.ts';
import type { Log } from './lib/log.ts';
import { createSealing } from './lib/sealing.ts';
import { createAccess } from './providers/access.ts';
import type { OpenAccess } from './providers/access.ts';
import { createOpsgenie } from './oncall/opsgenie.ts';
import { createPagerDuty } from './oncall/pagerduty.ts';
import { PROVIDERS, findProvider } from './providers/registry.ts';
import { createAlertTeller } from './slack/alert-teller.ts';
import { createAllowanceTeller } from './slack/allowance-teller.ts';
import { createAnnouncer } from './slack/announcer.ts';
import type { SlackAppSettings } from './slack/app.ts';
import { createRevocationTeller } from './slack/revocation-teller.ts';
import { startSlack } from './slack/start.ts';
import type { RunningSlack } from './slack/start.ts';
import { createSlackConnection } from './slack/connection.ts';
import type { SlackConnection } from './slack/connection.ts';
import { createIncidentNotifier } from './slack/incidents/notifier.ts';
import { createNotifier } from './slack/notifier.ts';
import { createDirectory } from './slack/people.ts';
import { createAddressBook } from './usecases/address-book.ts';
import { createAlertDoor } from './triggers/alert-door.ts';
import { TRIGGERS } from './triggers/registry.ts';
import { createUseCases } from './usecases/create-use-cases.ts';
import type { Deps } from './usecases/ports.ts';
import type { AdoptInput, UseCases } from './usecases/types.ts';
import { createReadyz, healthz } from './web/health.ts';
import { createMetrics } from './web/metrics.ts';
import type { Metrics } from './web/metrics.ts';
import { sendJson, startWebServer } from './web/server.ts';
import type { Routes } from './web/server.ts';

export type Part = 'web' | 'worker';
export type FirstPolicy = { policy: Policy; source: string; warnings: ConfigProblem[]; author: PolicyAuthor | null };
/** `env` fills the `${NAME}`s of the policy file. */
export type AppOptions = { environment: Environment; env: Variables; first: FirstPolicy; only: Part | null; log: Log };
/** `port` is where health is served, and Slack's requests in HTTP mode. */
export type App = { port: number; reloadPolicy(): Promise<void>; stop(): Promise<void> };

const POLICY_POLL_MS = 2_000;
const TARGET_CHECK_MS = 60_000;

/** What every load of a policy is given: `serve`, reloads and the commands alike. */
export const policyInput = (text: string, path: string, env: Variables): PolicyInput => ({
  text,
  path,
  env,
  providers: PROVIDERS,
});

export const readFirstPolicy = async (
  path: string,
  env: Variables,
): Promise<{ first: FirstPolicy } | { problems: ConfigProblem[] }> => {
  const read = await readPolicyText(path);
  if ('problems' in read) return read;
  // Begun first: git looks while the file is checked.
  const author = readPolicyAuthor(path, read.text, env);
  const loaded = loadPolicy(policyInput(read.text, path, env));
  return 'problems' in loaded ? loaded : { first: { ...loaded, source: read.text, author: await author } };
};

const providersModule = new URL(
  `./providers/registry.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
).href;

/** Beside the running app: a large file is checked where it holds nobody up. */
const reload = (text: string, path: string, env: Variables): LoadedPolicy | Promise<LoadedPolicy> =>
  isLargePolicy(text)
    ? loadPolicyAside({ text, path, env, providersModule })
    : loadPolicy(policyInput(text, path, env));

/** Things that know each other in a circle: the store pokes the jobs, which are made from the store. */
type Late = { jobs: Jobs | null; useCases: UseCases | null };

/** `current` is asked when the differences are needed: by then the new policy is in force. */
const adoption = (
  { environment, env }: AppOptions,
  { source, warnings, author }: Omit<FirstPolicy, 'policy'>,
  current: () => Policy,
): AdoptInput => ({
  source,
  author,
  warnings: warnings.map(formatProblem),
  differencesFrom: (before) => {
    const loaded = loadPolicy(policyInput(before, environment.policyPath, env));
    return 'problems' in loaded ? null : policyDifferences(loaded.policy, current());
  },
});

const createPolicyHolder = (options: AppOptions, late: Late): PolicySource => {
  const { environment, env, first, log } = options;
  const holder = createPolicySource(first.policy, {
    path: environment.policyPath,
    load: (text) => reload(text, environment.policyPath, env),
    onAdopted: async (source, warnings) => {
      log.info({ policy: holder.current().sha256 }, 'a new policy is in force');
      const author = await readPolicyAuthor(environment.policyPath, source, env);
      await late.useCases?.adoptPolicy(adoption(options, { source, warnings, author }, holder.current));
    },
    onRejected: async (problems) => {
      const lines = problems.map(formatProblem);
      log.error({ problems: lines }, 'the changed policy file is refused; the old policy stays in force');
      await late.useCases?.rejectPolicy({ problems: lines });
    },
    onError: (error) => log.error({ err: error }, 'the policy could not be reloaded'),
  });
  return holder;
};

type Core = {
  store: ReturnType<typeof createStore>;
  policies: PolicySource;
  connection: SlackConnection;
  access: OpenAccess;
  metrics: Metrics;
  deps: Deps;
  useCases: UseCases;
};

const createOnCall = ({ pagerDuty, opsgenie }: Environment, log: Log) => ({
  pagerduty: pagerDuty && createPagerDuty({ ...pagerDuty, log }),
  opsgenie: opsgenie && createOpsgenie({ ...opsgenie, log }),
});

const createCore = (options: AppOptions, late: Late): Core => {
  const { environment, log } = options;
  const store = createStore({
    pool: createPool({ url: environment.databaseUrl, log }),
    log,
    onWork: (written) => late.jobs?.onWork(written),
    room: (kind) => late.jobs?.room(kind) ?? 0,
  });
  const policies = createPolicyHolder(options, late);
  const policy = policies.current;
  const connection = createSlackConnection({
    botToken: environment.slack.botToken,
    apiUrl: environment.slack.apiUrl,
    log,
  });
  const metrics = createMetrics({
    counts: store.read.counts,
    oldestOverdueMs: store.read.oldestOverdueMs,
    targetProblems: () => access.problems(),
  });
  const access = createAccess({ findProvider, policy, log, onCall: metrics.onTargetCall });
  const onCall = createOnCall(environment, log);
  const teamId = (): string => connection.team().teamId;
  const book = createAddressBook({ store, ids: { next: newId } });
  const directory = createDirectory({ client: connection.client, teamId, policy, book, onCall, log });
  const deps: Deps = {
    store,
    directory,
    access,
    vault: createSealing(environment.secretKeys),
    ids: { next: newId },
    policy,
    log,
  };
  const useCases = createUseCases(deps);
  late.useCases = useCases;
  return { store, policies, connection, access, metrics, deps, useCases };
};

const createJobs = ({ environment, only, log }: AppOptions, core: Core): Jobs => {
  const { store, useCases, connection, deps, metrics } = core;
  const { policy, directory, access } = deps;
  const told = { client: connection.notifierClient, store, policy, directory, access, log };
  const notifier = createNotifier(told);
  const announcer = createAnnouncer(told);
  const allowances = createAllowanceTeller(told);
  const incidents = createIncidentNotifier({ ...told, useCases });
  const revocations = createRevocationTeller(told);
  const onAsked = (source: AlertSource): void => metrics.onAlert({ source, outcome: 'asked', count: 1 });
  const alerts = createAlertTeller({ ...told, onAsked });
  const { redisUrl, redisPrefix: prefix } = environment;
  const tellers = { notifier, announcer, allowances, incidents, revocations, alerts };
  const jobs = { redisUrl, prefix, store, useCases, ...tellers, log };
  return startJobs(jobs, { isWorker: only !== 'web' });
};

/** A source without a secret has no door: nothing could be believed that comes through it. */
const hooksOf = ({ environment, only, log }: AppOptions, { useCases, metrics }: Core): Routes => {
  const routes: Routes = {};
  for (const trigger of only === 'worker' ? [] : TRIGGERS) {
    const { path, title, variable } = trigger;
    const secrets = environment.alertSecrets[trigger.id];
    if (secrets.length === 0) {
      log.info(
        { source: trigger.id },
        `${title} is not listened to: /hooks/${path} answers 404 until ${variable} is set`,
      );
      continue;
    }
    const door = createAlertDoor({
      trigger,
      secrets,
      receive: useCases.receiveAlerts,
      onAlert: metrics.onAlert,
      log: log.child({ part: 'hooks' }),
    });
    routes[`POST /hooks/${path}`] = async (request, response) => {
      const { status, body } = await door(request);
      sendJson(response, status, body);
    };
  }
  return routes;
};

const routesOf = (core: Core, jobs: Jobs, slack: RunningSlack): Routes => ({
  'GET /healthz': healthz,
  'GET /readyz': createReadyz({
    postgres: core.store.problem,
    redis: jobs.problem,
    slack: () => Promise.resolve(slack.problem()),
    oldestOverdueMs: core.store.read.oldestOverdueMs,
    targets: core.access.problems,
  }),
  'GET /metrics': core.metrics.handle,
  ...(slack.handle && { 'POST /slack/events': slack.handle }),
});

const wayIntoSlack = ({ slack }: Environment): SlackAppSettings['environment'] => ({
  apiUrl: slack.apiUrl,
  appToken: slack.mode === 'socket' ? slack.appToken : null,
  signingSecret: slack.mode === 'http' ? slack.signingSecret : null,
});

/** Everything runs when this resolves. A wrong token or a taken port rejects with a sentence, and leaves nothing open. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const late: Late = { jobs: null, useCases: null };
  const core = createCore(options, late);
  const opened: (() => Promise<void>)[] = [core.store.close, core.access.close];
  const stop = async (): Promise<void> => {
    core.policies.stop();
    for (const close of opened.reverse()) await close();
  };
  try {
    const port = await startParts(options, { core, late, opened });
    return { port, reloadPolicy: core.policies.reload, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

type Starting = { core: Core; late: Late; opened: (() => Promise<void>)[] };

/** Each part is stopped in the opposite order: no new clicks, then no new work, then the doors to targets and database. */
const startParts = async (options: AppOptions, { core, late, opened }: Starting): Promise<number> => {
  const { environment, first, only, log } = options;
  const { store, useCases, connection, deps } = core;
  await useCases.adoptPolicy(adoption(options, first, deps.policy));
  const jobs = createJobs(options, core);
  opened.push(jobs.stop);
  late.jobs = jobs;
  const slackSettings = {
    environment: wayIntoSlack(environment),
    connection,
    useCases,
    policy: deps.policy,
    store,
    log,
  };
  const slack = await startSlack({ ...slackSettings, hasReceiver: only !== 'worker' });
  opened.push(slack.stop);
  const routes = { ...routesOf(core, jobs, slack), ...hooksOf(options, core) };
  const web = await startWebServer({ port: environment.port, routes, log });
  opened.push(web.stop);
  core.access.startChecks(TARGET_CHECK_MS);
  core.policies.watch(POLICY_POLL_MS);
  return web.port;
};
