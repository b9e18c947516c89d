/** The file of the program, looked at before each run: what others may write would run with Latchkey's rights. */
import { accessSync, constants, lstatSync, realpathSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../kit/network-errors.ts';
import { ProviderError } from '../provider.ts';

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

const refused = (program: string, why: string): ProviderError =>
  new ProviderError('misconfigured', `The program ${program} ${why}.`, { isUntouched: true });

const isOurs = ({ uid }: Stats): boolean => uid === 0 || uid === process.getuid?.();

// In a folder like /tmp nobody replaces what is another's.
const mayOthersChange = (stats: Stats): boolean =>
  !isOurs(stats) || ((stats.mode & OTHERS_WRITE) !== 0 && (stats.mode & STICKY) === 0);

const parentsOf = (file: string): string[] => {
  const parent = path.dirname(file);
  return parent === file ? [] : [parent, ...parentsOf(parent)];
};

/** @throws ProviderError where it is no program, or where others could change it. */
export const checkProgram = (program: string): void => {
  try {
    const file = realpathSync(program);
    if (!statSync(file).isFile()) throw refused(program, 'is no file');
    accessSync(file, constants.X_OK);
    // Who may change a link on the way chooses what is run.
    const places = [file, ...parentsOf(file), ...parentsOf(program)];
    const link = isOurs(lstatSync(program)) ? undefined : program;
    const loose = link ?? places.find((place) => mayOthersChange(statSync(place)));
    if (loose !== undefined)
      throw refused(
        program,
        `is not run, since others may change ${loose}: run \`chown root ${loose} && chmod go-w ${loose}\``,
      );
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    throw refused(program, `cannot be run (${codeOf(error)}): is it there, and is it executable`);
  }
};
