/** The code of a statement: made by this server for one person, one host and a quarter of an hour, and stored nowhere. */
import type { LinkedKind } from '../../domain/clients/account-host.ts';
import type { Vault } from '../grants/vault.ts';

const PREFIX = 'lkl1';
const CODE_LIFE_MS = 15 * 60_000;

type For = { kind: LinkedKind; host: string; personId: string };

/** Bound in: the code of one person opens for no other. */
const ownerOf = ({ kind, host, personId }: For): string => `account link ${JSON.stringify([kind, host, personId])}`;

export const sealCode = (vault: Vault, of: For, now: Date): string => {
  const { keyId, nonce, ciphertext } = vault.seal(ownerOf(of), String(now.getTime() + CODE_LIFE_MS));
  return [PREFIX, keyId, nonce.toString('base64url'), ciphertext.toString('base64url')].join('.');
};

/** True where it was made for this person and host, and has not expired. */
export const openCode = (vault: Vault, of: For, { code, now }: { code: string; now: Date }): boolean => {
  const [prefix, keyId = '', nonce = '', ciphertext = '', ...rest] = code.split('.');
  if (prefix !== PREFIX || rest.length > 0) return false;
  try {
    const sealed = { keyId, nonce: Buffer.from(nonce, 'base64url'), ciphertext: Buffer.from(ciphertext, 'base64url') };
    return now.getTime() < Number(vault.open(ownerOf(of), sealed));
  } catch (error) {
    // Whatever is no code of ours for this person is none, however it fails to open.
    if (error instanceof Error) return false;
    throw error;
  }
};
