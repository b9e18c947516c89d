/** `latchkey audit erase`: personal parts after the retention, as the worker erases them once a day. */
import type { Command } from 'commander';
import { erasePersonal } from '../application/evidence/record-keeping.ts';
import type { ErasureDue } from '../application/evidence/record-keeping.ts';
import { demandAuditSettings } from '../compose/command-policy.ts';
import { recordDeps } from '../compose/record-keeping.ts';
import { pluralize } from '../lib/pluralize.ts';
import { StartError } from '../lib/start-error.ts';
import { withEvidenceOf } from './evidence.ts';
import { print, printJson } from './output.ts';

type Flags = { dryRun?: boolean; json?: boolean };

const sayDue = ({ events, through, before }: ErasureDue): string =>
  events === 0
    ? `Nothing is due: no personal part is older than ${before.toISOString()}.`
    : `${pluralize(events, 'personal part is', 'personal parts are')} due, of events up to ${through}, older than ${before.toISOString()}.`;

const erase = async ({ dryRun = false, json }: Flags): Promise<void> => {
  const settings = await demandAuditSettings();
  const { retentionMs } = settings;
  if (retentionMs === null)
    throw new StartError(
      'audit.retention is not set, so personal parts are kept for ever; write it as retention: 400d.',
    );
  await withEvidenceOf(settings, async ({ pool, deps }) => {
    const record = recordDeps(pool, deps.store);
    const due = await record.keeping.erasureDue(retentionMs);
    if (dryRun) {
      if (json) printJson({ ...due, before: due.before.toISOString() });
      else print(sayDue(due));
      return;
    }
    const made = await erasePersonal(record, retentionMs);
    if (!made) throw new StartError('Another process erases just now; run this again in a minute.');
    if (json) return printJson(made);
    if (made.statements > 0)
      print(`${pluralize(made.statements, 'segment', 'segments')} of recorded statements erased.`);
    print(
      made.erased === 0
        ? sayDue({ ...due, events: 0 })
        : `${pluralize(made.erased, 'personal part is', 'personal parts are')} erased, of events up to ${made.through}. The event record.erased says so.`,
    );
  });
};

export const addEraseCommand = (audit: Command): void => {
  audit
    .command('erase')
    .description('erase personal parts that are older than audit.retention; their commitments stay')
    .option('--dry-run', 'say what is due and change nothing')
    .option('--json', 'print the facts as JSON')
    .action(erase);
};
