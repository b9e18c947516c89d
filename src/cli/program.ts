/** `latchkey`: parses, calls, prints, and answers 0 / 1 (found something wrong) / 2 (used wrongly). */
import { Command, CommanderError, Option } from 'commander';
import { addAuditCommands } from './audit.ts';
import { addClientCommands } from './client.ts';
import { addDoctorCommand } from './doctor.ts';
import { addInitCommand } from './init.ts';
import { addJobCommands } from './job/commands.ts';
import { endWithReader, USED_WRONGLY, UsageError } from './exit.ts';
import { migrate } from './migrate.ts';
import { addPolicyCommands } from './policy.ts';
import { addReviewCommands } from './review.ts';
import { addReportCommand } from './report.ts';
import { addWitnessCommand } from './witness.ts';
import { printable } from '../lib/printable.ts';
import { programVersion } from '../lib/version.ts';
import { StartError } from '../lib/start-error.ts';
import type { Part } from '../compose/options.ts';
import { serve } from '../compose/serve.ts';

/** Every command there is; a test holds documents and messages against it. */
export const buildProgram = (setExit: (code: number) => void): Command => {
  const program = new Command('latchkey');
  program
    .description('Temporary production access from Slack: requested, approved, granted, and provably ended.')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpCommand(true)
    .showHelpAfterError('(run with --help to see what it takes)')
    .exitOverride();
  program
    .command('serve')
    .description('run the app: web (Slack, health, metrics) and worker in one process, or apart')
    .addOption(new Option('--only <part>', 'run one part; any number of each may run').choices(['web', 'worker']))
    .action(async ({ only }: { only?: Part }) => serve({ only: only ?? null }));
  program
    .command('migrate')
    .description('bring the database up to this version')
    .option('--json', 'print the outcome as JSON')
    .action(async (options: { json?: boolean }) => setExit(await migrate(options)));
  addInitCommand(program, setExit);
  addDoctorCommand(program, setExit);
  addPolicyCommands(program, setExit);
  addClientCommands(program, setExit);
  addJobCommands(program, setExit);
  addAuditCommands(program, setExit);
  addReportCommand(program);
  addReviewCommands(program);
  addWitnessCommand(program);
  return program;
};

/** Resolves with the exit code; a running `serve` keeps the process alive by itself. */
export const run = async (args: string[]): Promise<number> => {
  endWithReader();
  let exit = 0;
  const program = buildProgram((code) => {
    exit = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USED_WRONGLY;
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${printable(error.message)}\n`);
    return error instanceof UsageError ? USED_WRONGLY : 1;
  }
};
