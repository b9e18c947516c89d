/** A folder: each checkpoint is a file of its own, named by its size and root, and none is written twice. */
import { access, constants, mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Publisher } from '../application/evidence/evidence-ports.ts';
import { checkpointName, isCheckpointName } from './checkpoint-name.ts';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

const unusable = (folder: string, code: string): string =>
  `The folder ${folder} cannot be used (${code}); give Latchkey's user the right to write it.`;

/** Whether checkpoints could be written there, in a sentence; a folder that is missing is made where it can be. Writes nothing. */
export const folderProblem = async (folder: string, at = folder): Promise<string | null> => {
  try {
    if (!(await stat(at)).isDirectory())
      return `The folder ${folder} cannot be used, because ${at} is no folder; name another one.`;
    await access(at, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const code = codeOf(error);
    return (code === 'ENOENT' || code === 'ENOTDIR') && dirname(at) !== at
      ? folderProblem(folder, dirname(at))
      : unusable(folder, code);
  }
};

const inWords = async <T>(folder: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw new Error(unusable(folder, codeOf(error)), { cause: error });
  }
};

const list = async (folder: string): Promise<string[]> => {
  try {
    return (await readdir(folder)).filter(isCheckpointName).toSorted();
  } catch (error) {
    // Nothing was published yet.
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

export const filePublisher = (folder: string): Publisher => ({
  name: `file:${folder}`,
  kind: 'file',
  vkey: null,
  takesEach: true,
  put: (checkpoint) =>
    inWords(folder, async () => {
      const name = checkpointName(checkpoint);
      await mkdir(folder, { recursive: true });
      // In one step: a reader never sees half a file.
      await writeFile(join(folder, `.${name}.new`), checkpoint.note);
      await rename(join(folder, `.${name}.new`), join(folder, name));
      return { signatures: '' };
    }),
  held: (wanted) =>
    inWords(folder, async () => {
      const names = await list(folder);
      const some = wanted === 'all' ? names : names.slice(-1);
      return Promise.all(
        some.map(async (name) => ({ text: await readFile(join(folder, name), 'utf8'), source: join(folder, name) })),
      );
    }),
});
