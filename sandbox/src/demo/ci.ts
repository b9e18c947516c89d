/** A pretend CI: runs the steps of a workflow file as child processes, with tokens that Latchkey checks as it checks GitHub's. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { endProcess } from '../embedded/process.ts';
import { githubClaims } from '../issuer/claims.ts';
import { startIssuer } from '../issuer/issuer.ts';
import type { StandInIssuer } from '../issuer/issuer.ts';
import { writeFileWhole } from './files.ts';
import { ROOT } from './options.ts';
import type { Pipeline } from './world.ts';

export type Ci = { pipeline(): Pipeline; run(): void; stop(): Promise<void> };

type CiOptions = { workflowFile: string; keysFile: string; appUrl: string; onChange(): void };

/** What its tokens have as `iss`: the policy knows it by this address and has its keys as a file. */
const ISSUER = 'https://ci.acme.test';
const LINES_MAX = 200;
const STOP_WITHIN_MS = 8_000;
const PASSED_ON = ['HOME', 'LANG', 'LC_ALL', 'TMPDIR'];
const MASK = '::add-mask::';

type Workflow = { name?: string; jobs?: Record<string, { steps?: { name?: string; run?: string }[] }> };
type Step = { name: string; run: string };

/** Throws a sentence for people: the file is theirs to edit. */
const readWorkflow = (file: string): { name: string; steps: Step[] } => {
  const { name = 'Workflow', jobs = {} } = (parse(readFileSync(file, 'utf8')) ?? {}) as Workflow;
  const [job] = Object.values(jobs);
  const steps = (job?.steps ?? []).map((step, index) => ({
    name: step.name ?? `Step ${index + 1}`,
    run: step.run ?? '',
  }));
  if (steps.length === 0 || steps.some(({ run }) => run === ''))
    throw new Error(`${file}: every step of its first job needs a "run".`);
  return { name, steps };
};

const fresh = (file: string): Pipeline => {
  try {
    const { name, steps } = readWorkflow(file);
    return { name, file, state: 'idle', log: [], steps: steps.map((step) => ({ name: step.name, state: 'waiting' })) };
  } catch (error) {
    return {
      name: 'Workflow',
      file,
      state: 'failed',
      log: [error instanceof Error ? error.message : String(error)],
      steps: [],
    };
  }
};

/** Ids of GitHub are numbers; the link to the run is made of them. */
const anId = (): string => String(randomInt(10 ** 10, 10 ** 11));

const environmentOf = (issuer: StandInIssuer, appUrl: string): Record<string, string> => {
  const job = anId();
  const claims = (): Record<string, unknown> =>
    githubClaims({ iss: ISSUER, jti: randomUUID(), check_run_id: job, run_id: job, actor: 'ana-gh', actor_id: '1003' });
  const { url, secret } = issuer.tokenAddress(claims);
  const known = PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  return {
    ...(Object.fromEntries(known) as Record<string, string>),
    PATH: [path.join(ROOT, 'bin'), path.dirname(process.execPath), process.env.PATH ?? ''].join(path.delimiter),
    GITHUB_ACTIONS: 'true',
    GITHUB_SHA: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
    ACTIONS_ID_TOKEN_REQUEST_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
    LATCHKEY_URL: appUrl,
  };
};

/** As GitHub does: what a job masks is a row of stars from then on, and the line that says it is not shown. */
const openLog = (pipeline: Pipeline, onChange: () => void): ((text: string) => void) => {
  const masked: string[] = [];
  let rest = '';
  const add = (line: string): void => {
    if (line.startsWith(MASK)) return void masked.push(line.slice(MASK.length));
    const shown = masked
      .filter((secret) => secret !== '')
      .reduce((text, secret) => text.replaceAll(secret, '***'), line);
    pipeline.log = [...pipeline.log, shown].slice(-LINES_MAX);
  };
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(add);
    onChange();
  };
};

type Job = { child: ChildProcess | null; isStopped: boolean };

const runStep = (
  job: Job,
  step: Step,
  given: { env: Record<string, string>; say(text: string): void },
): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn('sh', ['-e', '-c', step.run], {
      cwd: ROOT,
      env: given.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    job.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => given.say(chunk.toString('utf8')));
    child.once('error', (error) => given.say(`${error.message}\n`));
    child.once('close', (code) => {
      job.child = null;
      if (code !== 0) given.say(`Exit code ${code ?? 'none'}.\n`);
      resolve(code === 0);
    });
  });

type Work = { own: Pipeline; job: Job; env: Record<string, string>; onChange(): void };

/** One step after the other; what comes after one that failed is not run. */
const runSteps = async (steps: Step[], { own, job, env, onChange }: Work): Promise<void> => {
  const say = openLog(own, onChange);
  for (const [index, step] of steps.entries()) {
    const shown = own.steps[index];
    if (shown === undefined || own.state === 'failed') continue;
    shown.state = 'running';
    say(`▸ ${step.name}\n`);
    const isDone = !job.isStopped && (await runStep(job, step, { env, say }));
    shown.state = isDone ? 'done' : 'failed';
    if (!isDone) own.state = 'failed';
  }
  if (own.state === 'running') own.state = 'done';
  onChange();
};

export const startCi = async ({ workflowFile, keysFile, appUrl, onChange }: CiOptions): Promise<Ci> => {
  const issuer = await startIssuer();
  writeFileWhole(keysFile, JSON.stringify({ keys: [issuer.key().jwk] }));
  let pipeline = fresh(workflowFile);
  const job: Job = { child: null, isStopped: false };
  return {
    pipeline: () => pipeline,
    run: () => {
      if (pipeline.state === 'running') throw new Error('It runs already.');
      pipeline = fresh(workflowFile);
      if (pipeline.state === 'failed') return onChange();
      pipeline.state = 'running';
      const own = pipeline;
      const env = environmentOf(issuer, appUrl);
      runSteps(readWorkflow(workflowFile).steps, { own, job, env, onChange }).catch((error: unknown) => {
        Object.assign(own, { state: 'failed', log: [...own.log, String(error)] });
        onChange();
      });
    },
    stop: async () => {
      job.isStopped = true;
      const { child } = job;
      if (child?.pid !== undefined)
        await endProcess(child.pid, 'SIGTERM', STOP_WITHIN_MS).catch(() => child.kill('SIGKILL'));
      await issuer.stop();
    },
  };
};
