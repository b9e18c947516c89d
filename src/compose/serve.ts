/** Starts the app as configured, or says everything that is in the way; stops it on a signal. */
import { NO_AUDIT_KEY } from './doctor/audit-log.ts';
import { createApp } from './app.ts';
import { storedRowsIn } from './lists/stored-rows.ts';
import { readFirstPolicy } from './policy-holder.ts';
import type { App } from './app.ts';
import type { FirstPolicy, Part } from './options.ts';
import { readPartly } from '../config/environment.ts';
import type { Environment } from '../config/environment.ts';
import { formatProblem } from '../config/problem.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { clearTextWarning } from '../store/address.ts';
import { demandSchema } from '../store/demand-schema.ts';
import { StartError } from '../lib/start-error.ts';
import { createLog } from '../lib/log.ts';
import type { Log } from '../lib/log.ts';
import { pluralize } from '../lib/pluralize.ts';

const STOP_LIMIT_MS = 30_000;

const listed = (problems: ConfigProblem[]): string =>
  [
    `Latchkey cannot start: ${pluralize(problems.length, 'problem')} in its configuration.`,
    ...problems.map((problem) => `- ${formatProblem(problem)}`),
  ].join('\n');

type Settings = { environment: Environment; first: FirstPolicy };

const MISSING_AUDIT_KEY: ConfigProblem = {
  code: 'missing_variable',
  path: 'LATCHKEY_AUDIT_KEY',
  line: null,
  message: NO_AUDIT_KEY,
};

const readSettings = async (): Promise<Settings> => {
  const { environment, problems } = readPartly(process.env);
  const database = problems.length === 0 ? { url: environment.databaseUrl, ca: environment.databaseCa } : null;
  const policy = await readFirstPolicy(environment.policyPath, process.env, storedRowsIn(database));
  if ('first' in policy && policy.first.policy.audit && environment.auditKey === null) problems.push(MISSING_AUDIT_KEY);
  if (problems.length === 0 && 'first' in policy) return { environment, first: policy.first };
  throw new StartError(listed([...problems, ...('problems' in policy ? policy.problems : [])]));
};

/** A second signal ends the process at once; what it held is found again by the next one. */
const stopOnSignal = (app: App, log: Log): void => {
  let isStopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info({ signal }, 'stopping: finishing what is in hand');
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    await app.stop();
    log.info({}, 'stopped');
    process.exit(0);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    stop(signal).catch((error: unknown) => {
      log.error({ err: error }, 'the stop failed');
      process.exit(1);
    });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  process.on('SIGHUP', () => void app.reloadPolicy());
};

export const serve = async ({ only }: { only: Part | null }): Promise<void> => {
  const { environment, first } = await readSettings();
  const database = { url: environment.databaseUrl, ca: environment.databaseCa };
  await demandSchema(database);
  const log = createLog(environment.logLevel);
  const warning = clearTextWarning(database);
  if (warning !== null) log.warn({}, warning);
  const app = await createApp({ environment, env: process.env, first, only, log });
  stopOnSignal(app, log);
  log.info(
    {
      port: app.port,
      ...(app.metricsPort !== null && { metricsPort: app.metricsPort }),
      part: only ?? 'web and worker',
      mode: environment.slack.mode,
      policy: first.policy.sha256.slice(0, 12),
    },
    'Latchkey is ready',
  );
  await app.reportTargets().catch((error: unknown) => log.warn({ err: error }, 'the targets could not be looked at'));
};
