/** A time-stamping authority (RFC 3161): it signs when the head of the log was there. Its stamps are kept beside the checkpoints. */
import { createHash, randomBytes } from 'node:crypto';
import type { Held, Publisher, StoredCheckpoint } from '../application/evidence/evidence-ports.ts';
import { boundedBytes } from '../lib/bounded-text.ts';
import { parseNote } from '../lib/transparency/note.ts';
import { stampRequest, stampedAt } from './time-stamp.ts';

const TIMEOUT_MS = 10_000;
const ANSWER_MAX = 65_536;
const NONCE_BYTES = 8;

export type Stamped = { note: string; receipt: Buffer };
export type TsaSettings = { url: string; stamps: () => Promise<readonly Stamped[]> };

/** Of the text that the log signs, which no later signature changes. */
const hashOf = (note: string): Buffer =>
  createHash('sha256')
    .update(parseNote(note)?.text ?? note)
    .digest();

const positive = (): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
  return nonce;
};

const send = async (url: string, body: Buffer): Promise<Buffer> => {
  try {
    const { fetch } = (await import('undici')).default;
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/timestamp-query' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) throw new Error(`it answered with status ${response.status}`);
    return await boundedBytes(response.body, ANSWER_MAX);
  } catch (error) {
    const why =
      error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'no answer';
    throw new Error(`The time-stamping authority ${url} cannot be used (${why}).`, { cause: error });
  }
};

const stamp = async (url: string, { note }: StoredCheckpoint): Promise<Buffer> => {
  const [hash, nonce] = [hashOf(note), positive()];
  const answer = await send(url, stampRequest(hash, nonce));
  const at = stampedAt(answer, { hash, nonce });
  if (typeof at === 'string') throw new Error(`The time-stamping authority ${url} cannot be used (${at}).`);
  return answer;
};

const heldOf = (url: string, { note, receipt }: Stamped): Held => {
  const at = stampedAt(receipt, { hash: hashOf(note), nonce: null });
  if (typeof at === 'string') throw new Error(`A stamp of ${url} that is kept does not fit to its checkpoint (${at}).`);
  return { text: note, source: `a stamp of ${url} at ${at.toISOString()}` };
};

export const tsaPublisher = ({ url, stamps }: TsaSettings): Publisher => ({
  name: `tsa:${url}`,
  kind: 'tsa',
  vkey: null,
  takesEach: false,
  put: async (checkpoint) => ({ signatures: '', receipt: await stamp(url, checkpoint) }),
  held: async (wanted) => {
    const all = await stamps();
    return (wanted === 'all' ? all : all.slice(-1)).map((one) => heldOf(url, one));
  },
});
