/** The work of the app, and what health asks of it. */
import { adviceWriter } from './advice.ts';
import { createMessenger } from './messages.ts';
import { placeLooks } from './place-looks.ts';
import { githubWorker } from './github.ts';
import { gitlabWorker } from './gitlab.ts';
import { startJobs } from '../work/jobs.ts';
import type { Jobs } from '../work/jobs.ts';
import type { Log } from '../lib/log.ts';
import type { RunningSlack } from '../slack/connection/start.ts';
import { createHealth } from '../http/ops/health.ts';
import type { Health } from '../http/ops/health.ts';
import type { Core } from './parts.ts';
import type { AppOptions } from './options.ts';

export const createJobs = (options: AppOptions, core: Core): Jobs => {
  const { environment, only, log } = options;
  const { store, useCases, connection, deps, metrics } = core;
  const { policy, directory, access } = deps;
  const { notifierClient: client, patientClient } = connection;
  const parts = { client, patientClient, store, policy, directory, access, log };
  const messages = createMessenger({ ...parts, ids: deps.ids, metrics, makeAdvice: adviceWriter(options, core) });
  const redis = { url: environment.redisUrl, ca: environment.redisCa, prefix: environment.redisPrefix };
  const github = githubWorker({ github: core.github, deps, connection, log });
  const gitlab = gitlabWorker({ gitlab: core.gitlab, deps, nudge: core.nudge, log });
  const jobs = {
    ...{ redis, store, useCases, messages, github, gitlab },
    looks: placeLooks({ ...parts, connection }),
    onDropped: metrics.onJobDropped,
    log,
  };
  return startJobs(jobs, { isWorker: only !== 'web' });
};

export const healthOf = (
  { store, access }: Core,
  jobs: Jobs,
  { slack, log }: { slack: RunningSlack; log: Log },
): Health =>
  createHealth(
    {
      postgres: store.problem,
      redis: jobs.problem,
      slack: () => Promise.resolve(slack.problem()),
      oldestOverdueMs: store.read.oldestOverdueMs,
      oldestClosedMs: store.read.oldestClosedMs,
      targets: access.problems,
      messages: store.read.counts,
    },
    log,
  );
