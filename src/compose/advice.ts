/** What history suggests for a policy file: the difference, and its replay over the requests of the same days. */
import { basename } from 'node:path';
import { allAdvice } from '../application/reviews/all-advice.ts';
import type { MadeAdvice, MakeAdvice } from '../application/reviews/made-advice.ts';
import type { Deps, Store } from '../application/deps.ts';
import { replayPolicy } from '../config/policy-commands.ts';
import { editPolicy } from '../config/policy-edit.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { formatProblem } from '../config/problem.ts';
import type { Variables } from '../config/variable.ts';
import { pastRequestOf } from '../domain/policy/past.ts';
import type { PastRequest } from '../domain/policy/replay.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { createPool } from '../store/client.ts';
import { pastEvaluations } from '../store/request-evaluations.ts';
import { StartError } from '../lib/start-error.ts';
import { auditTree } from '../store/audit/checkpoints.ts';
import type { AppOptions } from './options.ts';
import { policyInput } from './policy-input.ts';

const DAY_MS = 86_400_000;

type Pool = ReturnType<typeof createPool>;
type Source = { text: string; path: string; env: Variables };
type Parts = { pool: Pool; store: { read: Pick<Store['read'], 'roleHistory'> }; policy: Policy; source: Source };

async function* pastOf(pool: Pool, policy: Policy, days: number): AsyncGenerator<PastRequest> {
  for await (const past of pastEvaluations(pool, days * DAY_MS)) yield pastRequestOf(policy, past);
}

/** A policy that no longer holds together after the change says so: that is a result, too. */
const replayed = async (pool: Pool, { text, path, env }: Source, days: number): Promise<string> => {
  const loaded = loadPolicy({ ...policyInput(text, path, env), areVariablesOptional: true });
  if ('problems' in loaded)
    return `With this change the policy is refused: ${loaded.problems.map(formatProblem).join(' ')}`;
  return (await replayPolicy(loaded.policy, pastOf(pool, loaded.policy, days))).text;
};

export const makeAdvice = async ({ pool, store, policy, source }: Parts): Promise<MadeAdvice> => {
  const found = await allAdvice({ store }, policy);
  const edits = found.advice.flatMap(({ path, to }) => (path === null ? [] : [{ path, value: to }]));
  const { text, diff } = editPolicy(source.text, edits, basename(source.path));
  if (diff === '') return { ...found, diff: null, replay: null };
  return { ...found, diff, replay: await replayed(pool, { ...source, text }, found.days) };
};

type Running = { pool: Pool; deps: Pick<Deps, 'store' | 'policy'> };

/** Of the policy in force, as its file had it. */
export const adviceWriter =
  ({ environment, env }: Pick<AppOptions, 'environment' | 'env'>, { pool, deps }: Running): MakeAdvice =>
  async () => {
    const policy = deps.policy();
    const text = await auditTree(pool).policySource(policy.sha256);
    if (text === null) throw new StartError('The policy in force is not stored yet; try again in a moment.');
    return makeAdvice({ pool, store: deps.store, policy, source: { text, path: environment.policyPath, env } });
  };
