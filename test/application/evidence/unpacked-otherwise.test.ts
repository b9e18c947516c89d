/** A bundle that verify.py believes is what other programs unpack, and verify.py runs no code that came with it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERIFIER, bundleOf, giveAndRemove, runVerifier } from './bundle-rig.ts';
import type { Files, Verdict } from './bundle-rig.ts';
import { openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

let rig: EvidenceRig;
let bundle: Files;
let folder: string;

beforeAll(async () => {
  rig = await openEvidenceRig();
  await rig.append({}, {}, {});
  bundle = await bundleOf(rig, (await giveAndRemove(rig)).grant);
  folder = await mkdtemp(join(tmpdir(), 'unpacked-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await rig.close();
});

const verifyZip = async (zip: Uint8Array): Promise<Verdict> => {
  const path = join(folder, 'e.zip');
  await writeFile(path, zip);
  return runVerifier([VERIFIER, path, '--key', rig.vkey]);
};

/** What a zip says of a file, once before it and once at its end. */
type Head = { flags: number; packing: number; crc: number; packed: number; size: number; extra: Buffer; name: string };
type Entry = { front: Head; central: Head; data: Buffer };

const headOf = ({ flags, packing, crc, packed, size, extra, name }: Head): Buffer => {
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt16LE(flags, 2);
  head.writeUInt16LE(packing, 4);
  head.writeUInt32LE(crc, 10);
  head.writeUInt32LE(packed, 14);
  head.writeUInt32LE(size, 18);
  head.writeUInt16LE(Buffer.byteLength(name), 22);
  head.writeUInt16LE(extra.length, 24);
  return head;
};

const entryOf = (name: string, data: Uint8Array): Entry => {
  const packed = deflateRawSync(data);
  const known = { crc: crc32(data), packed: packed.length, size: data.length };
  const head = { flags: 0, packing: 8, ...known, extra: Buffer.alloc(0), name };
  return { front: head, central: head, data: packed };
};

type Shape = { change?: (entry: Entry) => Entry; gap?: Buffer; remark?: string };

/** `change`: of the page that people read. */
const zipOf = ({ change = (entry) => entry, gap = Buffer.alloc(0), remark = '' }: Shape): Buffer => {
  const fronts: Buffer[] = [];
  const centrals: Buffer[] = [];
  for (const [name, content] of Object.entries(bundle)) {
    const made = entryOf(name, content);
    const { front, central, data } = name === 'report.html' ? change(made) : made;
    const place = Buffer.alloc(14);
    place.writeUInt32LE(Buffer.concat(fronts).length, 10);
    const [version, ending] = [Buffer.from([20, 0]), [Buffer.from(central.name), central.extra]];
    centrals.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), version, headOf(central), place, ...ending]));
    const named = [Buffer.from('PK\u0003\u0004'), headOf(front), Buffer.from(front.name), front.extra];
    fronts.push(Buffer.concat([...named, data]));
  }
  fronts.push(gap);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006');
  for (const at of [8, 10]) end.writeUInt16LE(centrals.length, at);
  end.writeUInt32LE(Buffer.concat(centrals).length, 12);
  end.writeUInt32LE(Buffer.concat(fronts).length, 16);
  end.writeUInt16LE(remark.length, 20);
  return Buffer.concat([...fronts, ...centrals, end, Buffer.from(remark)]);
};

const FORGED = Buffer.from('<h1>Dana had root</h1>');
const both = (entry: Entry, changes: Partial<Head>): Entry => ({
  ...entry,
  front: { ...entry.front, ...changes },
  central: { ...entry.central, ...changes },
});
const front = (entry: Entry, changes: Partial<Head>): Entry => ({ ...entry, front: { ...entry.front, ...changes } });
const withData = (entry: Entry, data: Buffer): Entry => both({ ...entry, data }, { packed: data.length });
const page = (): Uint8Array => bundle['report.html'] ?? FORGED;
/** Of Info-ZIP: the name of the file in UTF-8, which goes before the other name. */
const otherName = (): Buffer => {
  const [was, name] = ['report.html', Buffer.from('grant.html')];
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x70_75, 0);
  extra.writeUInt16LE(5 + name.length, 2);
  extra.writeUInt8(1, 4);
  extra.writeUInt32LE(crc32(was), 5);
  return Buffer.concat([extra, name]);
};

const TRICKS: readonly [string, () => Uint8Array][] = [
  [
    'another zip before it, which a program finds that reads from the front',
    () => Buffer.concat([zipSync({ ...bundle, 'report.html': FORGED }), zipSync(bundle)]),
  ],
  ['something before it', () => Buffer.concat([Buffer.from('#!/bin/sh\n'), zipSync(bundle)])],
  [
    'a file that only stands between the files and their list',
    () => zipOf({ gap: Buffer.from(zipSync({ a: FORGED })) }),
  ],
  ['a remark at its end, which can be another end', () => zipOf({ remark: 'PK' })],
  [
    'a page that goes on after its size',
    () => zipOf({ change: (entry) => withData(entry, deflateRawSync(Buffer.concat([page(), FORGED]))) }),
  ],
  [
    'a page with a second one packed behind it',
    () => zipOf({ change: (entry) => withData(entry, Buffer.concat([entry.data, deflateRawSync(FORGED)])) }),
  ],
  [
    'an unpacked page that is longer than its size',
    () => zipOf({ change: (entry) => both(withData(entry, Buffer.concat([page(), FORGED])), { packing: 0 }) }),
  ],
  ['another size before the page', () => zipOf({ change: (entry) => front(entry, { size: 10 }) })],
  ['another packing before the page', () => zipOf({ change: (entry) => front(entry, { packing: 0 }) })],
  ['sizes that come after the page', () => zipOf({ change: (entry) => both(entry, { flags: 8 }) })],
  ['a second name of the page', () => zipOf({ change: (entry) => both(entry, { extra: otherName() }) })],
  ['a second name before the page', () => zipOf({ change: (entry) => front(entry, { extra: otherName() }) })],
  ['a name that goes on after a zero', () => zipOf({ change: (entry) => both(entry, { name: 'report.html\0.exe' }) })],
];

describe('a zip', () => {
  test('that is plain holds, whoever packed it', async () => {
    expect(await verifyZip(zipOf({}))).toMatchObject({ code: 0 });
    expect(await verifyZip(zipSync(bundle, { level: 0 }))).toMatchObject({ code: 0 });
  });

  test.each(TRICKS)('with %s is refused, since a program may unpack something else', async (_what, make) => {
    expect(await verifyZip(make())).toEqual({
      code: 1,
      out: expect.stringMatching(/^REFUSED bundle {6}the zip is not as Latchkey makes it.*give the folder\n$/),
    });
  });
});

describe('verify.py in an unpacked bundle', () => {
  const own = ['base64', 'csv', 'hashlib', 'io', 'json', 'os', 're', 'struct', 'zipfile', 'zlib'];

  test.each(own)('runs no %s.py that came with it', async (name) => {
    const unpacked = join(folder, name);
    const files = { ...bundle, [`${name}.py`]: Buffer.from('print("ok all of it"); raise SystemExit(0)') };
    for (const [path, data] of Object.entries(files)) {
      await mkdir(dirname(join(unpacked, path)), { recursive: true });
      await writeFile(join(unpacked, path), data);
    }
    const { code, out } = await runVerifier([join(unpacked, 'verify.py'), '--key', rig.vkey], []);
    expect({ code, out }).toEqual({ code: 1, out: `REFUSED manifest    ${name}.py is not in manifest.json\n` });
  });
});
