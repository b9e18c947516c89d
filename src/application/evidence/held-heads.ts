/** Reads back what is published, and checks the signatures. What cannot be read is said, and holds nothing up. */
import { parseCheckpoint } from '../../lib/transparency/checkpoint.ts';
import { ED25519, checkNote, parseVkey } from '../../lib/transparency/note.ts';
import type { VerifierKey } from '../../lib/transparency/note.ts';
import type { Revoked } from './audit-key-ports.ts';
import type { EvidenceDeps, Held, KnownKey, Publisher } from './evidence-ports.ts';
import { revocationOf } from './revoked-keys.ts';

/** `by`: the vkey names of the one who signed beside the log. */
export type Head = { size: number; root: Buffer; source: string; place: string; isCosigned: boolean };
/** Signed by revoked keys alone, after they were: it counts for nothing. */
export type RevokedHead = Pick<Head, 'size' | 'root' | 'source'> & { key: Revoked & { vkey: string } };
/** What one place said. `problems`: what it holds and cannot be; `failure`: why it could not be read. */
export type PlaceHeads = {
  place: string;
  kind: Publisher['kind'];
  heads: Head[];
  revoked: RevokedHead[];
  problems: string[];
  failure: string | null;
};

/** Keys of the log itself: those that sign now and those that did. */
const logKeys = ({ signers, settings }: EvidenceDeps, all: readonly KnownKey[]): VerifierKey[] => {
  const own = signers.map(({ raw }) => ({ name: settings.origin, type: ED25519, raw }) as const);
  const known = all.flatMap(({ vkey }) => parseVkey(vkey) ?? []);
  return [...own, ...known].filter(({ name, type }) => name === settings.origin && type === ED25519);
};

type Reading = { keys: readonly VerifierKey[]; known: readonly KnownKey[]; origin: string; publisher: Publisher };
type Read = { head: Head } | { revoked: RevokedHead } | { problem: string };

/** null where it is no checkpoint of this log. */
const headOf = ({ text, source }: Held, { keys, known, origin, publisher }: Reading): Read | null => {
  const checkpoint = parseCheckpoint(text);
  if (checkpoint?.origin !== origin) return null;
  const { isGood, by } = checkNote(checkpoint.note, keys);
  if (!isGood) return { problem: `${source} has a checkpoint of this log without a signature by one of its keys.` };
  const { size, root } = checkpoint;
  const revocations = by.map((key) => revocationOf(known, key, size));
  const key = revocations.includes(null) ? null : revocations[0];
  if (key) return { revoked: { size, root, source, key } };
  const witness = publisher.vkey === null ? null : parseVkey(publisher.vkey);
  const isCosigned = witness !== null && checkNote(checkpoint.note, [witness]).isGood;
  return { head: { size, root, source, place: publisher.name, isCosigned } };
};

const readPlace = async (publisher: Publisher, wanted: 'newest' | 'all', reading: Reading): Promise<PlaceHeads> => {
  const base = { place: publisher.name, kind: publisher.kind };
  try {
    const found = (await publisher.held(wanted)).map((held) => headOf(held, reading));
    return {
      ...base,
      heads: found.flatMap((one) => (one && 'head' in one ? one.head : [])),
      revoked: found.flatMap((one) => (one && 'revoked' in one ? one.revoked : [])),
      problems: found.flatMap((one) => (one && 'problem' in one ? one.problem : [])),
      failure: null,
    };
  } catch (error) {
    return {
      ...base,
      heads: [],
      revoked: [],
      problems: [],
      failure: error instanceof Error ? error.message : String(error),
    };
  }
};

/** `keys`: the only ones that count, where given. */
export const readHeads = async (
  deps: EvidenceDeps,
  wanted: 'newest' | 'all',
  keys?: readonly VerifierKey[],
): Promise<PlaceHeads[]> => {
  const known = await deps.tree.keys.all();
  const counting = keys ?? logKeys(deps, known);
  const { origin } = deps.settings;
  return Promise.all(
    deps.publishers.map((publisher) => readPlace(publisher, wanted, { keys: counting, known, origin, publisher })),
  );
};
