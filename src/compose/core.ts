/** What every part of the app shares: the store, the directory, the targets, the verbs. */
import { openGithub } from './github.ts';
import { createNudge, openGitlab } from './gitlab.ts';
import { createPool, createStore } from '../store/client.ts';
import { createReplays } from '../store/replays.ts';
import { createSlackMemory } from '../store/slack-facts.ts';
import { newId } from '../lib/ids.ts';
import { createSealing } from '../lib/sealing.ts';
import { createWaits } from '../lib/waits.ts';
import { programVersion } from '../lib/version.ts';
import { createAccess } from '../providers/connections.ts';
import type { AccessDeps } from '../providers/open-connections.ts';
import { findProvider } from '../providers/registry.ts';
import { createSlackConnection } from '../slack/connection/connection.ts';
import { createHeardFacts } from '../slack/directory/heard.ts';
import { createWorkspace } from '../slack/directory/workspace.ts';
import { createDirectory } from '../directory/people.ts';
import { createUseCases } from '../application/application.ts';
import type { Deps } from '../application/deps.ts';
import type { Written } from '../application/record/outbox.ts';
import type { Environment } from '../config/environment.ts';
import { NOTHING_CHECKED } from '../http/ops/health.ts';
import type { Checked } from '../http/ops/health.ts';
import { createMetrics } from '../http/ops/metrics.ts';
import type { Metrics } from '../http/ops/metrics.ts';
import type { MetricSources } from '../http/metric-gauges.ts';
import type { AppOptions, Late } from './options.ts';
import { createBindings, createOnCall } from './identity.ts';
import { storedRowsOf } from './lists/stored-rows.ts';
import { openOrganisation } from './organisation.ts';
import { createPolicyHolder } from './policy-holder.ts';
import type { Core } from './parts.ts';
import { writersOf } from './writers.ts';

/** Beside the store's: one that notes signed requests, and one for what is looked up. */
const REPLAY_CONNECTIONS = 2;

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

/** After each commit that wrote work: for the jobs, and for who waits for a change. */
const onWorkOf =
  (late: Late) =>
  (written: Written): void => {
    late.jobs?.onWork(written);
    late.api?.poke();
  };

const slackOf = ({ slack }: Environment, parts: Parameters<typeof openOrganisation>[1]) => {
  const { botToken, apiUrl } = slack;
  return { botToken, apiUrl, organisation: openOrganisation(slack, parts) };
};

export const createCore = (options: AppOptions, late: Late): Core => {
  const { environment, log } = options;
  const database = { url: environment.databaseUrl, ca: environment.databaseCa, log };
  const pool = createPool(database);
  const memory = createSlackMemory(pool);
  const store = createStore({
    pool,
    log,
    onWork: onWorkOf(late),
    room: (kind) => late.jobs?.room(kind) ?? 0,
    onEvents: (entries) => metrics.onEvents(entries),
  });
  const replays = createReplays(createPool({ ...database, max: REPLAY_CONNECTIONS }), log);
  const policies = createPolicyHolder(options, late);
  const policy = policies.current;
  const waits = createWaits();
  const vault = createSealing(environment.secretKeys);
  const connection = createSlackConnection({
    ...{ waits, log, onCall: (call) => metrics.onSlackCall(call) },
    ...slackOf(environment, { store, vault, log }),
    pace: environment.keepsSlackLimits ? memory.pace : null,
  });
  const metrics = createOwnMetrics(options, late, { ...store.read, targetProblems: () => access.problems() });
  const access = createAccess({ findProvider, policy, log, onCall: metrics.onTargetCall, onRemains: notingIn(late) });
  const teamId = (): string => connection.team().teamId;
  const facts = createHeardFacts(memory.facts, { teamId, log });
  const identity = { ...createBindings(store, policy), onCall: createOnCall(environment, { waits, log }), facts };
  const enterpriseId = connection.organisation?.enterpriseId ?? null;
  const workspace = createWorkspace(connection.client, connection.limits, enterpriseId);
  const directory = createDirectory({ workspace, teamId, policy, ...identity, log });
  const ids = { next: newId };
  const deps: Deps = { store, directory, access, vault, ids, policy, log };
  const hosts = { github: openGithub(environment), gitlab: openGitlab(environment), nudge: createNudge() };
  const useCases = createUseCases(deps, writersOf(options, { pool, store, connection, deps, ...hosts }));
  Object.assign(late, { useCases, access, storedRows: storedRowsOf(store) } satisfies Partial<Late>);
  const hearing = { facts, streams: memory.streams };
  return { pool, store, replays, policies, connection, hearing, access, metrics, deps, useCases, ...hosts };
};
