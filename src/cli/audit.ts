/** `latchkey audit …`: reads the audit log; changes nothing. */
import { once } from 'node:events';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { exportAudit } from '../store/audit/export.ts';
import { verifyAudit } from '../store/audit/verify.ts';
import type { AuditReport, Head } from '../store/audit/verify.ts';
import { createPool } from '../store/client.ts';
import { createLog } from '../lib/log.ts';
import { reaching } from '../store/reaching.ts';
import { demandDatabase } from './database.ts';
import { print, printJson } from './output.ts';
import type { Exit } from './output.ts';
import { pluralize } from '../lib/pluralize.ts';

type Pool = ReturnType<typeof createPool>;

const withPool = async <T>(work: (pool: Pool) => Promise<T>): Promise<T> => {
  const database = demandDatabase();
  const pool = createPool({ ...database, log: createLog('silent'), max: 2 });
  try {
    return await reaching(database, () => work(pool));
  } finally {
    await pool.end();
  }
};

const readHead = (text: string): Head => {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('A head is written as 1234:<64 hex digits>, as audit verify prints it.');
  return { seq: Number(seq), hash };
};

const readDate = (text: string): Date => {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Write a date as 2026-09-30 or 2026-09-30T12:00:00Z.');
  return date;
};

const sayReport = ({ ok, events, unsealed, oldestUnsealedAgeMs, head, problems, isCut }: AuditReport): string => {
  const found = problems.map(({ seq, kind, message }) => `event ${seq ?? '?'}: ${kind}: ${message}`);
  const cut = isCut ? ['There are more; these are the first.'] : [];
  const age = oldestUnsealedAgeMs === null ? '' : `, the oldest for ${(oldestUnsealedAgeMs / 1000).toFixed(1)} s`;
  const waiting = unsealed > 0 ? [`${pluralize(unsealed, 'event waits', 'events wait')} to be chained${age}.`] : [];
  const summary = ok
    ? `The chain of ${pluralize(events, 'event')} is whole.`
    : `The chain of ${pluralize(events, 'event')} is NOT whole: ${pluralize(problems.length, 'problem')}.`;
  return [...found, ...cut, ...waiting, summary, `head ${head.seq}:${head.hash}`].join('\n');
};

const verify = async (options: { json?: boolean; expectHead?: Head }): Promise<Exit> => {
  const { expectHead } = options;
  const report = await withPool((pool) => verifyAudit(pool, expectHead ? { expectHead } : {}));
  if (options.json) printJson(report);
  else print(sayReport(report));
  return report.ok ? 0 : 1;
};

type ExportFlags = { format: 'jsonl' | 'csv'; since?: Date; until?: Date };

const writeOut = async (text: string): Promise<void> => {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
};

/** What is not in it is said beside it: a file may be all that its reader ever sees. */
const writeExport = async (options: ExportFlags): Promise<void> => {
  const { unsealed } = await withPool((pool) => exportAudit(pool, options, writeOut));
  if (unsealed > 0)
    process.stderr.write(
      `${pluralize(unsealed, 'event waits to be chained and is', 'events wait to be chained and are')} not in it; export again in a moment, while Latchkey runs.\n`,
    );
};

export const addAuditCommands = (program: Command, setExit: (code: Exit) => void): void => {
  const audit = program.command('audit').description('verify and export the audit log');
  audit
    .command('verify')
    .description('walk the whole chain and say whether anything was changed, removed or reordered')
    .option('--expect-head <seq:hash>', 'a head that was noted earlier and must still be in the chain', readHead)
    .option('--json', 'print the report as JSON')
    .action(async (options: { json?: boolean; expectHead?: Head }) => setExit(await verify(options)));
  audit
    .command('export')
    .description('write the chained events to standard output')
    .addOption(new Option('--format <format>', 'one event per line').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--since <date>', 'from this moment on', readDate)
    .option('--until <date>', 'before this moment', readDate)
    .action(writeExport);
};
