/** Reads back what is published, and checks the signatures. What cannot be read is said, and holds nothing up. */
import { parseCheckpoint } from '../../lib/transparency/checkpoint.ts';
import { ED25519, checkNote, parseVkey } from '../../lib/transparency/note.ts';
import type { VerifierKey } from '../../lib/transparency/note.ts';
import type { EvidenceDeps, Held, Publisher } from './evidence-ports.ts';

/** `by`: the vkey names of the one who signed beside the log. */
export type Head = { size: number; root: Buffer; source: string; place: string; isCosigned: boolean };
/** What one place said. `problems`: what it holds and cannot be; `failure`: why it could not be read. */
export type PlaceHeads = {
  place: string;
  kind: Publisher['kind'];
  heads: Head[];
  problems: string[];
  failure: string | null;
};

/** Keys of the log itself: those that sign now and those that did. */
const logKeys = async ({ tree, signers, settings }: EvidenceDeps): Promise<VerifierKey[]> => {
  const own = signers.map(({ raw }) => ({ name: settings.origin, type: ED25519, raw }) as const);
  const known = (await tree.keys.all()).flatMap(({ vkey }) => parseVkey(vkey) ?? []);
  return [...own, ...known].filter(({ name, type }) => name === settings.origin && type === ED25519);
};

type Reading = { keys: readonly VerifierKey[]; origin: string; publisher: Publisher };

/** null where it is no checkpoint of this log. */
const headOf = ({ text, source }: Held, { keys, origin, publisher }: Reading): Head | string | null => {
  const checkpoint = parseCheckpoint(text);
  if (checkpoint?.origin !== origin) return null;
  const { isGood } = checkNote(checkpoint.note, keys);
  if (!isGood) return `${source} has a checkpoint of this log without a signature by one of its keys.`;
  const witness = publisher.vkey === null ? null : parseVkey(publisher.vkey);
  const isCosigned = witness !== null && checkNote(checkpoint.note, [witness]).isGood;
  const { size, root } = checkpoint;
  return { size, root, source, place: publisher.name, isCosigned };
};

const readPlace = async (publisher: Publisher, wanted: 'newest' | 'all', reading: Reading): Promise<PlaceHeads> => {
  const base = { place: publisher.name, kind: publisher.kind };
  try {
    const found = (await publisher.held(wanted)).map((held) => headOf(held, reading));
    return {
      ...base,
      heads: found.filter((head) => head !== null && typeof head !== 'string'),
      problems: found.filter((head) => typeof head === 'string'),
      failure: null,
    };
  } catch (error) {
    return { ...base, heads: [], problems: [], failure: error instanceof Error ? error.message : String(error) };
  }
};

/** `keys`: the only ones that count, where given. */
export const readHeads = async (
  deps: EvidenceDeps,
  wanted: 'newest' | 'all',
  keys?: readonly VerifierKey[],
): Promise<PlaceHeads[]> => {
  const counting = keys ?? (await logKeys(deps));
  const { origin } = deps.settings;
  return Promise.all(
    deps.publishers.map((publisher) => readPlace(publisher, wanted, { keys: counting, origin, publisher })),
  );
};
