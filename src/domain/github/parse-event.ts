/** A webhook's payload as an event, or why it is none. Ids are numbers at GitHub and text here. */
import { z } from 'zod';
import type { GithubEvent } from './events.ts';

const id = z.int().positive().transform(String);
/** Safe in an address: GitHub's own names have nothing else. */
const fullName = z
  .string()
  .max(200)
  .regex(/^[\w.-]+\/[\w.-]+$/);
const sha = z.string().regex(/^[0-9a-f]{7,64}$/i);
const account = z.object({ id, login: z.string().max(100) });

const common = z.object({
  action: z.string().max(60),
  repository: z.object({ id, full_name: fullName }),
  installation: z.object({ id }),
});

const gate = common.extend({
  environment: z.string().min(1).max(255),
  deployment_callback_url: z.string().max(1000),
  deployment: z.object({ sha }),
});

const job = common.extend({
  workflow_job: z.object({
    id,
    run_id: id,
    run_attempt: z.int().positive().default(1),
    check_run_url: z.string().max(1000).nullish(),
  }),
});

const run = common.extend({
  workflow_run: z.object({ id, run_attempt: z.int().positive().default(1), conclusion: z.string().nullish() }),
});

/** Of a deployment that no workflow made there is no run. */
const deployment = common.extend({
  deployment: z.object({ environment: z.string().min(1).max(255) }),
  workflow_run: z.object({ id }).nullish(),
});

const pull = common.extend({
  number: z.int().positive(),
  label: z.object({ name: z.string().max(200) }).nullish(),
  sender: account,
  pull_request: z
    .object({ updated_at: z.iso.datetime({ offset: true }) })
    .nullish()
    .catch(null),
});

export type Parsed = { event: GithubEvent } | { ignored: string } | { problem: string };

const repositoryOf = ({ repository, installation }: z.infer<typeof common>): GithubEvent['repository'] => ({
  id: repository.id,
  fullName: repository.full_name,
  installation: installation.id,
});

/** The path holds the run's id, which nothing else in the payload does. Only that number is taken from it. */
const runIn = (url: string): string | null =>
  /\/actions\/runs\/(\d{1,20})\/deployment_protection_rule$/.exec(url)?.[1] ?? null;

const readGate = (payload: z.infer<typeof gate>): Parsed => {
  const found = runIn(payload.deployment_callback_url);
  if (found === null) return { problem: 'deployment_callback_url names no run' };
  const { environment, deployment } = payload;
  return {
    event: { kind: 'gate_requested', repository: repositoryOf(payload), run: found, environment, sha: deployment.sha },
  };
};

const readJob = (payload: z.infer<typeof job>): Parsed => {
  const { id: jobId, run_id: runId, run_attempt: attempt, check_run_url: url } = payload.workflow_job;
  const checkRun = /\/check-runs\/(\d{1,20})$/.exec(url ?? '')?.[1] ?? jobId;
  return { event: { kind: 'job_completed', repository: repositoryOf(payload), run: runId, attempt, job: checkRun } };
};

const readRun = (payload: z.infer<typeof run>): Parsed => {
  const { id: runId, run_attempt: attempt, conclusion } = payload.workflow_run;
  const isCancelled = conclusion === 'cancelled';
  return { event: { kind: 'run_completed', repository: repositoryOf(payload), run: runId, attempt, isCancelled } };
};

const readDeployment = (payload: z.infer<typeof deployment>): Parsed => {
  const { workflow_run: of, deployment: made } = payload;
  if (!of) return { ignored: 'deployment_status without a run' };
  const { environment } = made;
  return { event: { kind: 'deployment_changed', repository: repositoryOf(payload), run: of.id, environment } };
};

const readPull = (payload: z.infer<typeof pull>): Parsed => {
  const { number, action, label, sender, pull_request: changed } = payload;
  const event = {
    kind: 'pull_request',
    repository: repositoryOf(payload),
    number,
    action,
    label: label?.name ?? null,
    sender,
    ...(changed && { at: changed.updated_at }),
  } as const;
  return { event };
};

const PULL_ACTIONS = new Set([
  'labeled',
  'unlabeled',
  'synchronize',
  'closed',
  'opened',
  'reopened',
  'ready_for_review',
  'converted_to_draft',
  'edited',
]);

const wrong = ({ issues: [issue] }: z.ZodError): Parsed => ({
  problem: `"${(issue?.path ?? []).join('.').slice(0, 100)}" ${issue?.message ?? 'has a wrong shape'}`,
});

const readAs = <T>(schema: z.ZodType<T>, payload: unknown, read: (payload: T) => Parsed): Parsed => {
  const parsed = schema.safeParse(payload);
  return parsed.success ? read(parsed.data) : wrong(parsed.error);
};

const actionIn = (payload: unknown): string => {
  const parsed = z.object({ action: z.string() }).safeParse(payload);
  return parsed.data?.action ?? '';
};

/** `name` is what the header says. */
export const parseEvent = (name: string, payload: unknown): Parsed => {
  const action = actionIn(payload);
  if (name === 'deployment_protection_rule' && action === 'requested') return readAs(gate, payload, readGate);
  if (name === 'workflow_job' && action === 'completed') return readAs(job, payload, readJob);
  if (name === 'workflow_run' && action === 'completed') return readAs(run, payload, readRun);
  if (name === 'deployment_status' && action === 'created') return readAs(deployment, payload, readDeployment);
  if (name === 'pull_request' && PULL_ACTIONS.has(action)) return readAs(pull, payload, readPull);
  return { ignored: [name, action].filter(Boolean).join('.').slice(0, 100) };
};
