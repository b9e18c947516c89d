/** `latchkey report`: the compliance report of a period, as files with one signed manifest. */
import type { Command } from 'commander';
import { makeReport } from '../application/reports/make-report.ts';
import type { MadeReport } from '../application/reports/make-report.ts';
import { demandPolicyInForce } from '../compose/command-policy.ts';
import { commandDirectory, reportDeps, reportFolder } from '../compose/report.ts';
import { PERIOD_FORMS, parsePeriod } from '../domain/reports/period.ts';
import type { Period } from '../domain/reports/period.ts';
import { StartError } from '../lib/start-error.ts';
import { demandDatabase } from './database.ts';
import { withEvidenceOf } from './evidence.ts';
import { UsageError } from './exit.ts';
import { print, printJson } from './output.ts';

type Flags = { out?: string; json?: boolean };

const demandPeriod = (text: string): Period => {
  const period = parsePeriod(text);
  if (period) return period;
  throw new UsageError(`"${text}" is not a period; write ${PERIOD_FORMS}.`);
};

const factsOf = (out: string, { report, manifest }: MadeReport) => ({
  out,
  period: report.period,
  manifest,
  rows: report.totals.rows,
  exceptions: report.totals.exceptions,
  controls: report.totals.controls,
  sample: report.sample.drawn.map(({ row }) => row.grant),
});

const sentence = (out: string, { report }: MadeReport): string => {
  const { rows, controls, exceptions } = report.totals;
  const unanswered = exceptions.reduce((sum, one) => sum + one.unanswered, 0);
  const wrong = controls.filter(({ agrees }) => !agrees);
  return [
    `${out} has the report of ${report.period.label}: ${rows} in the register, ${unanswered} exceptions without an answer.`,
    ...wrong.map(({ what, log, register }) => `A control total does not agree: ${what}: ${log} and ${register}.`),
  ].join('\n');
};

/** An error of the folder is a sentence; anything else is a fault. */
const demandFolder = (out: string, error: unknown): never => {
  if (error instanceof Error && 'code' in error && 'path' in error && String(error.path).startsWith(out))
    throw new StartError(`${out} cannot be written (${String(error.code)}); name a folder that you may write.`, {
      cause: error,
    });
  throw error;
};

const writeReport = async (text: string, flags: Flags): Promise<void> => {
  const period = demandPeriod(text);
  const out = flags.out ?? `latchkey-report-${period.label}`;
  const { policy, settings } = await demandPolicyInForce(demandDatabase());
  const made = await withEvidenceOf(settings, async (command) => {
    const directory = await commandDirectory(command, policy);
    const deps = reportDeps({ pool: command.pool, evidence: command.deps, policy, directory });
    return makeReport(deps, { period }, reportFolder(out)).catch((error: unknown) => demandFolder(out, error));
  });
  if (flags.json) printJson(factsOf(out, made));
  else print(sentence(out, made));
};

export const addReportCommand = (program: Command): void => {
  program
    .command('report <period>')
    .description(
      `write the compliance report of a period (${PERIOD_FORMS}) as CSV, XLSX, PDF and JSON with a signed manifest`,
    )
    .option('--out <dir>', 'the folder to write; latchkey-report-<period> by default')
    .option('--json', 'print the facts as JSON')
    .action(writeReport);
};
