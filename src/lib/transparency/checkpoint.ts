/** C2SP tlog-checkpoint and tlog-proof. */
import { parseNote } from './note.ts';
import type { Note } from './note.ts';

export type Checkpoint = { origin: string; size: number; root: Buffer };

export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`;

const decimal = /^(0|[1-9]\d{0,15})$/;
const HASH = /^[A-Za-z0-9+/]{43}=$/;

/** The signatures are checked elsewhere. */
export const parseCheckpoint = (text: string): (Checkpoint & { note: Note }) | null => {
  const note = parseNote(text);
  const [origin = '', size = '', root = ''] = note?.text.split('\n') ?? [];
  if (!note || origin === '' || !decimal.test(size) || !HASH.test(root)) return null;
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), note };
};

export const proofText = (index: number, path: readonly Buffer[], checkpoint: string): string =>
  ['c2sp.org/tlog-proof@v1', `index ${index}`, ...path.map((hash) => hash.toString('base64')), '', checkpoint].join(
    '\n',
  );
