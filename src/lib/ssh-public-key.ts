/** A public key of SSH as people paste it: what it is, or what is wrong with it. */
import { createHash } from 'node:crypto';
import { readSshStrings } from './ssh-wire.ts';

/** `line`: type and key, without a comment. */
export type SshPublicKey = { type: string; blob: Buffer; line: string; fingerprint: string };

/** How many strings follow the type, and what the certificate of such a key is called (OpenSSH's PROTOCOL.certkeys). */
const TYPES: Readonly<Record<string, { parts: number; certificate: string }>> = {
  'ssh-ed25519': { parts: 1, certificate: 'ssh-ed25519-cert-v01@openssh.com' },
  'ssh-rsa': { parts: 2, certificate: 'ssh-rsa-cert-v01@openssh.com' },
  'ecdsa-sha2-nistp256': { parts: 2, certificate: 'ecdsa-sha2-nistp256-cert-v01@openssh.com' },
  'ecdsa-sha2-nistp384': { parts: 2, certificate: 'ecdsa-sha2-nistp384-cert-v01@openssh.com' },
  'ecdsa-sha2-nistp521': { parts: 2, certificate: 'ecdsa-sha2-nistp521-cert-v01@openssh.com' },
  'sk-ssh-ed25519@openssh.com': { parts: 2, certificate: 'sk-ssh-ed25519-cert-v01@openssh.com' },
  'sk-ecdsa-sha2-nistp256@openssh.com': { parts: 3, certificate: 'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com' },
};

export const certificateTypeOf = (type: string): string | null => TYPES[type]?.certificate ?? null;

const LONGEST = 8_000;
const LEAST_RSA_BITS = 2_048;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const fingerprintOf = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

const bitsOf = (integer: Buffer): number => {
  const first = integer.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (integer.length - first - 1) * 8 + (integer[first] ?? 0).toString(2).length;
};

const partsProblem = (type: string, blob: Buffer): string | null => {
  const read = readSshStrings(blob);
  const [name, ...parts] = read?.strings ?? [];
  if (!read || name?.toString() !== type || parts.length !== TYPES[type]?.parts)
    return 'is cut short or changed: paste the whole line';
  if (type === 'ssh-ed25519' && parts[0]?.length !== 32) return 'is cut short or changed: paste the whole line';
  if (type === 'ssh-rsa' && bitsOf(parts[1] ?? Buffer.alloc(0)) < LEAST_RSA_BITS)
    return `is an RSA key of fewer than ${LEAST_RSA_BITS} bits: make one with ssh-keygen -t ed25519`;
  return null;
};

/** `problem` ends a sentence that begins with what it is: "The public key …". */
export const readSshPublicKey = (text: string): { key: SshPublicKey } | { problem: string } => {
  const trimmed = text.trim();
  if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(trimmed))
    return { problem: 'is a private key. It was not kept; make a new pair, and paste the file that ends in .pub' };
  if (trimmed.length > LONGEST) return { problem: 'is too long' };
  if (/[\r\n]/.test(trimmed)) return { problem: 'must be one line, as in a file that ends in .pub' };
  const [type = '', encoded = ''] = trimmed.split(/\s+/);
  if (/-cert-v\d\d@/.test(type))
    return { problem: 'is a certificate: paste the public key, which ends in .pub without -cert' };
  if (!Object.hasOwn(TYPES, type))
    return { problem: 'must begin with its type, such as ssh-ed25519: paste the line of a file that ends in .pub' };
  if (!BASE64.test(encoded)) return { problem: 'is cut short or changed: paste the whole line' };
  const blob = Buffer.from(encoded, 'base64');
  const problem = partsProblem(type, blob);
  if (problem !== null) return { problem };
  return { key: { type, blob, line: `${type} ${blob.toString('base64')}`, fingerprint: fingerprintOf(blob) } };
};
