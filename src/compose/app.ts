/** The composition root: the only file that knows every adapter. */
import { createApiDoor } from './api.ts';
import type { ApiDoor } from './api.ts';
import { checkAdopted, reportTargets } from './report-targets.ts';
import { bundleMaker, startCheckpoints } from './evidence.ts';
import { hooksOf, startWeb } from './web.ts';
import type { Web } from './web.ts';
import type { AlertSource } from '../domain/alerts/types.ts';
import type { Environment } from '../config/environment.ts';
import { loadPolicy } from '../config/policy-file.ts';
import type { LoadedPolicy, PolicyInput } from '../config/policy-file.ts';
import { readPolicyAuthor } from '../config/policy-author.ts';
import type { PolicyAuthor } from '../config/policy-author.ts';
import { isLargePolicy, loadPolicyAside } from '../config/load-policy-aside.ts';
import { createPolicySource, readPolicyText } from '../config/policy-source.ts';
import type { PolicySource } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Variables } from '../config/variable.ts';
import { policyDifferences } from '../domain/policy/differences.ts';
import type { Policy } from '../domain/policy/types.ts';
import { createPool, createStore } from '../store/client.ts';
import { createReplays } from '../store/replays.ts';
import { createSlackMemory } from '../store/slack-facts.ts';
import { startJobs } from '../work/jobs.ts';
import type { Jobs } from '../work/jobs.ts';
import { newId } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { createSealing } from '../lib/sealing.ts';
import { programVersion } from '../lib/version.ts';
import { createAccess } from '../providers/connections.ts';
import type { OpenAccess } from '../providers/connections.ts';
import type { AccessDeps } from '../providers/open-connections.ts';
import { createOpsgenie } from '../directory/on-call/opsgenie.ts';
import { createPagerDuty } from '../directory/on-call/pagerduty.ts';
import { PROVIDERS, findProvider } from '../providers/registry.ts';
import { createAlertNotifier } from '../slack/messages/alert-notifier.ts';
import { createPreApprovalNotifier } from '../slack/messages/pre-approval-notifier.ts';
import { createAdminNotifier } from '../slack/messages/admin-notifier.ts';
import type { SlackAppSettings } from '../slack/app.ts';
import { createRevocationNotifier } from '../slack/messages/revocation-notifier.ts';
import { startSlack } from '../slack/connection/start.ts';
import type { RunningSlack } from '../slack/connection/start.ts';
import { createSlackConnection } from '../slack/connection/connection.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { createIncidentNotifier } from '../slack/messages/incidents/notifier.ts';
import { createChannels } from '../slack/messages/channels.ts';
import { createNotifier } from '../slack/messages/notifier.ts';
import { createHeardFacts } from '../slack/directory/heard.ts';
import { createDirectory } from '../slack/directory/people.ts';
import { createEmailBindings } from '../application/identity/email-bindings.ts';
import { createUnreadableGroups } from '../application/identity/unreadable-groups.ts';
import { createHandleBindings } from '../application/identity/user-group-bindings.ts';
import { TRIGGERS } from '../http/hooks/registry.ts';
import { createUseCases } from '../application/application.ts';
import { callerFromSlack } from '../application/identity/caller.ts';
import type { Deps, Store } from '../application/deps.ts';
import type { AdoptInput } from '../application/policy/adopt-policy.ts';
import type { Misfit } from '../application/policy/misfits.ts';
import type { Written } from '../application/record/outbox.ts';
import type { UseCases } from '../application/verbs.ts';
import { NOTHING_CHECKED, createHealth } from '../http/ops/health.ts';
import type { Checked, Health } from '../http/ops/health.ts';
import { createMetrics } from '../http/ops/metrics.ts';
import type { Metrics } from '../http/ops/metrics.ts';
import type { MetricSources } from '../http/metric-gauges.ts';

export type Part = 'web' | 'worker';
export type FirstPolicy = { policy: Policy; source: string; warnings: ConfigProblem[]; author: PolicyAuthor | null };
/** `env` fills the `${NAME}`s of the policy file. */
export type AppOptions = { environment: Environment; env: Variables; first: FirstPolicy; only: Part | null; log: Log };
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
/** Beside the store's: one that notes signed requests, and one for what is looked up. */
const REPLAY_CONNECTIONS = 2;

/** For commands that look at targets without the rest of the app. */
export const providerNamed = findProvider;

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

/** In the bundle, where all code lies in one folder, it is an entry of its own. */
const providersModule = new URL(
  import.meta.url.endsWith('.ts') ? '../providers/registry.ts' : './providers/registry.js',
  import.meta.url,
).href;

/** Beside the running app: a large file is checked where it holds nobody up. */
const reload = (text: string, path: string, env: Variables): LoadedPolicy | Promise<LoadedPolicy> =>
  isLargePolicy(text)
    ? loadPolicyAside({ text, path, env, providersModule })
    : loadPolicy(policyInput(text, path, env));

/** Things that know each other in a circle: the store pokes the jobs, which are made from the store. */
type Late = {
  jobs: Jobs | null;
  useCases: UseCases | null;
  health: Health | null;
  access: OpenAccess | null;
  api: ApiDoor | null;
};

/** `current` is asked when the differences are needed: by then the new policy is in force. */
const adoption = (
  { environment, env }: AppOptions,
  { source, warnings, author, misfits = [] }: Omit<FirstPolicy, 'policy'> & { misfits?: Misfit[] },
  current: () => Policy,
): AdoptInput => ({
  source,
  author,
  misfits,
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
      const { access, useCases } = late;
      if (!access || !useCases) return;
      const { misfits, tellRest } = await checkAdopted({ access, useCases, log });
      await useCases.adoptPolicy(adoption(options, { source, warnings, author, misfits }, holder.current));
      tellRest();
    },
    onRejected: async (problems) => {
      const lines = problems.map(formatProblem);
      log.error({ problems: lines }, 'the changed policy file is refused; the old policy stays in force');
      await late.useCases?.rejectPolicy({ problems: lines });
    },
    onRestored: async (source, warnings) => {
      log.info({ policy: holder.current().sha256 }, 'the policy file is again the policy in force');
      await late.useCases?.adoptPolicy(adoption(options, { source, warnings, author: null }, holder.current));
    },
    onError: (error) => log.error({ err: error }, 'the policy could not be reloaded'),
  });
  return holder;
};

type Pool = ReturnType<typeof createPool>;

type Core = {
  pool: Pool;
  store: ReturnType<typeof createStore>;
  replays: ReturnType<typeof createReplays>;
  policies: PolicySource;
  connection: SlackConnection;
  hearing: Pick<SlackAppSettings, 'facts' | 'streams'>;
  access: OpenAccess;
  metrics: Metrics;
  deps: Deps;
  useCases: UseCases;
};

const createOnCall = ({ pagerDuty, opsgenie }: Environment, log: Log) => ({
  pagerduty: pagerDuty && createPagerDuty({ ...pagerDuty, log }),
  opsgenie: opsgenie && createOpsgenie({ ...opsgenie, log }),
});

const createOwnMetrics = (
  { environment, log }: AppOptions,
  late: Late,
  sources: Omit<MetricSources, 'checks'>,
): Metrics => {
  const checks = async (): Promise<Checked> => (await late.health?.check()) ?? NOTHING_CHECKED;
  const namesTargets = environment.metricsPort !== null;
  return createMetrics({ ...sources, checks }, { version: programVersion(), namesTargets, log });
};

const notingIn =
  (late: Late): AccessDeps['onRemains'] =>
  async (target, remains) =>
    await late.useCases?.noteRemains({ target, remains });

const createBindings = (store: Store, policy: () => Policy) => ({
  book: createEmailBindings({ store, ids: { next: newId } }),
  handles: createHandleBindings({ store, ids: { next: newId } }),
  unreadable: createUnreadableGroups({ store, ids: { next: newId }, policy }),
});

/** After each commit that wrote work: for the jobs, and for who waits for a change. */
const onWorkOf =
  (late: Late) =>
  (written: Written): void => {
    late.jobs?.onWork(written);
    late.api?.poke();
  };

type Signed = Pick<Core, 'pool' | 'store' | 'connection' | 'deps'>;

const evidenceOf = ({ environment, log }: AppOptions, { pool, store, connection, deps }: Signed) => ({
  parts: { pool, store, client: connection.notifierClient, auditKey: environment.auditKey, log },
  audit: () => deps.policy().audit,
});

const createCore = (options: AppOptions, late: Late): Core => {
  const { environment, log } = options;
  const database = { url: environment.databaseUrl, ca: environment.databaseCa };
  const pool = createPool({ ...database, log });
  const memory = createSlackMemory(pool);
  const store = createStore({
    pool,
    log,
    onWork: onWorkOf(late),
    room: (kind) => late.jobs?.room(kind) ?? 0,
    onEvents: (entries) => metrics.onEvents(entries),
  });
  const replays = createReplays(createPool({ ...database, log, max: REPLAY_CONNECTIONS }), log);
  const policies = createPolicyHolder(options, late);
  const policy = policies.current;
  const connection = createSlackConnection({
    botToken: environment.slack.botToken,
    apiUrl: environment.slack.apiUrl,
    log,
    onCall: (call) => metrics.onSlackCall(call),
    pace: environment.keepsSlackLimits ? memory.pace : null,
  });
  const sources = { counts: store.read.counts, oldestOverdueMs: store.read.oldestOverdueMs };
  const metrics = createOwnMetrics(options, late, { ...sources, targetProblems: () => access.problems() });
  const access = createAccess({ findProvider, policy, log, onCall: metrics.onTargetCall, onRemains: notingIn(late) });
  const teamId = (): string => connection.team().teamId;
  const facts = createHeardFacts(memory.facts, { teamId, log });
  const identity = { ...createBindings(store, policy), onCall: createOnCall(environment, log), facts };
  const directory = createDirectory({ client: connection.client, teamId, policy, ...identity, log });
  const vault = createSealing(environment.secretKeys);
  const deps: Deps = { store, directory, access, vault, ids: { next: newId }, policy, log };
  const useCases = createUseCases(deps, bundleMaker(evidenceOf(options, { pool, store, connection, deps })));
  late.useCases = useCases;
  late.access = access;
  const hearing = { facts, streams: memory.streams };
  return { pool, store, replays, policies, connection, hearing, access, metrics, deps, useCases };
};

const createJobs = ({ environment, only, log }: AppOptions, core: Core): Jobs => {
  const { store, useCases, connection, deps, metrics } = core;
  const { policy, directory, access } = deps;
  const told = { client: connection.notifierClient, store, policy, directory, access, log };
  const notifier = createNotifier(told);
  const announcer = createAdminNotifier(told);
  const allowances = createPreApprovalNotifier(told);
  const incidents = createIncidentNotifier({ ...told, useCases });
  const revocations = createRevocationNotifier(told);
  const onAsked = (source: AlertSource): void => metrics.onAlert({ source, outcome: 'asked', count: 1 });
  const alerts = createAlertNotifier({ ...told, onAsked });
  const redis = { url: environment.redisUrl, ca: environment.redisCa, prefix: environment.redisPrefix };
  const tellers = { notifier, announcer, allowances, incidents, revocations, alerts };
  const channels = createChannels(told);
  const lookAtChannel = (name: string): Promise<unknown> => channels.idOf(`#${name}`);
  const review = { lookAtChannel, isChannelUsable: channels.isUsable };
  const jobs = { redis, store, useCases, ...tellers, review, onDropped: metrics.onJobDropped, log };
  return startJobs(jobs, { isWorker: only !== 'web' });
};

const healthOf = ({ store, access }: Core, jobs: Jobs, { slack, log }: { slack: RunningSlack; log: Log }): Health =>
  createHealth(
    {
      postgres: store.problem,
      redis: jobs.problem,
      slack: () => Promise.resolve(slack.problem()),
      oldestOverdueMs: store.read.oldestOverdueMs,
      targets: access.problems,
    },
    log,
  );

const wayIntoSlack = ({ slack }: Environment): SlackAppSettings['environment'] => ({
  apiUrl: slack.apiUrl,
  appToken: slack.mode === 'socket' ? slack.appToken : null,
  signingSecret: slack.mode === 'http' ? slack.signingSecret : null,
});

/** Everything runs when this resolves. A wrong token or a taken port rejects with a sentence, and leaves nothing open. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const late: Late = { jobs: null, useCases: null, health: null, access: null, api: null };
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
  const { policy } = deps;
  return {
    environment: wayIntoSlack(environment),
    connection,
    useCases,
    callerOf,
    policy,
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
  await useCases.adoptPolicy(adoption(options, first, deps.policy));
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
    hooks: hooksOf(TRIGGERS, { ...options, ...core }),
    log,
  });
  opened.push(web.stop);
  core.access.startChecks(TARGET_CHECK_MS);
  core.policies.watch(POLICY_POLL_MS);
  if (only !== 'web') opened.push(startCheckpoints(evidenceOf(options, core)).stop);
  return web;
};
