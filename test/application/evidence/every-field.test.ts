/**
 * Every field of a bundle, changed alone: by somebody who has the bundle, and by an insider who signs it again with the key of the log. What only
 * the signature of the log holds is said at the end.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemOf } from '../../support/evidence-verifier.ts';
import { VERIFIER, bundleOf, giveAndRemove, runVerifier, signAgain, textOf } from './bundle-rig.ts';
import type { Files } from './bundle-rig.ts';
import { openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Changed = { what: string; files: Files };

/** One start of Python for all bundles. */
const ALL = `
import contextlib, io, json, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
for path in sys.argv[3:]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main([path, "--key", sys.argv[2]])
    print(json.dumps([code, out.getvalue()]))
`;

let rig: EvidenceRig;
let bundle: Files;
let folder: string;

beforeAll(async () => {
  rig = await openEvidenceRig();
  await rig.append({}, {});
  const { grant } = await giveAndRemove(rig);
  bundle = await bundleOf(rig, grant);
  folder = await mkdtemp(join(tmpdir(), 'every-field-'));
});
afterAll(async () => {
  await rig.close();
  await rm(folder, { recursive: true });
});

/** Base64 stays base64, of as many bytes. */
const otherText = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
const other = (value: Json): Json => {
  if (typeof value === 'string') return otherText(value);
  if (typeof value === 'number') return value + 1;
  return typeof value === 'boolean' ? !value : 'x';
};

/** The value as often as it has fields, each time with another one changed. */
function* changes(value: Json, at = ''): Generator<{ at: string; changed: Json }> {
  if (typeof value !== 'object' || value === null) {
    yield { at, changed: other(value) };
    return;
  }
  for (const [key, one] of Object.entries(value))
    for (const { at: below, changed } of changes(one, `${at}.${key}`))
      yield {
        at: below,
        changed: Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed },
      };
}

const put = (name: string, text: string): Files => ({ ...bundle, [name]: Buffer.from(text) });

const inJson = (name: string): Changed[] =>
  [...changes(JSON.parse(textOf(bundle, name)) as Json)].map(({ at, changed }) => ({
    what: `${name}${at}`,
    files: put(name, JSON.stringify(changed)),
  }));

const inLines = (name: string, of: (line: string) => { at: string; text: string }[]): Changed[] => {
  const lines = textOf(bundle, name).split('\n');
  return lines.flatMap((line, index) =>
    of(line).map(({ at, text }) => ({
      what: `${name}, line ${index + 1}${at}`,
      files: put(name, lines.with(index, text).join('\n')),
    })),
  );
};
const wholeLine = (line: string) => [{ at: '', text: otherText(line) }];
const fieldsOfLine = (line: string) =>
  line === ''
    ? []
    : [...changes(JSON.parse(line) as Json)].map(({ at, changed }) => ({ at, text: JSON.stringify(changed) }));

const verdicts = async (all: readonly Changed[]): Promise<{ what: string; code: number; second: string | null }[]> => {
  const paths = all.map((_, index) => join(folder, `${index}.zip`));
  await Promise.all(all.map(({ files }, index) => writeFile(paths[index] ?? '', zipSync(files, { level: 0 }))));
  const { code, out } = await runVerifier(['-c', ALL, VERIFIER, rig.vkey, ...paths]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\[/) });
  const said = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as [number, string]);
  return all.map(({ what, files }, index) => ({
    what,
    code: said[index]?.[0] ?? -1,
    second: problemOf(files, rig.vkey),
  }));
};

const held = (found: Awaited<ReturnType<typeof verdicts>>): string[] =>
  found.filter(({ code, second }) => code !== 1 || second === null).map(({ what }) => what);

test('a byte of any file is refused', { timeout: 120_000 }, async () => {
  const all = Object.keys(bundle).map((name): Changed => {
    const data = Buffer.from(bundle[name] ?? []);
    data[0] = (data[0] ?? 0) ^ 1;
    return { what: name, files: { ...bundle, [name]: data } };
  });
  expect(all.length).toBeGreaterThan(15);
  expect(held(await verdicts(all))).toEqual([]);
});

test('each field is refused, also where the key of the log signed it again', { timeout: 120_000 }, async () => {
  const proof = Object.keys(bundle).find((name) => name.startsWith('proofs/')) ?? '';
  const all = [
    ...inJson('grant.json'),
    ...inJson('readback.json'),
    ...inLines('events.jsonl', fieldsOfLine),
    ...inLines(proof, wholeLine),
    ...inLines('checkpoint', wholeLine),
    ...inLines('policy.yml', wholeLine),
  ];
  expect(all.length).toBeGreaterThan(100);
  const { signers } = rig.deps;
  const again = await Promise.all(
    all.map(async ({ what, files }) => ({ what, files: await signAgain(files, signers) })),
  );
  expect(held(await verdicts(again))).toEqual([]);
});

test(
  'what the signature alone holds: pages for people, the program itself and the keys',
  { timeout: 120_000 },
  async () => {
    const all = await Promise.all(
      ['README', 'keys.txt', 'report.html', 'report.pdf', 'verify.py'].map(async (name) => ({
        what: name,
        files: await signAgain(
          { ...bundle, [name]: Buffer.concat([Buffer.from(bundle[name] ?? []), Buffer.from('\n')]) },
          rig.deps.signers,
        ),
      })),
    );
    expect((await verdicts(all)).map(({ code, second }) => [code, second])).toEqual(all.map(() => [0, null]));
  },
);
