/** How a command ends when it cannot do what it was started for. */
import { StartError } from '../lib/start-error.ts';

export const USED_WRONGLY = 2;

/** What was typed cannot be meant: exit code 2, where a `StartError` is 1. */
export class UsageError extends StartError {}

/** A reader that goes away (`latchkey … | head`) ends the command: there is no one left to write for. */
export const endWithReader = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(process.exitCode ?? 0);
    });
};
