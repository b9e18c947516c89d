/** `latchkey review advice`: what history suggests, as a difference of the policy file, and what that would have changed. Changes nothing. */
import type { Command } from 'commander';
import { adviceText } from '../application/reviews/made-advice.ts';
import { makeAdvice } from '../compose/advice.ts';
import { completePolicy } from '../compose/lists/complete-policy.ts';
import { storedRowsIn } from '../compose/lists/stored-rows.ts';
import { policyInput } from '../compose/policy-input.ts';
import { demandSchema } from '../store/demand-schema.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { readPolicyText } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import { readVariable } from '../config/variable.ts';
import type { Policy } from '../domain/policy/types.ts';
import { createLog } from '../lib/log.ts';
import { StartError } from '../lib/start-error.ts';
import type { DatabaseAddress } from '../store/address.ts';
import { createPool, createStore } from '../store/client.ts';
import { reaching } from '../store/reaching.ts';
import { demandDatabase } from './database.ts';
import { print, printJson } from './output.ts';

type Source = { text: string; path: string };

const loadFrom = ({ text, path }: Source) =>
  loadPolicy({ ...policyInput(text, path, process.env), areVariablesOptional: true });

/** As the app has it, with the targets that its lists gave last. */
const readSource = async (database: DatabaseAddress): Promise<Source & { policy: Policy }> => {
  const named = readVariable(process.env, 'LATCHKEY_POLICY');
  if ('problem' in named) throw new StartError(named.problem);
  const path = named.value?.trim() || 'latchkey.yml';
  const read = await readPolicyText(path);
  if ('problems' in read) throw new StartError(read.problems.map(formatProblem).join('\n'));
  const completed = await completePolicy({ text: read.text, path, env: process.env }, storedRowsIn(database));
  if ('problems' in completed) throw new StartError(completed.problems.map(formatProblem).join('\n'));
  const { text } = completed;
  const loaded = loadFrom({ text, path });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  return { text, path, policy: loaded.policy };
};

const advise = async ({ json }: { json?: boolean }): Promise<void> => {
  const database = demandDatabase();
  await demandSchema(database);
  const { policy, ...source } = await readSource(database);
  const log = createLog('silent');
  const pool = createPool({ ...database, log, max: 2 });
  const store = createStore({ pool, log, onWork: () => undefined });
  try {
    await reaching(database, async () => {
      const made = await makeAdvice({ pool, store, policy, source: { ...source, env: process.env } });
      if (json) return printJson(made);
      print(adviceText(made));
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
