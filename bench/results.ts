/** What a run leaves behind, as it stands in its JSON. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Row } from './rows.ts';
import type { Machine } from './setup/machine.ts';
import type { Options } from './setup/options.ts';

export type Results = {
  date: string;
  extent: Options['extent'];
  /** What was measured: `dist/bundle/latchkey.js` as it is published, or the working tree compiled for this run. */
  program: string;
  isQuiet: boolean;
  machine: Machine;
  sizes: Options['sizes'];
  seconds: number;
  rows: Row[];
  /** What went wrong in an area: its figures are missing then, and the run has failed. */
  failures: Record<string, string>;
  details: Record<string, unknown>;
};

export type Kept = { file: string; results: Results };

export const readResults = (file: string): Results => JSON.parse(readFileSync(file, 'utf8')) as Results;

/** By when they ran: names of a usual and a full run of one day do not sort so. Null where none is kept. */
export const newestKept = (folder: string): Kept | null => {
  const names = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith('.json'));
  const kept = names.map((name) => path.join(folder, name)).map((file) => ({ file, results: readResults(file) }));
  return kept.toSorted((a, b) => Date.parse(a.results.date) - Date.parse(b.results.date)).at(-1) ?? null;
};
