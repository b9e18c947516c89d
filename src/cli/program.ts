/** `latchkey`: parses, calls, prints, and answers 0 / 1 (found something wrong) / 2 (used wrongly). */
import { Command, CommanderError, Option } from 'commander';
import { endWithReader, USED_WRONGLY, UsageError } from './exit.ts';
import { JOB_COMMANDS } from './job/names.ts';
import { printable } from '../lib/printable.ts';
import { programVersion } from '../lib/version.ts';
import { StartError } from '../lib/start-error.ts';
import type { Part } from '../compose/options.ts';

type Add = (program: Command, setExit: (code: number) => void) => void;

const addServe: Add = (program) => {
  program
    .command('serve')
    .description('run the app: web (Slack, health, metrics) and worker in one process, or apart')
    .addOption(new Option('--only <part>', 'run one part; any number of each may run').choices(['web', 'worker']))
    .action(async ({ only }: { only?: Part }) => {
      const { serve } = await import('../compose/serve.ts');
      await serve({ only: only ?? null });
    });
};

const addMigrate: Add = (program, setExit) => {
  program
    .command('migrate')
    .description('bring the database up to this version')
    .option('--json', 'print the outcome as JSON')
    .action(async (options: { json?: boolean }) => setExit(await (await import('./migrate.ts')).migrate(options)));
};

/** By first word, in the order of the help. Each loads what it needs and nothing of the others. */
const COMMANDS: readonly [names: readonly string[], load: () => Promise<Add>][] = [
  [['serve'], () => Promise.resolve(addServe)],
  [['migrate'], () => Promise.resolve(addMigrate)],
  [['init'], async () => (await import('./init.ts')).addInitCommand],
  [['doctor'], async () => (await import('./doctor.ts')).addDoctorCommand],
  [['policy'], async () => (await import('./policy.ts')).addPolicyCommands],
  [['client'], async () => (await import('./client.ts')).addClientCommands],
  [[...JOB_COMMANDS], async () => (await import('./job/commands.ts')).addJobCommands],
  [['audit'], async () => (await import('./audit.ts')).addAuditCommands],
  [['report'], async () => (await import('./report.ts')).addReportCommand],
  [['review'], async () => (await import('./review.ts')).addReviewCommands],
  [['witness'], async () => (await import('./witness.ts')).addWitnessCommand],
];

const NEEDS_NONE: ReadonlySet<string> = new Set(['-V', '--version']);

const adding = async (first: string | undefined): Promise<Add[]> => {
  if (first !== undefined && NEEDS_NONE.has(first)) return [];
  const named = COMMANDS.filter(([names]) => names.includes(first ?? ''));
  return Promise.all((named.length > 0 ? named : COMMANDS).map(([, load]) => load()));
};

/** Every command there is, or only those that a line with this first word can mean. A test holds documents and messages against it. */
export const buildProgram = async (setExit: (code: number) => void, first?: string): Promise<Command> => {
  const program = new Command('latchkey');
  program
    .description('Temporary production access from Slack: requested, approved, granted, and provably ended.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpCommand(true)
    .showHelpAfterError('(run with --help to see what it takes)')
    .exitOverride();
  for (const add of await adding(first)) add(program, setExit);
  return program;
};

/** Resolves with the exit code; a running `serve` keeps the process alive by itself. */
export const run = async (args: string[]): Promise<number> => {
  endWithReader();
  let exit = 0;
  const setExit = (code: number): void => {
    exit = code;
  };
  try {
    const program = await buildProgram(setExit, args[0]);
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USED_WRONGLY;
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${printable(error.message)}\n`);
    return error instanceof UsageError ? USED_WRONGLY : 1;
  }
};
