/** A report of a quarter with many grants, and the evidence of one grant. */
import { startChild } from '../child.ts';
import { ms, rowOf, shown } from '../rows.ts';
import { createStoreDatabase } from '../setup/servers.ts';
import type { Reported, ReportInput } from './report-program.ts';
import type { Bench, Measured } from './world.ts';

const GOAL_GRANTS = 100_000;
const GOAL_S = 30;
const GOAL_MB = 200;
const EVIDENCE_GOAL_MS = 2_000;

export const measureReport = async ({ servers, sizes }: Bench): Promise<Measured> => {
  const url = await createStoreDatabase(servers);
  const grants = sizes.reportGrants;
  const filler = startChild('report-program');
  await filler.call('fill', { url, grants });
  await filler.stop();
  const program = startChild('report-program');
  const made = await program.call<Reported>('report', { url, grants, times: sizes.rounds } satisfies ReportInput);
  await program.stop();
  const { cold, warm } = made.emptySeconds;
  const seconds = cold + ((made.seconds - warm) * GOAL_GRANTS) / grants;
  const isWhole = grants >= GOAL_GRANTS;
  const many = grants.toLocaleString('en-US');
  const rows = [
    rowOf('report', {
      what: `a report of 100,000 grants${isWhole ? '' : ', by this speed'}`,
      unit: 's',
      value: seconds,
      goal: { is: 'at most', value: GOAL_S },
      ours: `${shown(made.seconds)} s, ${shown(made.cpuSeconds)} s of processor time, for ${many} grants, and ${shown(cold)} s for none; ${shown(made.bytes / 1_048_576)} MB of files`,
      limit: '',
    }),
    rowOf('report', {
      what: `memory of that process, ${many} grants`,
      unit: 'MB',
      value: made.peakMb,
      goal: { is: 'at most', value: GOAL_MB },
      ours: `${shown(made.peakMb)} MB at most, of which the report took ${shown(made.grownMb)}`,
      limit: '',
    }),
    rowOf('report', {
      what: 'evidence of one grant',
      unit: 'ms',
      value: made.evidenceMs,
      goal: { is: 'at most', value: EVIDENCE_GOAL_MS },
      ours: `${ms(made.evidenceMs)} in a log of ${made.events.toLocaleString('en-US')} events`,
      limit: '',
    }),
  ];
  return { rows, details: made };
};
