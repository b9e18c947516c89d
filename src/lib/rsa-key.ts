import { createPrivateKey } from 'node:crypto';

/** Of a private key in PEM, PKCS#1 or 8. */
export const isRsaKey = (pem: string): boolean => {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};
