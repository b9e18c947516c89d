/** C2SP signed notes with Ed25519: text, an empty line, and a line for each signature. */
import { createHash, createPublicKey, verify as verifyBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
const DASH = '\u2014';
const ID_BYTES = 4;
const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;

export type KeyType = typeof ED25519 | typeof COSIGNATURE;
/** `raw`: the 32 bytes of the public key. */
export type VerifierKey = { name: string; type: KeyType; raw: Buffer };
/** `sign` may be a program or a service outside of this process. */
export type Signer = { name: string; raw: Buffer; sign(message: Buffer): Promise<Buffer> };

/** Before the 32 bytes of an Ed25519 key in DER. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Of a private or a public key. */
export const rawPublicKey = (key: KeyObject): Buffer => {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError(`This is a ${key.asymmetricKeyType ?? 'secret'} key.`);
  const open = key.type === 'public' ? key : createPublicKey(key);
  return open.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
};

const keyObject = (raw: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });

export const verifyEd25519 = (message: Buffer, signature: Buffer, raw: Buffer): boolean =>
  verifyBytes(null, message, keyObject(raw), signature);

const keyId = ({ name, type, raw }: VerifierKey): Buffer =>
  createHash('sha256')
    .update(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), raw]))
    .digest()
    .subarray(0, ID_BYTES);

/** A name holds no space and no plus. */
export const isKeyName = (name: string): boolean => name !== '' && !/[\s+\p{Cc}]/u.test(name);

/** `name+8 hex digits+base64`: what others are given to check signatures with. */
export const vkeyOf = (key: VerifierKey): string =>
  `${key.name}+${keyId(key).toString('hex')}+${Buffer.concat([Buffer.from([key.type]), key.raw]).toString('base64')}`;

export const parseVkey = (text: string): VerifierKey | null => {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  const type = bytes[0];
  if (bytes.length !== 33 || (type !== ED25519 && type !== COSIGNATURE)) return null;
  const key: VerifierKey = { name, type, raw: bytes.subarray(1) };
  return keyId(key).toString('hex') === id ? key : null;
};

export const signatureLine = (key: VerifierKey, signature: Buffer): string =>
  `${DASH} ${key.name} ${Buffer.concat([keyId(key), signature]).toString('base64')}\n`;

/** `text` ends with a newline. */
export const signNote = async (text: string, signers: readonly Signer[]): Promise<string> => {
  if (!text.endsWith('\n')) throw new Error('The text of a note ends with a newline.');
  const lines = await Promise.all(
    signers.map(async ({ name, raw, sign }) =>
      signatureLine({ name, type: ED25519, raw }, await sign(Buffer.from(text))),
    ),
  );
  return `${text}\n${lines.join('')}`;
};

export type Signature = { name: string; id: Buffer; bytes: Buffer };
export type Note = { text: string; signatures: Signature[] };

const signatureOf = (line: string): Signature | null => {
  const [, name, encoded] = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) return null;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length <= ID_BYTES || bytes.toString('base64') !== encoded) return null;
  return { name, id: bytes.subarray(0, ID_BYTES), bytes: bytes.subarray(ID_BYTES) };
};

const CONTROL = /[^\P{Cc}\n]/u;

/** Split at the last empty line; null where it is no note. */
export const parseNote = (note: string): Note | null => {
  if (Buffer.byteLength(note) > NOTE_BYTES_MAX || CONTROL.test(note) || !note.endsWith('\n')) return null;
  const at = note.lastIndexOf('\n\n');
  if (at === -1) return null;
  const lines = note.slice(at + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) return null;
  const signatures = lines.map(signatureOf);
  const good = signatures.filter((signature) => signature !== null);
  return good.length === signatures.length && good.length > 0
    ? { text: note.slice(0, at + 1), signatures: good }
    : null;
};

const COSIGNATURE_BYTES = 72;

/** What a witness signs: the moment and the whole text. */
export const cosignedMessage = (seconds: bigint, text: string): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);

const isSignedBy = ({ text }: Note, key: VerifierKey, { bytes }: Signature): boolean => {
  if (key.type === ED25519) return verifyEd25519(Buffer.from(text), bytes, key.raw);
  if (bytes.length !== COSIGNATURE_BYTES) return false;
  return verifyEd25519(cosignedMessage(bytes.readBigUInt64BE(0), text), bytes.subarray(8), key.raw);
};

export type Opened = { isGood: boolean; by: VerifierKey[] };

/** Unknown keys are passed over; one signature by a known key that does not hold makes the whole note bad. */
export const checkNote = (note: Note, keys: readonly VerifierKey[]): Opened => {
  const by: VerifierKey[] = [];
  for (const signature of note.signatures) {
    const key = keys.find((known) => known.name === signature.name && keyId(known).equals(signature.id));
    if (!key) continue;
    if (!isSignedBy(note, key, signature)) return { isGood: false, by: [] };
    by.push(key);
  }
  return { isGood: by.length > 0, by };
};
