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
import type { EvidenceDeps } from '../application/evidence/evidence-ports.ts';
import { readHeads } from '../application/evidence/held-heads.ts';
import type { PlaceHeads, RevokedHead } from '../application/evidence/held-heads.ts';
import { revokedText } from '../application/evidence/revoked-keys.ts';
import { publishCheckpoints } from '../application/evidence/publish-checkpoints.ts';
import { rangesOf } from '../application/evidence/ranges.ts';
import type { Range, Ranges } from '../application/evidence/ranges.ts';
import { signCheckpoint } from '../application/evidence/sign-checkpoint.ts';
import { demandAuditSettings, readAuditSettings } from '../compose/command-policy.ts';
import { StartError } from '../lib/start-error.ts';
import { parseVkey } from '../lib/transparency/note.ts';
import type { VerifierKey } from '../lib/transparency/note.ts';
import type { SignedHead } from '../store/audit/verify-tree.ts';
import { addEraseCommand } from './audit-erase.ts';
import { addKeyCommands } from './audit-keys.ts';
import { addRebuildCommand } from './audit-rebuild.ts';
import { addSinksCommand } from './audit-sinks.ts';
import { addEvidenceCommand, withEvidenceOf } from './evidence.ts';
import { readDate } from './read-date.ts';
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

const sayReport = ({
  ok,
  events,
  unsealed,
  oldestUnsealedAgeMs,
  head,
  problems,
  isCut,
  erased,
}: AuditReport): string => {
  const found = problems.map(({ seq, kind, message }) => `event ${seq ?? '?'}: ${kind}: ${message}`);
  const cut = isCut ? ['There are more; these are the first.'] : [];
  const age = oldestUnsealedAgeMs === null ? '' : `, the oldest for ${(oldestUnsealedAgeMs / 1000).toFixed(1)} s`;
  const waiting = unsealed > 0 ? [`${pluralize(unsealed, 'event waits', 'events wait')} to be chained${age}.`] : [];
  const summary = ok
    ? `The chain of ${pluralize(events, 'event')} is whole.`
    : `The chain of ${pluralize(events, 'event')} is NOT whole: ${pluralize(problems.length, 'problem')}.`;
  const gone =
    erased > 0
      ? [
          `erased: the personal parts of ${pluralize(erased, 'event')}, as events of the log say; neither good nor broken.`,
        ]
      : [];
  return [...found, ...cut, ...waiting, ...gone, summary, `head ${head.seq}:${head.hash}`].join('\n');
};

/** What a checkpoint that is signed, and where it is, says of the log. */
type Signed = { heads: SignedHead[]; places: PlaceHeads[]; problems: string[] };

const NOTHING_SIGNED: Signed = { heads: [], places: [], problems: [] };

const collectSigned = async (deps: EvidenceDeps, key: VerifierKey | undefined): Promise<Signed> => {
  const stored = (await deps.tree.all()).map((checkpoint) => ({
    ...checkpoint,
    source: 'signed and kept in the database',
  }));
  const places = await readHeads(deps, 'all', key && [key]);
  const revoked = places.flatMap((place) => place.revoked.map((head) => ({ ...head, isRevoked: true })));
  return {
    heads: [...stored, ...places.flatMap(({ heads }) => heads), ...revoked],
    places,
    problems: places.flatMap(({ problems }) => problems),
  };
};

const rangeText = (name: string, range: Range): string =>
  `${name}: ${range ? `events ${range.from} to ${range.to}` : 'none'}`;

const placeText = ({ place, heads, failure }: PlaceHeads): string =>
  failure === null
    ? `${place} holds ${pluralize(heads.length, 'checkpoint')}, the newest of ${Math.max(0, ...heads.map(({ size }) => size))} leaves.`
    : `${place} could not be read: ${failure}`;

const revokedHeadText = ({ size, source, key }: RevokedHead): string =>
  `revoked: ${source} has a checkpoint of ${pluralize(size, 'leaf', 'leaves')} that counts for nothing. ${revokedText(key)}.`;

const saySigned = ({ places, problems }: Signed, ranges: Ranges): string[] => [
  ...problems.map((problem) => `signature: ${problem}`),
  ...places.map(placeText),
  ...places.flatMap(({ revoked }) => revoked.map(revokedHeadText)),
  rangeText('witnessed', ranges.witnessed),
  rangeText('published', ranges.published),
  rangeText('neither', ranges.neither),
];

type VerifyFlags = { json?: boolean; expectHead?: Head; key?: VerifierKey };

const verify = async ({ json, expectHead, key }: VerifyFlags): Promise<Exit> => {
  const settings = await readAuditSettings();
  const head = expectHead ? { expectHead } : {};
  const { report, signed } = settings
    ? await withEvidenceOf(settings, async ({ pool, deps }) => {
        const found = await collectSigned(deps, key);
        return { signed: found, report: await verifyAudit(pool, { ...head, signed: found.heads }) };
      })
    : { signed: NOTHING_SIGNED, report: await withPool((pool) => verifyAudit(pool, head)) };
  const bad = new Set(report.problems.filter(({ kind }) => kind === 'checkpoint_mismatch').map(({ seq }) => seq));
  const ranges = rangesOf(report.tree, signed.places, ({ heads }) =>
    heads.every(({ size }) => !bad.has(report.tree.before + size)),
  );
  const ok = report.ok && signed.problems.length === 0;
  if (json)
    printJson({ ...report, ok, signatureProblems: signed.problems, places: signed.places.map(placeFacts), ...ranges });
  else print([...saySigned(signed, ranges), sayReport(report)].join('\n'));
  return ok ? 0 : 1;
};

const placeFacts = ({ place, kind, heads, revoked, failure }: PlaceHeads) => ({
  place,
  kind,
  failure,
  revoked: revoked.map(({ size, source, key }) => ({ size, source, vkey: key.vkey, from: key.from.toISOString() })),
  checkpoints: heads.map(({ size, root, source }) => ({ size, root: root.toString('base64'), source })),
});

/** Standard output has the note and nothing else. What was signed is published at once where that can be. */
const printCheckpoint = async (): Promise<void> => {
  const checkpoint = await withEvidenceOf(await demandAuditSettings(), async ({ deps }) => {
    const signed = deps.signers.length > 0 ? await signCheckpoint(deps) : await deps.tree.newest();
    await publishCheckpoints(deps);
    return signed;
  });
  if (!checkpoint)
    throw new StartError(
      'There is no checkpoint yet: the log is empty, or LATCHKEY_AUDIT_KEY is not set and nothing was signed.',
    );
  process.stdout.write(checkpoint.note);
};

const readKey = (text: string): VerifierKey => {
  const key = parseVkey(text);
  if (!key) throw new InvalidArgumentError('A verifier key is written as name+8 hex digits+base64.');
  return key;
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
  const audit = program.command('audit').description('verify, sign and export the audit log');
  audit
    .command('verify')
    .description('walk the whole chain and say whether anything was changed, removed or reordered')
    .option('--expect-head <seq:hash>', 'a head that was noted earlier and must still be in the chain', readHead)
    .option('--key <vkey>', 'the only key whose checkpoints count', readKey)
    .option('--json', 'print the report as JSON')
    .action(async (options: VerifyFlags) => setExit(await verify(options)));
  addEvidenceCommand(audit);
  addEraseCommand(audit);
  addRebuildCommand(audit);
  addSinksCommand(audit);
  addKeyCommands(audit);
  audit
    .command('checkpoint')
    .description('sign the head of the log, publish it, and print the signed note')
    .action(printCheckpoint);
  audit
    .command('export')
    .description('write the chained events to standard output')
    .addOption(new Option('--format <format>', 'one event per line').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--since <date>', 'from this moment on', readDate)
    .option('--until <date>', 'before this moment', readDate)
    .action(writeExport);
};
