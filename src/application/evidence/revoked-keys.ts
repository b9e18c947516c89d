/**
 * Keys that an operator revoked, as after a theft. What such a key signed before that moment stays good; under later heads its signature
 * counts for nothing, and nothing new is signed with it. The moment is kept as a size of the log, since a head has no time.
 */
import { SYSTEM } from '../../domain/audit/events.ts';
import { StartError } from '../../lib/start-error.ts';
import { ED25519, vkeyOf } from '../../lib/transparency/note.ts';
import type { Signer, VerifierKey } from '../../lib/transparency/note.ts';
import type { Revoked } from './audit-key-ports.ts';
import type { EvidenceDeps, KnownKey } from './evidence-ports.ts';

const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

type Known = Pick<KnownKey, 'vkey' | 'revoked'>;

/** null where the signature of this key under a head of so many leaves counts. */
export const revocationOf = (keys: readonly Known[], key: VerifierKey, size: number): (Revoked & Known) | null => {
  const vkey = vkeyOf(key);
  const known = keys.find((one) => one.vkey === vkey);
  return known?.revoked && size > known.revoked.size ? { ...known, ...known.revoked } : null;
};

export const revokedText = ({ vkey, from, size }: Revoked & { vkey: string }): string =>
  `The key ${vkey} was revoked from ${from.toISOString()} on, when ${size} leaves were signed`;

/** Those that may sign. Rejects where every key that is given was revoked. */
export const liveSigners = async ({ tree, signers, settings }: EvidenceDeps): Promise<readonly Signer[]> => {
  const keys = await tree.keys.all();
  const keyOf = ({ raw }: Signer): VerifierKey => ({ name: settings.origin, type: ED25519, raw });
  const refused = signers.flatMap((signer) => revocationOf(keys, keyOf(signer), Infinity) ?? []);
  const live = signers.filter((signer) => revocationOf(keys, keyOf(signer), Infinity) === null);
  const [first] = refused;
  if (live.length === 0 && first)
    throw new StartError(
      `${revokedText(first)}, so nothing is signed with it. Make a new key with \`openssl genpkey -algorithm ed25519\`, give it as LATCHKEY_AUDIT_KEY, and start Latchkey again.`,
    );
  return live;
};

export type RevokeKeyInput = { vkey: string; since: Date | null; reason: string };

const demandKnown = (keys: readonly KnownKey[], vkey: string): KnownKey => {
  const known = keys.find((one) => one.vkey === vkey);
  if (known) return known;
  const names = keys.map((one) => `\n  ${one.vkey}`).join('');
  throw new StartError(
    names === ''
      ? `No key has signed this log yet, so there is none to revoke.`
      : `${vkey} has not signed this log; these keys have:${names}`,
  );
};

/** The event and what the log is checked by, in one transaction. A moment may be corrected to an earlier one, never to a later one. */
export const revokeKey = async (
  { store, tree }: Pick<EvidenceDeps, 'store' | 'tree'>,
  { vkey, since, reason }: RevokeKeyInput,
): Promise<Revoked> => {
  const known = demandKnown(await tree.keys.all(), vkey);
  const now = await store.read.now();
  const from = since ?? now;
  if (from > now)
    throw new StartError(`${from.toISOString()} is not over yet; a key is revoked from a moment in the past on.`);
  if (known.revoked && known.revoked.from <= from)
    throw new StartError(`${revokedText({ vkey, ...known.revoked })}. Only an earlier moment can take its place.`);
  const revoked = { from, size: await tree.keys.sizeAt(from) };
  await store.transaction(async (tx) => {
    await tx.auditKeys.revoke(vkey, revoked);
    const data = { vkey, from: from.toISOString(), size: revoked.size, reason };
    await tx.audit.append({ ...NOWHERE, type: 'key.revoked', data });
  });
  return revoked;
};
