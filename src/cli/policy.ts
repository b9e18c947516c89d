/** `latchkey policy …`: a thin shell around `config/policy-commands.ts`. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { checkPolicy, explainInput, explainPolicy, replayPolicy, testPolicy } from '../config/policy-commands.ts';
import type { CommandResult, ExplainOptions } from '../config/policy-commands.ts';
import { loadPolicy } from '../config/policy-file.ts';
import type { PolicyInput } from '../config/policy-file.ts';
import { readPolicyText } from '../config/policy-source.ts';
import { formatProblem } from '../config/problem.ts';
import { readVariable } from '../config/variable.ts';
import { readTypedDuration } from '../domain/time/typed-duration.ts';
import { pastRequestOf } from '../domain/policy/past.ts';
import type { PastRequest } from '../domain/policy/replay.ts';
import type { Policy } from '../domain/policy/types.ts';
import { createPool } from '../store/client.ts';
import { pastEvaluations } from '../store/request-evaluations.ts';
import { createLog } from '../lib/log.ts';
import { lookAtLists } from '../compose/lists/complete-policy.ts';
import { policyInput } from '../compose/policy-input.ts';
import { demandSchema } from '../store/demand-schema.ts';
import { reaching } from '../store/reaching.ts';
import { demandDatabase } from './database.ts';
import { UsageError } from './exit.ts';
import { StartError } from '../lib/start-error.ts';
import { print, printJson } from './output.ts';
import type { Exit } from './output.ts';

type Common = { policy?: string; json?: boolean };
type SetExit = (code: Exit) => void;

/** Named once: beside the command, by its option, or by the environment as for `serve`. */
const pathOf = ({ policy }: Common, file: string | undefined): string => {
  if (policy !== undefined && file !== undefined && policy !== file)
    throw new UsageError(`Name one policy file: ${file}, or ${policy} with --policy.`);
  const given = policy ?? file;
  if (given !== undefined) return given;
  const found = readVariable(process.env, 'LATCHKEY_POLICY');
  if ('problem' in found) throw new StartError(found.problem);
  return found.value?.trim() ?? 'latchkey.yml';
};

const inputOf = async (flags: Common, file?: string): Promise<PolicyInput> => {
  const path = pathOf(flags, file);
  const read = await readPolicyText(path);
  if ('problems' in read) throw new StartError(read.problems.map(formatProblem).join('\n'));
  const { text, unread } = await lookAtLists({ text: read.text, path, env: process.env });
  return { ...policyInput(text, path, process.env), unread };
};

const show = <Facts extends object>({ isOk, facts, text }: CommandResult<Facts>, options: Common): Exit => {
  if (options.json) printJson(facts);
  else print(text);
  return isOk ? 0 : 1;
};

type ExplainFlags = Common & Omit<ExplainOptions, 'role' | 'now'> & { incident?: boolean };

const explain = async (role: string, flags: ExplainFlags): Promise<Exit> => {
  const loaded = loadPolicy({ ...(await inputOf(flags)), areVariablesOptional: true });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  const input = explainInput(loaded.policy, {
    ...flags,
    role,
    isIncidentOpen: flags.incident ?? false,
    now: new Date(),
  });
  if ('problem' in input) throw new UsageError(input.problem);
  return show(explainPolicy(input), flags);
};

type ReplayFlags = Common & { since: number };

const replay = async (file: string | undefined, flags: ReplayFlags): Promise<Exit> => {
  const loaded = loadPolicy({ ...(await inputOf(flags, file)), areVariablesOptional: true });
  if ('problems' in loaded) throw new StartError(loaded.problems.map(formatProblem).join('\n'));
  const database = demandDatabase();
  await demandSchema(database);
  const pool = createPool({ ...database, log: createLog('silent'), max: 1 });
  try {
    const past = replayable(pool, loaded.policy, flags.since);
    return show(await reaching(database, () => replayPolicy(loaded.policy, past)), flags);
  } finally {
    await pool.end();
  }
};

async function* replayable(
  pool: ReturnType<typeof createPool>,
  policy: Policy,
  sinceMs: number,
): AsyncGenerator<PastRequest> {
  for await (const past of pastEvaluations(pool, sinceMs)) yield pastRequestOf(policy, past);
}

const readSince = (text: string): number => {
  const ms = readTypedDuration(text);
  if (ms === null) throw new InvalidArgumentError('Write a duration such as 90d, 12w or 36h.');
  return ms;
};

const withCommon = (command: Command): Command =>
  command
    .option('--policy <file>', 'the policy file (LATCHKEY_POLICY, else latchkey.yml)')
    .option('--json', 'print the facts as JSON');

export const addPolicyCommands = (program: Command, setExit: SetExit): void => {
  const policy = program.command('policy').description('check, test, explain and replay the rules');
  withCommon(policy.command('check [file]').description('find what is wrong or suspicious in the policy file')).action(
    async (file: string | undefined, flags: Common) => setExit(show(checkPolicy(await inputOf(flags, file)), flags)),
  );
  withCommon(policy.command('test [file]').description('run the tests in the policy file')).action(
    async (file: string | undefined, flags: Common) => setExit(show(testPolicy(await inputOf(flags, file)), flags)),
  );
  withCommon(
    policy
      .command('explain <role>')
      .description('say which rule would decide a request for target/role, and who the approvers are'),
  )
    .option('--by <person>', 'the requester: email or Slack id')
    .option('--client <name>', 'the client that requests, in place of --by')
    .option('--claim <name=value...>', "claims of the client's token, such as ref=refs/heads/main")
    .option('--for <duration>', 'for how long, as 30m (the default of the role unless given)')
    .option('--reason <text>', 'the reason of the request')
    .option('--ticket <id>', 'the ticket of the request')
    .option('--in-groups <names...>', 'groups of the requester that only Slack or an on-call service knows')
    .option('--incident', 'as in an open incident')
    .option('--channel <name>', 'as in the open incident of this channel')
    .option('--severity <severity>', 'as in an open incident of this severity, such as sev1')
    .option('--alert <name>', 'as requested for this alert, by a person on call for it')
    .option('--alert-severity <severity>', 'the severity its source would give')
    .action(async (role: string, flags: ExplainFlags) => setExit(await explain(role, flags)));
  withCommon(
    policy
      .command('replay [file]')
      .description('run past requests from the database through this policy and list what would change'),
  )
    .addOption(new Option('--since <duration>', 'how far back').argParser(readSince).default(readSince('90d'), '90d'))
    .action(async (file: string | undefined, flags: ReplayFlags) => setExit(await replay(file, flags)));
};
