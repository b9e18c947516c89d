/** AES-256-GCM with several keys: the first encrypts, all decrypt. What a text belongs to is bound in as additional data. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `ciphertext` ends with the 16 bytes of the tag; `keyId` names the key without telling it. */
export type Sealed = { keyId: string; nonce: Buffer; ciphertext: Buffer };

export type Sealing = {
  seal(owner: string, plain: string): Sealed;
  /** Throws when the key is gone, or the text was changed or moved to another owner. */
  open(owner: string, sealed: Sealed): string;
};

const idOf = (key: Buffer): string =>
  createHash('sha256').update('latchkey key id').update(key).digest('hex').slice(0, 12);

/** `keys` are 32 bytes each, at least one. */
export const createSealing = (keys: Buffer[]): Sealing => {
  const [first] = keys;
  if (!first) throw new Error('a key is needed to encrypt credentials');
  const byId = new Map(keys.map((key) => [idOf(key), key]));
  return {
    seal: (owner, plain) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, first, nonce).setAAD(Buffer.from(owner));
      const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return { keyId: idOf(first), nonce, ciphertext };
    },
    open: (owner, { keyId, nonce, ciphertext }) => {
      const key = byId.get(keyId);
      if (!key) throw new Error(`the key ${keyId} that encrypted this is not among the configured ones`);
      const decipher = createDecipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(owner));
      decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(ciphertext.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
    },
  };
};
