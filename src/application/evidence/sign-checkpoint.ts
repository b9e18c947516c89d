/**
 * Signs the head of the tree, after looking whether it continues what was signed last and what every place holds.
 * A log that does not is not signed: admins are notified, and `audit verify` says what differs.
 */
import { SYSTEM } from '../../domain/audit/events.ts';
import { checkpointText, parseCheckpoint } from '../../lib/transparency/checkpoint.ts';
import { ED25519, signNote, vkeyOf } from '../../lib/transparency/note.ts';
import { StartError } from '../../lib/start-error.ts';
import { closeKind, notifyAdmins } from '../record/notify-admins.ts';
import type { EvidenceDeps, Signing, StoredCheckpoint } from './evidence-ports.ts';
import { readHeads } from './held-heads.ts';
import { liveSigners } from './revoked-keys.ts';

const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;
const DAY_MS = 86_400_000;
const SEAL_BATCH = 1_000;

export class CheckpointRefused extends StartError {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(['The audit log is not signed:', ...problems].join('\n'));
    this.problems = problems;
  }
}

type SignedHead = { size: number; root: Buffer; source: string };

const problemOf = ({ size, source }: SignedHead, now: number): string =>
  size > now
    ? `The audit log has ${now} entries, and ${source} has a checkpoint of ${size}: its newest entries are gone, or an old copy of the database is in use.`
    : `The first ${size} entries are not those of the checkpoint that ${source} has: the log was rewritten, or two logs are signed with one key.`;

const problemsWith = async (signing: Signing, heads: readonly SignedHead[]): Promise<string[]> => {
  const known = heads.filter(({ size }) => size <= signing.size);
  const roots = await signing.rootsAt(known.map(({ size }) => size));
  const wrong = new Set(known.filter(({ root }, index) => !roots[index]?.equals(root)));
  return heads
    .filter((head) => head.size > signing.size || wrong.has(head))
    .map((head) => problemOf(head, signing.size));
};

/** Each key that signs first says so in the log, and so does each that no longer does. */
const recordKeys = async ({ store, tree, signers, settings }: EvidenceDeps): Promise<boolean> => {
  const now = signers.map(({ raw }) => vkeyOf({ name: settings.origin, type: ED25519, raw }));
  const known = await tree.keys.all();
  const live = new Set(known.filter(({ isRetired }) => !isRetired).map(({ vkey }) => vkey));
  const added = now.filter((vkey) => !live.has(vkey));
  const retired = [...live].filter((vkey) => !now.includes(vkey));
  if (added.length + retired.length === 0) return false;
  await store.transaction(async (tx) => {
    for (const vkey of added) await tx.audit.append({ ...NOWHERE, type: 'key.added', data: { vkey } });
    for (const vkey of retired) await tx.audit.append({ ...NOWHERE, type: 'key.retired', data: { vkey } });
    if (added.length > 0) await closeKind(tx, 'key_revoked', 'Another key signs the log now.');
  });
  for (const vkey of added) await tree.keys.put(vkey, false);
  for (const vkey of retired) await tree.keys.put(vkey, true);
  return true;
};

/** Until nothing waits, or another process seals what is left. */
const sealAll = async ({ store }: Pick<EvidenceDeps, 'store'>): Promise<void> => {
  while ((await store.audit.seal(SEAL_BATCH)) > 0);
};

const originOf = ({ note }: StoredCheckpoint): string | null => parseCheckpoint(note)?.origin ?? null;

const signNow = async (deps: EvidenceDeps, signing: Signing, heads: readonly SignedHead[]) => {
  const { size, newest } = signing;
  if (size === 0) return null;
  const { origin } = deps.settings;
  const before = newest ? [{ ...newest, source: 'the database' }] : [];
  const before0 = newest && originOf(newest);
  const renamed =
    before0 && before0 !== origin
      ? [`This log was signed as ${before0} and is named ${origin} in latchkey.yml now; a log keeps its name.`]
      : [];
  const problems = [...renamed, ...(await problemsWith(signing, [...before, ...heads]))];
  if (problems.length > 0) throw new CheckpointRefused(problems);
  if (newest?.size === size) return newest;
  const [root] = await signing.rootsAt([size]);
  if (!root) throw new Error('The store gave no root of the tree.');
  const note = await signNote(checkpointText({ origin, size, root }), deps.signers);
  await signing.add({ size, root, note });
  return { size, root, note, signedAt: new Date(0) };
};

/** Once a day: it is tried again and again. */
const recordRefusal = (
  deps: EvidenceDeps,
  kind: 'checkpoint_refused' | 'key_revoked',
  { problems }: CheckpointRefused,
): Promise<void> =>
  deps.store.transaction(async (tx) => {
    const lines = [...problems];
    const refused = { kind, about: deps.settings.origin, lines, withinMs: DAY_MS } as const;
    if (await notifyAdmins(tx, deps.ids, refused))
      await tx.audit.append({ ...NOWHERE, type: 'checkpoint.refused', data: { problems: lines } });
  });

const demandLive = async (deps: EvidenceDeps): Promise<EvidenceDeps['signers']> => {
  try {
    return await liveSigners(deps);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const refused = new CheckpointRefused([error.message]);
    await recordRefusal(deps, 'key_revoked', refused);
    throw refused;
  }
};

/** The newest checkpoint, which covers every event that was committed before; null while the log is empty. */
export const signCheckpoint = async (deps: EvidenceDeps): Promise<StoredCheckpoint | null> => {
  if (deps.signers.length === 0)
    throw new StartError('LATCHKEY_AUDIT_KEY is not set; make a key with `openssl genpkey -algorithm ed25519`.');
  const signers = await demandLive(deps);
  await recordKeys(deps);
  await sealAll(deps);
  const places = await readHeads(deps, 'newest');
  for (const { place, failure } of places)
    if (failure !== null) deps.log.warn({ place, error: failure }, 'a place of checkpoints cannot be read');
  const heads = places.flatMap((place) => place.heads);
  try {
    return await deps.tree.signing((signing) => signNow({ ...deps, signers }, signing, heads));
  } catch (error) {
    if (error instanceof CheckpointRefused) await recordRefusal(deps, 'checkpoint_refused', error);
    throw error;
  }
};

/** Signs when it is time and there is something new. */
export const signWhenDue = async (deps: EvidenceDeps): Promise<void> => {
  const [age, size, newest] = await Promise.all([deps.tree.newestAgeMs(), deps.tree.size(), deps.tree.newest()]);
  const isNew = size > (newest?.size ?? 0);
  if (isNew && (age === null || age >= deps.settings.checkpointMs)) await signCheckpoint(deps);
};
