/** The commands of a job by themselves, and their exit codes. */
import { Command, CommanderError } from 'commander';
import { StartError } from '../../lib/start-error.ts';
import { endWithReader } from '../exit.ts';
import { addJobCommands } from './commands.ts';
import { EXITS, JobFailure, say } from './failure.ts';

export const run = async (args: string[]): Promise<number> => {
  endWithReader();
  let exit = 0;
  const program = new Command('latchkey');
  program.showHelpAfterError('(run with --help to see what it takes)').exitOverride();
  addJobCommands(program, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXITS.usedWrongly;
    if (!(error instanceof StartError)) throw error;
    say(error.message);
    return error instanceof JobFailure ? error.exit : 1;
  }
};
