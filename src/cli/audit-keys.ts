/** `latchkey audit keys` and `revoke-key`: which keys sign or signed the log, and that one counts for nothing from a moment on. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { KnownKey } from '../application/evidence/evidence-ports.ts';
import { revokeKey } from '../application/evidence/revoked-keys.ts';
import { demandAuditSettings } from '../compose/command-policy.ts';
import { withEvidenceOf } from './evidence.ts';
import { print, printJson } from './output.ts';
import { readDate } from './read-date.ts';

const REASON_MAX = 500;

/** As `verify.py --revoked` reads it. */
const revokedLine = ({ vkey, revoked }: KnownKey): string[] =>
  revoked ? [`${vkey} ${revoked.size} ${revoked.from.toISOString()}`] : [];

const stateText = ({ isRetired, revoked }: KnownKey): string => {
  if (revoked)
    return `revoked from ${revoked.from.toISOString()} on; its checkpoints count up to ${revoked.size} leaves`;
  return isRetired ? 'signed before; what it signed stays good' : 'signs';
};

const factsOf = ({ vkey, isRetired, revoked }: KnownKey) => ({
  vkey,
  isRetired,
  revoked: revoked && { from: revoked.from.toISOString(), size: revoked.size },
});

const keys = async ({ revoked = false, json }: { revoked?: boolean; json?: boolean }): Promise<void> => {
  const all = await withEvidenceOf(await demandAuditSettings(), ({ deps }) => deps.tree.keys.all());
  if (json) return printJson(all.map(factsOf));
  if (revoked)
    return void process.stdout.write(
      all
        .flatMap(revokedLine)
        .map((line) => `${line}\n`)
        .join(''),
    );
  print(
    all.length === 0
      ? 'No key has signed this log yet.'
      : all.map((key) => `${key.vkey}: ${stateText(key)}`).join('\n'),
  );
};

const readReason = (text: string): string => {
  const reason = text.trim();
  if (reason === '' || reason.length > REASON_MAX)
    throw new InvalidArgumentError(`Say why, in ${REASON_MAX} characters or fewer.`);
  return reason;
};

type RevokeFlags = { reason: string; since?: Date; json?: boolean };

const revoke = async (vkey: string, { reason, since, json }: RevokeFlags): Promise<void> => {
  const { from, size } = await withEvidenceOf(await demandAuditSettings(), ({ deps }) =>
    revokeKey(deps, { vkey, since: since ?? null, reason }),
  );
  if (json) return printJson({ vkey, from: from.toISOString(), size });
  print(
    [
      `The key ${vkey} is revoked from ${from.toISOString()} on: its checkpoints count up to ${size} leaves, and Latchkey signs nothing with it any more.`,
      'Give Latchkey another key as LATCHKEY_AUDIT_KEY, and restart it.',
      'Give those who check evidence the line that `latchkey audit keys --revoked` prints: verify.py takes it as --revoked FILE.',
    ].join('\n'),
  );
};

export const addKeyCommands = (audit: Command): void => {
  audit
    .command('keys')
    .description('list the verifier keys that sign or signed the log')
    .option('--revoked', 'print only the revoked ones, as verify.py --revoked reads them')
    .option('--json', 'print the facts as JSON')
    .action(keys);
  audit
    .command('revoke-key <vkey>')
    .description('say that a key counts for nothing from a moment on, as after a theft; that is an event')
    .requiredOption('--reason <text>', 'why, for the audit log', readReason)
    .option('--since <date>', 'from this moment on; now if left out', readDate)
    .option('--json', 'print the facts as JSON')
    .action(revoke);
};
