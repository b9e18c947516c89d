/**
 * The private key of a target: it signs the certificates of people, and from it comes the key that Latchkey itself logs in with. As
 * `ssh-keygen -t ed25519` writes it (OpenSSH's PROTOCOL.key).
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { readSshStrings, sshString } from '../../lib/ssh-wire.ts';

const TYPE = 'ssh-ed25519';
const MAGIC = Buffer.from('openssh-key-v1\0');
const ARMOUR = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END OPENSSH PRIVATE KEY-----$/;
/** RFC 8410: what stands before the 32 bytes of a private key in PKCS#8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** `line`: as in a file that ends in .pub. */
type Pair = { seed: Buffer; privateKey: KeyObject; blob: Buffer; line: string };

/** `id`: the same for every host and every start, and reveals nothing of the key. */
export type CaKey = Pair & { id: string; helper: Pair };

const pairOf = (seed: Buffer): Pair => {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const blob = Buffer.concat([sshString(TYPE), sshString(der.subarray(-32))]);
  return { seed, privateKey, blob, line: `${TYPE} ${blob.toString('base64')}` };
};

const NO_KEY = 'must be a private key as ssh-keygen -t ed25519 writes it, from -----BEGIN to the end';

/** The 32 secret bytes, or what is wrong with the text. */
const seedIn = (text: string): Buffer | string => {
  const [, body] = ARMOUR.exec(text.trim()) ?? [];
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body, 'base64');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return NO_KEY;
  const outer = readSshStrings(bytes.subarray(MAGIC.length), 3);
  if (!outer || outer.strings.length < 3) return NO_KEY;
  if (outer.strings[0]?.toString() !== 'none')
    return 'is protected by a passphrase: make one with ssh-keygen -t ed25519 -N ""';
  const keys = readSshStrings(outer.rest.subarray(4), 2);
  // Two numbers stand before the private part.
  const inner = readSshStrings((keys?.strings[1] ?? Buffer.alloc(0)).subarray(8), 3);
  const [type, , secret] = inner?.strings ?? [];
  if (type !== undefined && type.toString() !== TYPE) return 'is of another type: make one with ssh-keygen -t ed25519';
  return secret?.length === 64 ? secret.subarray(0, 32) : NO_KEY;
};

/** Ends a sentence that begins with its name. */
export const caKeyProblem = (text: string): string | null => {
  const seed = seedIn(text);
  return typeof seed === 'string' ? seed : null;
};

/** Of a text that `caKeyProblem` finds nothing wrong with. */
export const readCaKey = (text: string): CaKey => {
  const seed = seedIn(text);
  if (typeof seed === 'string') throw new Error(`the ca_key ${seed}`);
  const ca = pairOf(seed);
  const derived = Buffer.from(hkdfSync('sha256', seed, Buffer.alloc(0), 'latchkey ssh host helper v1', 32));
  const id = createHash('sha256').update(ca.blob).digest('hex').slice(0, 16);
  return { ...ca, id, helper: pairOf(derived) };
};

export const signWith = ({ privateKey }: Pair, bytes: Buffer): Buffer =>
  Buffer.concat([sshString(TYPE), sshString(sign(null, bytes, privateKey))]);

/** As a program that speaks SSH reads it. */
export const privateKeyText = ({ seed, blob }: Pair): string => {
  const check = randomBytes(4);
  const secret = Buffer.concat([seed, blob.subarray(-32)]);
  const plain = Buffer.concat([
    check,
    check,
    sshString(TYPE),
    sshString(blob.subarray(-32)),
    sshString(secret),
    sshString(''),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (plain.length % 8)) % 8 }, (_, index) => index + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const parts = [MAGIC, sshString('none'), sshString('none'), sshString(''), count, sshString(blob)];
  const body = Buffer.concat([...parts, sshString(Buffer.concat([plain, padding]))]).toString('base64');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${(body.match(/.{1,70}/g) ?? []).join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
};
