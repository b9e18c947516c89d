/** Files that somebody made up or broke: verify.py refuses them in a line, and nothing in them is obeyed by a terminal. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERIFIER, runVerifier, verifyFiles } from './bundle-rig.ts';
import type { Files, Verdict } from './bundle-rig.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damaged-'));
});

afterAll(() => rm(folder, { recursive: true }));

const verifyZip = async (zip: Uint8Array): Promise<Verdict> => {
  const path = join(folder, 'e.zip');
  await writeFile(path, zip);
  return runVerifier([VERIFIER, path]);
};

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const refused = { code: 1, out: expect.stringMatching(/^REFUSED .*\n$/) as string };

/** A key of that name, so that what refuses it names it. */
const keyNamed = (name: string): Files => ({ 'keys.txt': bytes(`${name}+00000000+!\n`) });

test.each([
  ['the line of a terminal', '\u001b[1A\u001b[2Kok'],
  ['a command in one character', '\u009b2Jok'],
  ['a turn of the reading direction', '\u202eko'],
])('%s in a name is shown as text', async (_what, name) => {
  const { code, out } = await verifyFiles(keyNamed(name));
  expect({ code, out }).toEqual(refused);
  expect(out.trimEnd()).toMatch(/^[\u0020-\u007e]+$/);
  expect(out).toContain('\\u');
});

test('JSON that is nested without end', async () => {
  const files = { 'manifest.note': bytes('latchkey/report/v1\n'), 'report.json': bytes('['.repeat(300_000)) };
  expect(await verifyFiles(files)).toEqual(refused);
});

/** Of the first file in the zip: its local header is 30 bytes and its name. */
const dataAt = (zip: Uint8Array): number => 30 + Buffer.from(zip).readUInt16LE(26) + Buffer.from(zip).readUInt16LE(28);

test('a zip whose data cannot be unpacked, or is encrypted, or is packed in another way', async () => {
  const zip = zipSync({ 'keys.txt': bytes('some text that is packed '.repeat(50)) });
  const damaged = Uint8Array.from(zip);
  damaged[dataAt(zip)] = 0xff;
  expect(await verifyZip(damaged)).toEqual(refused);
  const central = Buffer.from(zip).indexOf('PK\u0001\u0002');
  for (const [at, value] of [
    [8, 1],
    [10, 99],
  ] as const) {
    const other = Uint8Array.from(zip);
    other[central + at] = value;
    other[at - 2] = value;
    expect(await verifyZip(other)).toEqual(refused);
  }
});

test('a terminal that lacks a letter refuses no bundle for it', async () => {
  const path = join(folder, 'letters.zip');
  await writeFile(path, zipSync(keyNamed('Zoë–')));
  const env = { ...process.env, PYTHONIOENCODING: 'ascii' };
  const child = spawn('python3', [VERIFIER, path], { env });
  let out = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  expect(out).toMatch(/^REFUSED .*the verifier key Zo\\xeb\\u2013 is no base64/);
});
