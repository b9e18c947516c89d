/** Which part of a report is evidence for which control. */
import { readFile } from 'node:fs/promises';
import type { ControlMapping } from '../application/reports/report-types.ts';

const CONTROLS = new URL('../../evidence/controls.json', import.meta.url);

export const readControls = async (): Promise<ControlMapping[]> =>
  JSON.parse(await readFile(CONTROLS, 'utf8')) as ControlMapping[];
