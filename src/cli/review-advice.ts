/** `latchkey review advice`: what history suggests, as a difference of the policy file, and what that would have changed. Changes nothing. */
import type { Command } from 'commander';
import { allAdvice } from '../application/reviews/all-advice.ts';
import type { AllAdvice } from '../application/reviews/all-advice.ts';
import { policyInput } from '../compose/policy-holder.ts';
import { demandSchema } from '../store/demand-schema.ts';
import { replayPolicy } from '../config/policy-commands.ts';
import { editPolicy } from '../config/policy-edit.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { readPolicyText } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import { readVariable } from '../config/variable.ts';
import { pastRequestOf } from '../domain/policy/past.ts';
import type { PastRequest } from '../domain/policy/replay.ts';
import type { Policy } from '../domain/policy/types.ts';
import { createLog } from '../lib/log.ts';
import { StartError } from '../lib/start-error.ts';
import { createPool, createStore } from '../store/client.ts';
import { pastAsks } from '../store/request-evaluations.ts';
import { reaching } from '../store/reaching.ts';
import { demandDatabase } from './database.ts';
import { print, printJson } from './output.ts';

const DAY_MS = 86_400_000;

type Pool = ReturnType<typeof createPool>;
type Source = { text: string; path: string };

const loadFrom = ({ text, path }: Source) =>
  loadPolicy({ ...policyInput(text, path, process.env), areVariablesOptional: true });

const readSource = async (): Promise<Source & { policy: Policy }> => {
  const named = readVariable(process.env, 'LATCHKEY_POLICY');
  if ('problem' in named) throw new StartError(named.problem);
  const path = named.value?.trim() || 'latchkey.yml';
  const read = await readPolicyText(path);
  if ('problems' in read) throw new StartError(read.problems.map(formatProblem).join('\n'));
  const loaded = loadFrom({ text: read.text, path });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  return { text: read.text, path, policy: loaded.policy };
};

async function* pastOf(pool: Pool, policy: Policy, days: number): AsyncGenerator<PastRequest> {
  for await (const past of pastAsks(pool, days * DAY_MS)) yield pastRequestOf(policy, past);
}

/** A policy that no longer holds together after the change says so: that is a result, too. */
const replayed = async (pool: Pool, source: Source, days: number): Promise<string> => {
  const loaded = loadFrom(source);
  if ('problems' in loaded)
    return `With this change the policy is refused: ${loaded.problems.map(formatProblem).join(' ')}`;
  return (await replayPolicy(loaded.policy, pastOf(pool, loaded.policy, days))).text;
};

const sentences = ({ advice, insufficient, days }: AllAdvice): string[] => [
  `The last ${days} days:`,
  ...(advice.length === 0 ? ['No advice.'] : advice.map(({ target, role, text }) => `${target}/${role}: ${text}`)),
  ...insufficient.map(({ role, data }) => `${role}: ${data}`),
];

const advise = async ({ json }: { json?: boolean }): Promise<void> => {
  const { policy, ...source } = await readSource();
  const database = demandDatabase();
  await demandSchema(database);
  const log = createLog('silent');
  const pool = createPool({ ...database, log, max: 2 });
  const store = createStore({ pool, log, onWork: () => undefined });
  try {
    await reaching(database, async () => {
      const found = await allAdvice({ store }, policy);
      const edits = found.advice.flatMap(({ path, to }) => (path === null ? [] : [{ path, value: to }]));
      const { text, diff } = editPolicy(source.text, edits, source.path);
      const result = diff === '' ? null : await replayed(pool, { text, path: source.path }, found.days);
      if (json) return printJson({ ...found, diff: diff || null, replay: result });
      const change = diff === '' ? [] : ['', diff.trimEnd(), '', result ?? '', '', 'Nothing was changed.'];
      print([...sentences(found), ...change].join('\n'));
    });
  } finally {
    await store.close();
  }
};

export const addAdviceCommand = (review: Command): void => {
  review
    .command('advice')
    .description('say what history suggests, as a difference of the policy file with the result of its replay')
    .option('--json', 'print the facts as JSON')
    .action(advise);
};
