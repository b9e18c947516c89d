export type SealedSecret = { keyId: string; nonce: Buffer; ciphertext: Buffer };

/** Encrypts what the requester may see. The grant id is bound in, so a secret cannot be moved to another grant. */
export type Vault = {
  seal(grantId: string, plain: string): SealedSecret;
  open(grantId: string, sealed: SealedSecret): string;
};
