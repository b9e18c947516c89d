/** A report that was kept, written into a folder of its own: beside it at first, and moved there when it is whole. */
import { appendFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { ReportFiles, ReportRun } from '../../application/reports/report-run-ports.ts';
import { MANIFEST } from './folder.ts';

type Put = { folder: string; run: ReportRun };

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

const write = async (files: ReportFiles, { folder, run }: Put): Promise<void> => {
  for (const name of await files.names(run.id)) {
    for (let part = 0; ; part += 1) {
      const content = await files.part(run.id, name, part);
      if (content === null) break;
      await appendFile(path.join(folder, name), content);
    }
  }
};

/** A process may have written it and died before it was noted. */
const isThere = async (target: string, { manifest }: ReportRun): Promise<boolean> => {
  try {
    const found = await readFile(path.join(target, MANIFEST));
    return createHash('sha256').update(found).digest('hex') === manifest;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
};

const putBeside = async (files: ReportFiles, { folder, run }: Put): Promise<void> => {
  const target = path.join(folder, `${run.period}-${run.name}`);
  if (await isThere(target, run)) return;
  await mkdir(folder, { recursive: true });
  const beside = await mkdtemp(path.join(folder, '.report-'));
  try {
    await write(files, { folder: beside, run });
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
};

export const putReport = async (files: ReportFiles, put: Put): Promise<void> => {
  try {
    await putBeside(files, put);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const why = codeOf(error);
    throw new Error(
      error.syscall === 'rename'
        ? `${path.join(put.folder, `${put.run.period}-${put.run.name}`)} holds another report; move it away.`
        : `The folder ${put.folder} cannot be used (${why}); give Latchkey's user the right to write it.`,
      { cause: error },
    );
  }
};
