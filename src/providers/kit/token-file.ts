/**
 * The only way in which a provider reads a file that the policy names. What is in it goes to a server that the policy names, too: so it is
 * a token that a platform renews there, and nothing else. An editor of the policy reads neither Latchkey's secrets nor any other file by it.
 */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { isOwnSecretFile } from '../../lib/own-secrets.ts';
import { ProviderError } from '../provider.ts';
import { codeOf } from './network-errors.ts';

const LONGEST = 65_536;

export type TokenFile = {
  file: string;
  /** Begins the sentence of a problem, such as "The token_file /a/b of the target". */
  what: string;
  /** Of a file that is JSON, the field that holds the token. */
  field?: string | undefined;
};

/** A pipe would be waited for, so that is not opened for reading to its end. */
const textOf = (file: string): string | null => {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) return null;
    const bytes = Buffer.alloc(LONGEST + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return length > LONGEST ? null : bytes.toString('utf8', 0, length).trim();
  } finally {
    closeSync(fd);
  }
};

const fieldOf = (text: string, field: string): string | null => {
  try {
    const value: unknown = JSON.parse(text);
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, field) : null;
    return typeof found === 'string' ? found : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
};

const isJwt = (text: string): boolean => {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return false;
  try {
    decodeJwt(text);
    return typeof decodeProtectedHeader(text).alg === 'string';
  } catch (error) {
    if (error instanceof TypeError || (error instanceof Error && 'code' in error)) return false;
    throw error;
  }
};

const tokenIn = (file: string, field: string | undefined): string | null => {
  const isRefused = realpathSync(file).startsWith('/proc/') || isOwnSecretFile(file, process.env);
  const text = isRefused ? null : textOf(file);
  const token = text !== null && field !== undefined ? fieldOf(text, field) : text;
  return token !== null && isJwt(token) ? token : null;
};

/** @throws ProviderError where it cannot be read, or holds anything but a JWT. */
export const readTokenFile = ({ file, what, field }: TokenFile): string => {
  const problem = (sentence: string, cause?: unknown): ProviderError =>
    new ProviderError('misconfigured', `${what} ${sentence}.`, { isUntouched: true, cause });
  let token: string | null;
  try {
    token = tokenIn(file, field);
  } catch (error) {
    const code = codeOf(error);
    if (code === '') throw error;
    throw problem(`cannot be read (${code})`, error);
  }
  if (token !== null) return token;
  throw problem('holds no token in the form of a JWT, and nothing else of it is sent to a server');
};
