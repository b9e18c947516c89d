/** `latchkey client …`: what an operator wants to know of machines. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { explainClient, explanationText } from '../compose/explain-client.ts';
import { policyInput } from '../compose/policy-input.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { readPolicyText } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import { readVariable } from '../config/variable.ts';
import type { Policy } from '../domain/policy/types.ts';
import { StartError } from '../lib/start-error.ts';
import { UsageError } from './exit.ts';
import { print, printJson } from './output.ts';
import type { Exit } from './output.ts';

type Flags = { tokenFile: string; policy?: string; json?: boolean };

const STDIN = '-';

const tokenIn = (file: string): string => {
  try {
    return readFileSync(file === STDIN ? 0 : file, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new UsageError(`The token file ${file} cannot be read (${code}).`);
  }
};

const valueOf = (name: string): string | null => {
  const found = readVariable(process.env, name);
  if ('problem' in found) throw new StartError(found.problem);
  return found.value?.trim() ?? null;
};

const policyAt = async (path: string): Promise<Policy> => {
  const read = await readPolicyText(path);
  const loaded =
    'problems' in read
      ? read
      : loadPolicy({ ...policyInput(read.text, path, process.env), areVariablesOptional: true, runsTests: false });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  return loaded.policy;
};

const explain = async ({ tokenFile, policy, json }: Flags): Promise<Exit> => {
  const token = tokenIn(tokenFile);
  const loaded = await policyAt(policy ?? valueOf('LATCHKEY_POLICY') ?? 'latchkey.yml');
  const found = await explainClient({ policy: loaded, token, publicUrl: valueOf('LATCHKEY_PUBLIC_URL') });
  if (json) printJson(found);
  else print(explanationText(found));
  return found.client === null ? 1 : 0;
};

export const addClientCommands = (program: Command, setExit: (code: Exit) => void): void => {
  const client = program.command('client').description('machines that request access');
  client
    .command('explain')
    .description('say which client a token is, and which claims keep it from being the others')
    .requiredOption('--token-file <file>', 'a file with the token; - reads it from standard input')
    .option('--policy <file>', 'the policy file (LATCHKEY_POLICY, else latchkey.yml)')
    .option('--json', 'print the facts as JSON')
    .action(async (flags: Flags) => setExit(await explain(flags)));
};
