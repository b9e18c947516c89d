/** The keys that sign: Ed25519 in PEM, one or more, or a program that holds the key elsewhere. */
import { createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { pemOf } from '../certificates.ts';
import { StartError } from '../start-error.ts';
import { rawPublicKey, verifyEd25519 } from './note.ts';
import type { Signer } from './note.ts';

const COMMAND = 'command:';
const COMMAND_TIMEOUT_MS = 10_000;
const PRIVATE_KEY = /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/g;
const MAKE_KEY = 'make one with `openssl genpkey -algorithm ed25519`';

const problemOfPem = (pem: string): string | null => {
  const blocks = pem.match(PRIVATE_KEY) ?? [];
  if (blocks.length === 0) return `holds no private key in PKCS#8 PEM; ${MAKE_KEY}`;
  if (blocks.length !== pem.split('-----BEGIN ').length - 1)
    return `holds something else than private keys; ${MAKE_KEY}`;
  for (const block of blocks)
    try {
      if (createPrivateKey(block).asymmetricKeyType !== 'ed25519') return `is no Ed25519 key; ${MAKE_KEY}`;
    } catch (error) {
      if (error instanceof Error) return `cannot be read as a private key; ${MAKE_KEY}`;
      throw error;
    }
  return null;
};

/** A sentence without its subject, which never holds the key; null where the key can be used. */
export const signerProblem = (text: string): string | null => {
  if (!text.startsWith(COMMAND)) return problemOfPem(pemOf(text));
  return text.slice(COMMAND.length).trim() ? null : 'names no program after command:; write command:/path/to/program';
};

const localSigner = (name: string, pem: string): Signer => {
  const key = createPrivateKey(pem);
  return { name, raw: rawPublicKey(key), sign: (message) => Promise.resolve(signBytes(null, message, key)) };
};

const run = (program: string, verb: string, input: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(program, [verb], { timeout: COMMAND_TIMEOUT_MS }, (error, stdout) =>
      error
        ? reject(
            new StartError(`The program of LATCHKEY_AUDIT_KEY (${program} ${verb}) failed; run it by hand to see why.`),
          )
        : resolve(stdout.trim()),
    );
    // How a program ends says that it did not read.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdin?.end(input);
  });

/** `<program> public` prints the public key in PEM, `<program> sign` signs its standard input and prints 64 bytes in base64. */
const commandSigner = async (name: string, program: string): Promise<Signer> => {
  const raw = readPublic(program, await run(program, 'public', Buffer.alloc(0)));
  return {
    name,
    raw,
    sign: async (message) => {
      const signature = Buffer.from(await run(program, 'sign', message), 'base64');
      if (signature.length !== 64 || !verifyEd25519(message, signature, raw))
        throw new StartError(`The program of LATCHKEY_AUDIT_KEY (${program} sign) printed no signature by its key.`);
      return signature;
    },
  };
};

const readPublic = (program: string, pem: string): Buffer => {
  try {
    return rawPublicKey(createPublicKey(pem));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new StartError(
      `The program of LATCHKEY_AUDIT_KEY (${program} public) printed no Ed25519 public key in PEM.`,
      {
        cause: error,
      },
    );
  }
};

/** All of them sign; the first is the newest. `name` is the log's. */
export const openSigners = async (text: string, name: string): Promise<Signer[]> => {
  const problem = signerProblem(text);
  if (problem !== null) throw new StartError(`LATCHKEY_AUDIT_KEY ${problem}.`);
  if (text.startsWith(COMMAND)) return [await commandSigner(name, text.slice(COMMAND.length).trim())];
  return (pemOf(text).match(PRIVATE_KEY) ?? []).map((block) => localSigner(name, block));
};
