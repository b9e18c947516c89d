/** What a witness answers: C2SP tlog-witness. It signs a head only when it continues the one that it signed before. */
import { parseCheckpoint } from '../../lib/transparency/checkpoint.ts';
import { COSIGNATURE, checkNote, cosignedMessage, signatureLine } from '../../lib/transparency/note.ts';
import type { Signer, VerifierKey } from '../../lib/transparency/note.ts';
import { isConsistent } from '../../lib/transparency/tree.ts';

/** The newest head that was signed, by the log's name. */
export type Seen = Record<string, { size: number; root: string; checkpoint: string }>;
export type Answer = { status: number; type: string; body: string; seen?: Seen };

const PLAIN = 'text/plain; charset=utf-8';
const HASHES_MAX = 63;
const HASH = /^[A-Za-z0-9+/]{43}=$/;

const answer = (status: number, body: string): Answer => ({ status, type: PLAIN, body });
const conflict = (size: number): Answer => ({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` });

type SignRequest = { oldSize: number; proof: Buffer[]; checkpoint: string };

const readBody = (body: string): SignRequest | null => {
  const at = body.indexOf('\n\n');
  const [first = '', ...hashes] = body.slice(0, Math.max(at, 0)).split('\n');
  const [, size] = /^old (0|[1-9]\d{0,15})$/.exec(first) ?? [];
  if (size === undefined || hashes.length > HASHES_MAX || !hashes.every((hash) => HASH.test(hash))) return null;
  return {
    oldSize: Number(size),
    proof: hashes.map((hash) => Buffer.from(hash, 'base64')),
    checkpoint: body.slice(at + 2),
  };
};

const EIGHT = 8;

const cosign = async (text: string, signer: Signer, nowSeconds: bigint): Promise<string> => {
  const time = Buffer.alloc(EIGHT);
  time.writeBigUInt64BE(nowSeconds);
  const signature = await signer.sign(cosignedMessage(nowSeconds, text));
  return signatureLine({ name: signer.name, type: COSIGNATURE, raw: signer.raw }, Buffer.concat([time, signature]));
};

export type Witness = { signer: Signer; logs: readonly VerifierKey[]; nowSeconds: () => bigint };

const judge = (seen: Seen, { oldSize, proof, checkpoint: text }: SignRequest, logs: readonly VerifierKey[]) => {
  const checkpoint = parseCheckpoint(text);
  if (!checkpoint) return answer(400, 'This is no checkpoint.\n');
  const { origin, size, root, note } = checkpoint;
  const keys = logs.filter(({ name }) => name === origin);
  if (keys.length === 0) return answer(404, 'This witness does not know this log.\n');
  if (!checkNote(note, keys).isGood) return answer(403, 'No signature by a known key of this log holds.\n');
  if (oldSize > size) return answer(400, 'The old size is larger than the checkpoint.\n');
  const before = Object.hasOwn(seen, origin) ? seen[origin] : undefined;
  if (oldSize !== (before?.size ?? 0)) return conflict(before?.size ?? 0);
  const oldRoot = Buffer.from(before?.root ?? '', 'base64');
  if (before && size === before.size && !root.equals(oldRoot)) return conflict(before.size);
  const continues = before === undefined || isConsistent({ oldSize, oldRoot, size, root }, proof);
  if (!continues || (before === undefined && proof.length > 0)) return answer(422, 'The proof does not hold.\n');
  return { origin, size, root, note };
};

/** `seen` of the answer is stored before it is sent. */
export const addCheckpoint = async (witness: Witness, seen: Seen, body: string): Promise<Answer> => {
  const signing = readBody(body);
  if (!signing) return answer(400, 'This is no request of tlog-witness.\n');
  const judged = judge(seen, signing, witness.logs);
  if ('status' in judged) return judged;
  const { origin, size, root, note } = judged;
  const line = await cosign(note.text, witness.signer, witness.nowSeconds());
  const checkpoint = `${signing.checkpoint}${line}`;
  return { ...answer(200, line), seen: { ...seen, [origin]: { size, root: root.toString('base64'), checkpoint } } };
};
