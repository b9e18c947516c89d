/** Latchkey as its own process, started as a user would start it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { profileArguments, programPath } from '../child.ts';
import { demandGoingOn, onEnd } from './cleanup.ts';
import type { Servers, Target } from './servers.ts';

export const SIGNING_SECRET = 'the-secret-of-the-benchmark';
export const ALERTMANAGER_TOKEN = 'the-alertmanager-token-of-the-benchmark';
export const PAGERDUTY_SECRET = 'the-pagerduty-secret-of-the-benchmark';
export const SECRET_KEY = Buffer.alloc(32, 7).toString('base64');

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 40_000;

/** A policy begins so; its roles follow, indented by six. */
export const policyHead = ({ managerUrl }: Pick<Target, 'managerUrl'>): string => `version: 1
groups:
  dba: { people: [olga@acme.test] }
targets:
  orders-db:
    title: Orders database
    provider: postgres
    config: { url: "${managerUrl}" }
    owners: [dba]
    channel: C0ACCESS
    roles:`;

const policyText = (target: Target): string => `${policyHead(target)}
      read: { title: Read only, scope: { member_of: [${target.group}], connection_limit: 5 }, max: 4h, default: 30m }
rules:
  - name: An owner agrees
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 1000, live_grants: 1000 }
admins: [dba]
`;

export type AppPlan = {
  servers: Servers;
  target: Target;
  storeUrl: string;
  slackApiUrl: string;
  /** What an area adds to the policy that all have. */
  morePolicy?: string;
  /** In place of that policy. */
  policy?: string;
  /** Where it must be known before the start, such as for the audience of a token. */
  port?: number;
  /** On top of the settings that all have. */
  settings?: Record<string, string>;
};

export type Program = { command: string; args: string[] };

/** As it is published: what `npm run build` made. The compiled copy serves where that was not built. */
export const latchkeyProgram = (): Program => {
  const built = path.resolve('dist', 'bundle', 'latchkey.js');
  const isUsed = process.env['LATCHKEY_BENCH_APP'] !== 'compiled' && existsSync(built);
  return {
    command: process.execPath,
    args: [...profileArguments(), isUsed ? built : programPath('latchkey'), 'serve'],
  };
};

export type RunningApp = {
  pid: number;
  url: string;
  /** From the start of the process to the first "ready". */
  readyAfterMs: number;
  stop(): Promise<void>;
};

let started = 0;

const environmentFor = (plan: AppPlan, port: number): Record<string, string> => {
  const { servers, target, storeUrl, slackApiUrl, policy = policyText(target), morePolicy = '', settings } = plan;
  const policyPath = path.join(servers.runDir, `policy-${target.database}.yml`);
  writeFileSync(policyPath, `${policy}${morePolicy}`);
  return {
    SLACK_BOT_TOKEN: 'xoxb-bench',
    SLACK_SIGNING_SECRET: SIGNING_SECRET,
    SLACK_API_URL: slackApiUrl,
    DATABASE_URL: storeUrl,
    REDIS_URL: servers.redisUrl,
    LATCHKEY_REDIS_PREFIX: `bench-${target.database}`,
    LATCHKEY_SECRET_KEY: SECRET_KEY,
    ALERTMANAGER_TOKEN,
    PAGERDUTY_WEBHOOK_SECRET: PAGERDUTY_SECRET,
    LATCHKEY_POLICY: policyPath,
    LATCHKEY_SLACK_LIMITS: 'ignore',
    LATCHKEY_LOG_LEVEL: process.env['LATCHKEY_LOG_LEVEL'] ?? 'warn',
    PORT: String(port),
    ...settings,
  };
};

const withoutOwnSettings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(SLACK_|LATCHKEY_|PAGERDUTY_|OPSGENIE_|ALERT|DATABASE_URL|REDIS_URL|PORT$|NODE_OPTIONS)/.test(name),
    ),
  );

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => {
        child.once('exit', () => resolve());
      });

/** In its own group, so that `npm` and what it starts are ended together. */
const endGroup = async (child: ChildProcess): Promise<void> => {
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const force = setTimeout(() => signal('SIGKILL'), STOP_LIMIT_MS);
  signal('SIGTERM');
  await ended(child);
  clearTimeout(force);
  signal('SIGKILL');
};

const untilReady = async (child: ChildProcess, url: string, logFile: string): Promise<void> => {
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
      throw new Error(`Latchkey did not become ready: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    await delay(2);
  }
};

export const startApp = async (plan: AppPlan, program: Program = latchkeyProgram()): Promise<RunningApp> => {
  const port = plan.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  started += 1;
  const logFile = path.join(plan.servers.runDir, `latchkey-${started}.log`);
  const log = openSync(logFile, 'w');
  const env = { ...withoutOwnSettings(), ...environmentFor(plan, port) };
  const startedAt = performance.now();
  demandGoingOn();
  const child = spawn(program.command, program.args, { env, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const stop = onEnd('Latchkey', () => endGroup(child));
  await untilReady(child, url, logFile);
  return { pid: child.pid ?? 0, url, readyAfterMs: performance.now() - startedAt, stop };
};
