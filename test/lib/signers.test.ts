/** The key of the log in a program of its own, as beside a KMS: what it signs holds, and what it prints instead is said. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ED25519, checkNote, parseNote, parseVkey, signNote, vkeyOf } from '../../src/lib/transparency/note.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { newKey } from '../application/evidence/rig.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'signers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const programOf = (name: string, lines: { public: string; sign: string }): string => {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\ncd ${folder}\ncase $1 in public) ${lines.public};; sign) ${lines.sign};; esac\n`);
  chmodSync(file, 0o755);
  return `command:${file}`;
};

const keyFile = (name: string): string => {
  writeFileSync(path.join(folder, name), newKey());
  return name;
};
const publicOf = (key: string): string => `openssl pkey -in ${key} -pubout`;
const signBy = (key: string): string =>
  `cat > message; openssl pkeyutl -sign -rawin -inkey ${key} -in message -out signature; base64 signature | tr -d '\\n'`;

const [key, other] = [keyFile('key.pem'), keyFile('other.pem')];

test('a note that a program signed holds by its public key', async () => {
  const program = programOf('good', { public: publicOf(key), sign: signBy(key) });
  const signers = await openSigners(program, 'log.test/prod');
  const vkey = parseVkey(vkeyOf({ name: 'log.test/prod', type: ED25519, raw: signers[0]?.raw ?? Buffer.alloc(0) }));
  const note = parseNote(await signNote('log.test/prod\n1\nroot\n', signers));
  expect(note && vkey && checkNote(note, [vkey]).isGood).toBe(true);
});

test.each([
  ['another key', signBy(other)],
  ['nothing', 'cat > message'],
])('a program that signs with %s signs nothing', async (_, sign) => {
  const [signer] = await openSigners(programOf('wrong', { public: publicOf(key), sign }), 'log.test/prod');
  await expect(signer?.sign(Buffer.from('x'))).rejects.toThrow('printed no signature by its key');
});

test('a program that fails, or prints no public key, is named with what to do', async () => {
  const failing = programOf('failing', { public: 'exit 3', sign: 'exit 3' });
  await expect(openSigners(failing, 'log.test/prod')).rejects.toThrow(
    /failing public\) failed; run it by hand to see why/,
  );
  const printing = programOf('printing', { public: 'echo hello', sign: 'exit 3' });
  await expect(openSigners(printing, 'log.test/prod')).rejects.toThrow('printed no Ed25519 public key in PEM');
});
