/** `latchkey audit evidence`: one signed bundle about one grant. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { makeEvidence } from '../application/evidence/make-evidence.ts';
import { demandAuditSettings } from '../compose/command-policy.ts';
import { rendering, withEvidence } from '../compose/evidence-command.ts';
import type { EvidenceCommand } from '../compose/evidence-command.ts';
import { isDomainError } from '../domain/errors.ts';
import type { DomainError } from '../domain/errors.ts';
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import { StartError } from '../lib/start-error.ts';
import { reaching } from '../store/reaching.ts';
import { demandDatabase } from './database.ts';
import { print, printJson } from './output.ts';

export const withEvidenceOf = <T>(
  settings: AuditSettings,
  work: (command: EvidenceCommand) => Promise<T>,
): Promise<T> => {
  const database = demandDatabase();
  return reaching(database, () => withEvidence(database, settings, work));
};

type Flags = { out: string; redact?: boolean; json?: boolean };

const sayRefusal = (id: string, { code }: DomainError): string =>
  code === 'ambiguous_id'
    ? `"${id}" is the beginning of several grants; write more of the id.`
    : `There is no grant ${id}; latchkey audit export has the ids.`;

const writeOut = async (file: string, zip: Buffer): Promise<void> => {
  try {
    await writeFile(file, zip);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new StartError(`${file} cannot be written (${why}); name a file in a folder that you may write.`, {
      cause: error,
    });
  }
};

const writeEvidence = async (id: string, { out, redact = false, json }: Flags): Promise<void> => {
  const made = await withEvidenceOf(await demandAuditSettings(), async ({ deps }) => {
    try {
      return await makeEvidence(deps, { id, isRedacted: redact }, rendering);
    } catch (error) {
      throw isDomainError(error) ? new StartError(sayRefusal(id, error)) : error;
    }
  });
  await writeOut(out, made.zip);
  const facts = { out, grant: made.grant, request: made.request, manifest: made.manifest, isRedacted: redact };
  if (json) printJson(facts);
  else
    print(
      `${out} is the evidence of grant ${made.grant}. Check it with: python3 verify.py ${out} --key <verifier key>`,
    );
};

export const addEvidenceCommand = (audit: Command): void => {
  audit
    .command('evidence <grant>')
    .description('write everything about one grant into one signed bundle, which verify.py checks')
    .requiredOption('--out <file>', 'the zip to write')
    .option('--redact', 'leave out names, reasons and all other personal text; policy.yml stays as it is')
    .option('--json', 'print the facts as JSON')
    .action(writeEvidence);
};
