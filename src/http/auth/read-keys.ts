/** The key set of an issuer, fetched by its discovery document or read from a file. */
import { readFile, stat } from 'node:fs/promises';
import { createLocalJWKSet } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { Issuer } from '../../domain/clients/issuer.ts';
import { AnswerTooLong, boundedText } from '../../lib/bounded-text.ts';
import { isLocalHttp } from '../../lib/local-http.ts';

const TIMEOUT_MS = 5_000;
const BYTES_MAX = 512 * 1024;
const KEYS_MAX = 100;

/** `message` is a sentence for operators. */
export class KeysError extends Error {
  override name = 'KeysError';
}

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
/** Symmetric keys are no keys of an issuer: anyone who can read them could sign. */
const jwk = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) });
const keySet = z.object({ keys: z.array(z.unknown()).max(KEYS_MAX) });

export type KeySet = { find: JWTVerifyGetKey; count: number };

const why = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code || error.message;
};

const keySetOf = (value: unknown, from: string): KeySet => {
  const parsed = keySet.safeParse(value);
  const keys = (parsed.data?.keys ?? []).flatMap((key) => jwk.safeParse(key).data ?? []);
  if (keys.length === 0) throw new KeysError(`${from} holds no key set with RSA, EC or OKP keys.`);
  return { find: createLocalJWKSet({ keys }), count: keys.length };
};

const parse = (text: string, from: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new KeysError(`${from} is no JSON.`, { cause: error });
  }
};

const fetchJson = async (url: string, signal: AbortSignal): Promise<unknown> => {
  try {
    const response = await fetch(url, { redirect: 'error', signal, headers: { accept: 'application/json' } });
    if (!response.ok) throw new KeysError(`${url} answers with ${response.status}.`);
    return parse(await boundedText(response.body, BYTES_MAX), url);
  } catch (error) {
    if (error instanceof KeysError) throw error;
    if (error instanceof AnswerTooLong)
      throw new KeysError(`${url} answers with more than ${BYTES_MAX / 1024} KiB.`, { cause: error });
    throw new KeysError(`${url} cannot be read: ${why(error)}.`, { cause: error });
  }
};

/** Plain http only where the issuer itself is plain http on this machine. */
const isAllowed = (address: string, issuer: Issuer): boolean => {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === 'https:' || (issuer.url.startsWith('http:') && isLocalHttp(url));
};

const fetchKeys = async (issuer: Issuer): Promise<KeySet> => {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const address = `${issuer.url.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const found = discovery.safeParse(await fetchJson(address, signal));
  if (!found.success) throw new KeysError(`${address} names no issuer and jwks_uri.`);
  const { issuer: named, jwks_uri: uri } = found.data;
  if (named !== issuer.url)
    throw new KeysError(`${address} is of the issuer ${named.slice(0, 200)}, not of ${issuer.url}.`);
  if (!isAllowed(uri, issuer))
    throw new KeysError(`${address} names keys at ${uri.slice(0, 200)}, which is not https.`);
  return keySetOf(await fetchJson(uri, signal), uri);
};

const readKeysFile = async (path: string): Promise<KeySet> => {
  try {
    if ((await stat(path)).size > BYTES_MAX) throw new KeysError(`${path} is larger than ${BYTES_MAX / 1024} KiB.`);
    return keySetOf(parse(await readFile(path, 'utf8'), path), path);
  } catch (error) {
    if (error instanceof KeysError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new KeysError(`${path} cannot be read (${code}); check its path and permissions.`, { cause: error });
  }
};

/** Rejects with a `KeysError`. */
export const readKeys = (issuer: Issuer): Promise<KeySet> =>
  issuer.keysFile === null ? fetchKeys(issuer) : readKeysFile(issuer.keysFile);
