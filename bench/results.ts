/** What a run leaves behind, as it stands in its JSON. */
import type { Row } from './rows.ts';
import type { Machine } from './setup/machine.ts';
import type { Options } from './setup/options.ts';

export type Results = {
  date: string;
  extent: Options['extent'];
  /** What was measured: `dist/bundle/main.js` as it is published, or the working tree compiled for this run. */
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
