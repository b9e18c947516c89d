/** Whether the audit log can be signed, and whether each place takes its checkpoints. Channels of Slack are looked at with the others. */
import type { EvidenceDeps, Publisher } from '../../application/evidence/evidence-ports.ts';
import { errorFinding, warningFinding } from '../../domain/finding.ts';
import type { Examined, Finding } from '../../domain/finding.ts';
import type { AuditSettings, Place } from '../../domain/policy/audit-settings.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { StartError } from '../../lib/start-error.ts';
import { openSigners } from '../../lib/transparency/signers.ts';
import { awsKeys } from '../../config/aws-keys.ts';
import { folderProblem } from '../../publishers/file.ts';
import { gitPublisher } from '../../publishers/git.ts';
import { s3Publisher } from '../../publishers/s3.ts';
import { witnessPublisher } from '../../publishers/witness.ts';
import { plain } from './check.ts';

export const NO_AUDIT_KEY =
  'LATCHKEY_AUDIT_KEY is not set, and the policy has a section "audit"; make a key with `openssl genpkey -algorithm ed25519` and give its file as LATCHKEY_AUDIT_KEY_FILE.';

const PROBE = Buffer.from('latchkey doctor\n');

const sayFailure = (code: string, error: unknown): Finding[] => {
  if (error instanceof StartError) return [errorFinding(code, error.message)];
  throw error;
};

/** A key that a program holds is known to work only when it signed. */
const keyFindings = async (key: string | null, origin: string): Promise<Finding[]> => {
  if (key === null) return [errorFinding('no_audit_key', NO_AUDIT_KEY)];
  try {
    const signers: EvidenceDeps['signers'] = await openSigners(key, origin);
    for (const { sign } of signers) await sign(PROBE);
    return [];
  } catch (error) {
    return sayFailure('bad_audit_key', error);
  }
};

/** Warnings: access works without a witness, and a checkpoint is sent again until it is taken. */
const witnessFindings = async (place: Place & { kind: 'witness' }, origin: string): Promise<Finding[]> => {
  const noKey =
    place.key === null
      ? [
          warningFinding(
            'no_witness_key',
            `The witness ${place.url} has no key in latchkey.yml, so its signatures are not checked: add the key that \`latchkey witness serve\` prints.`,
          ),
        ]
      : [];
  try {
    await witnessPublisher({ ...place, origin }).held('newest');
    return noKey;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [
      ...noKey,
      warningFinding('place_unreachable', `${why} Start it, or correct its address in the section "audit".`),
    ];
  }
};

/** A warning: a checkpoint is sent again until it is taken. */
const readable = async (publisher: Publisher): Promise<Finding[]> => {
  try {
    await publisher.held('newest');
    return [];
  } catch (error) {
    return [warningFinding('place_unreachable', error instanceof Error ? error.message : String(error))];
  }
};

const placeFindings = async (place: Place, origin: string): Promise<Finding[]> => {
  // Channels are looked at with the others; asking for a stamp would be the only look at an authority.
  if (place.kind === 'slack' || place.kind === 'tsa') return [];
  if (place.kind === 'witness') return witnessFindings(place, origin);
  if (place.kind === 'git') return readable(gitPublisher(place));
  if (place.kind === 's3') return readable(s3Publisher({ ...place, keys: awsKeys(process.env) }));
  const problem = await folderProblem(place.folder);
  return problem === null ? [] : [errorFinding('place_not_writable', problem)];
};

export const examineAuditLog = async (
  { origin, publish }: AuditSettings,
  { auditKey, isKeyBad }: { auditKey: string | null; isKeyBad: boolean },
): Promise<Examined> => {
  // What is wrong with a key that cannot be read stands under Configuration.
  const key = isKeyBad ? Promise.resolve([]) : keyFindings(auditKey, origin);
  const findings = await Promise.all([key, ...publish.map((place) => placeFindings(place, origin))]);
  const nowhere =
    publish.length === 0
      ? [
          warningFinding(
            'not_published',
            'Checkpoints of the audit log are published nowhere, so a log that was rewritten as a whole looks whole: name a place under publish in the section "audit".',
          ),
        ]
      : [];
  return plain(`${origin}, ${pluralize(publish.length, 'place')}`, [...findings.flat(), ...nowhere]);
};
