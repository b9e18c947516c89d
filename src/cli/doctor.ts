/** `latchkey doctor`: looks at everything that is needed for somebody to get in, all at once, and says what is wrong with its remedy. */
import type { Command } from 'commander';
import type { Target } from '../domain/policy/types.ts';
import { examineAll } from '../compose/doctor/examine-all.ts';
import { preparationOf } from '../compose/doctor/target-look.ts';
import { readConfigured } from '../compose/doctor/configured.ts';
import type { Configured } from '../compose/doctor/configured.ts';
import { formatProblem, suggestion } from '../config/problem.ts';
import { StartError } from '../lib/start-error.ts';
import { startProgress } from './doctor/progress.ts';
import { reportOf, reportText } from './doctor/report.ts';
import { UsageError } from './exit.ts';
import { print, printJson } from './output.ts';
import type { Exit } from './output.ts';

type Flags = { sql?: string; json?: boolean; policy?: string };

/** What hangs in a look that was given up must not keep the command. */
const LINGER_MS = 500;

const targetNamed = ({ policy }: Configured, name: string): Target => {
  const targets = policy?.targets ?? {};
  const found = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (found) return found;
  const names = Object.keys(targets);
  throw new UsageError(`"${name}" is no target of the policy${suggestion(name, names, 'see latchkey.yml.')}`);
};

/** Without a policy there are no targets to look at. */
const demandPolicy = ({ policy, policyProblems }: Configured): void => {
  if (policy === null) throw new StartError(policyProblems.map(formatProblem).join('\n'));
};

/** Standard output holds what is to be run and nothing else. */
const printPreparation = async (configured: Configured, name: string, flags: Flags): Promise<Exit> => {
  demandPolicy(configured);
  const target = targetNamed(configured, name);
  const prepared = await preparationOf(target);
  if (!prepared)
    throw new StartError(`Latchkey has no preparation to print for a target of the kind ${target.provider}.`);
  const { text, version, notes } = prepared;
  if (flags.json) printJson({ target: name, provider: target.provider, version, notes, sql: text });
  else {
    for (const note of notes) process.stderr.write(`${note}\n`);
    process.stdout.write(text);
  }
  return 0;
};

const doctor = async (name: string | undefined, flags: Flags): Promise<Exit> => {
  const configured = await readConfigured(flags.policy);
  if (flags.sql !== undefined) {
    if (name !== undefined && name !== flags.sql)
      throw new UsageError(`Name one target: ${flags.sql} with --sql, or ${name} without it.`);
    return printPreparation(configured, flags.sql, flags);
  }
  if (name !== undefined) demandPolicy(configured);
  const only = name === undefined ? null : targetNamed(configured, name);
  const report = reportOf(await examineAll(configured, { only, startProgress }));
  if (flags.json) printJson(report);
  else print(reportText(report));
  return report.ok ? 0 : 1;
};

/** For `init`, which ends in it. */
export const runDoctor = async (policy: string): Promise<{ json: object; text: string }> => {
  const report = reportOf(await examineAll(await readConfigured(policy), { only: null, startProgress }));
  return { json: report, text: reportText(report) };
};

export const addDoctorCommand = (program: Command, setExit: (code: Exit) => void): void => {
  program
    .command('doctor [target]')
    .description('find what keeps people from getting in, everywhere or for one target, each with its remedy')
    .option('--sql <target>', 'print only what an administrator runs to prepare this target')
    .option('--policy <file>', 'the policy file (LATCHKEY_POLICY, else latchkey.yml)')
    .option('--json', 'print the findings as JSON')
    .action(async (name: string | undefined, flags: Flags) => {
      const exit = await doctor(name, flags);
      setExit(exit);
      setTimeout(() => process.exit(), LINGER_MS).unref();
    });
};
