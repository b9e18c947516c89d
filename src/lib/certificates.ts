/** CA certificates as text: whether they are what they should be, and how they are given to TLS. */
import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const PATH = /^(?:[\w.~-]*[/\\][^\n]*|[^\s/]+\.(?:pem|crt|cer|der|ca|p7b|pfx))$/i;

/** Line breaks that an env file wrote as `\n` are line breaks. */
export const pemOf = (text: string): string => text.trim().replaceAll(String.raw`\n`, '\n');

const isReadable = (block: string): boolean => {
  try {
    return new X509Certificate(block).serialNumber !== '';
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};

const findProblem = (pem: string, fromFile: string): string | null => {
  if (PATH.test(pem)) return `is a path, not a certificate: ${fromFile}`;
  const blocks = [...pem.matchAll(BLOCK)];
  const kinds = blocks.map(([, kind = '']) => kind);
  if (kinds.some((kind) => kind.endsWith('PRIVATE KEY'))) return 'holds a private key: give certificates only';
  if (blocks.length === 0 && !pem.includes('-----BEGIN'))
    return 'must be a certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----';
  if (blocks.length !== pem.split('-----BEGIN ').length - 1)
    return 'is cut off: each certificate ends with -----END CERTIFICATE-----';
  if (kinds.some((kind) => kind !== 'CERTIFICATE')) return 'holds something else than certificates: give those only';
  const broken = blocks.findIndex(([block]) => !isReadable(block));
  return broken === -1 ? null : `cannot be read (certificate ${broken + 1} of ${blocks.length}): copy it anew, whole`;
};

/** Thousands of targets may name one bundle of a hundred certificates. */
const KNOWN_MAX = 50;
const known = new Map<string, string | null>();

/** What is wrong, as the end of a sentence; null where it is one certificate or more. `fromFile`: what to do with a path. */
export const caProblem = (text: string, fromFile: string): string | null => {
  const key = `${fromFile}\n${text}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const problem = findProblem(pemOf(text), fromFile);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, problem);
  return problem;
};
