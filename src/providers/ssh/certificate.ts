/** A user certificate for somebody's public key, in the format of OpenSSH (PROTOCOL.certkeys). */
import { randomBytes } from 'node:crypto';
import { certificateTypeOf, type SshPublicKey } from '../../lib/ssh-public-key.ts';
import { readSshStrings, sshString } from '../../lib/ssh-wire.ts';
import { signWith, type CaKey } from './ca-key.ts';

const USER = 1;
/** A host whose clock is behind accepts it at once. */
const BEFORE_MS = 5 * 60_000;

export type Wish = {
  /** The account, which is also the only principal. */
  account: string;
  now: Date;
  expiresAt: Date;
  canForward: boolean;
  /** Run in place of what the person wants to run; null where they may run what they like. */
  command: string | null;
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const option = (name: string, value: string | null): Buffer =>
  Buffer.concat([sshString(name), sshString(value === null ? '' : sshString(value))]);

/** In seconds; the second that the deadline falls into is still good. */
const seconds = (ms: number): bigint => BigInt(Math.ceil(ms / 1000));

/** One line, as in a file that ends in -cert.pub. Sorted by name, as sshd wants them: nothing but a terminal unless wanted. */
export const certificateFor = (ca: CaKey, key: SshPublicKey, wish: Wish): string => {
  const type = certificateTypeOf(key.type);
  if (type === null) throw new Error(`no certificate is known for ${key.type}`);
  const extensions = [...(wish.canForward ? ['permit-port-forwarding'] : []), 'permit-pty'];
  const toSign = Buffer.concat([
    sshString(type),
    sshString(randomBytes(32)),
    readSshStrings(key.blob, 1)?.rest ?? Buffer.alloc(0),
    uint64(randomBytes(8).readBigUInt64BE() >> 1n),
    uint32(USER),
    sshString(wish.account),
    sshString(sshString(wish.account)),
    uint64(seconds(wish.now.getTime() - BEFORE_MS)),
    uint64(seconds(wish.expiresAt.getTime())),
    sshString(wish.command === null ? '' : option('force-command', wish.command)),
    sshString(Buffer.concat(extensions.map((name) => option(name, null)))),
    sshString(''),
    sshString(ca.blob),
  ]);
  const signed = Buffer.concat([toSign, sshString(signWith(ca, toSign))]);
  return `${type} ${signed.toString('base64')} ${wish.account}`;
};
