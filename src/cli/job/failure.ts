/** Failures of a job's commands. Their exit codes are those of sysexits.h, which a child seldom uses. */
import { oneLine } from '../../lib/printable.ts';
import { StartError } from '../../lib/start-error.ts';

export const EXITS = {
  usedWrongly: 64,
  unreachable: 69,
  notDecided: 75,
  denied: 77,
  notRunnable: 126,
  notFound: 127,
} as const;

export type JobExit = (typeof EXITS)[keyof typeof EXITS];

export class JobFailure extends StartError {
  override name = 'JobFailure';
  readonly exit: JobExit;
  readonly code: string | null;
  constructor(exit: JobExit, message: string, code: string | null = null) {
    super(message);
    this.exit = exit;
    this.code = code;
  }
}

export const usedWrongly = (message: string): JobFailure => new JobFailure(EXITS.usedWrongly, message);

/**
 * For people who read the job's log. Standard output belongs to the child and to scripts. Names and reasons are other people's: a CI obeys
 * what begins a line with `::` or `##`, and a terminal obeys control characters.
 */
export const say = (line: string): void => void process.stderr.write(`latchkey: ${oneLine(line)}\n`);
