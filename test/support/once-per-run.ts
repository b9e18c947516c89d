/** What several test files need and one of them makes, whichever comes first: each file runs in a process of its own. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { testServices } from './services.ts';

type Outcome = { value: string } | { problem: string };

const isFirst = (claim: string): boolean => {
  try {
    writeFileSync(claim, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
};

/** `make` gets a folder that is deleted at the end of the run. A failure is the failure of all who need it. */
export const oncePerRun = async (name: string, make: (folder: string) => Promise<string>): Promise<string> => {
  const folder = path.join(testServices().runDir, name);
  const file = path.join(folder, 'outcome.json');
  mkdirSync(folder, { recursive: true });
  if (isFirst(path.join(folder, 'claim'))) {
    const outcome: Outcome = await make(folder).then(
      (value) => ({ value }),
      (error: unknown) => ({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
    writeFileSync(`${file}.new`, JSON.stringify(outcome));
    renameSync(`${file}.new`, file);
  }
  await waitUntil(() => existsSync(file), { timeoutMs: 60_000, what: `${name} to be made by another test file` });
  const outcome = JSON.parse(readFileSync(file, 'utf8')) as Outcome;
  if ('value' in outcome) return outcome.value;
  throw new Error(`${name}: ${outcome.problem}`);
};
