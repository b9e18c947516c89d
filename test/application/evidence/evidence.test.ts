import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Signer } from '../../../src/lib/transparency/note.ts';
import {
  bundleOf,
  giveAndRemove,
  runVerifier,
  signAgain,
  textOf,
  verifyFiles,
  VERIFIER,
  REQUESTER,
} from './bundle-rig.ts';
import type { Files, Given } from './bundle-rig.ts';
import { newKey, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';
import { FORGED, linesOf, setForgeryWorld } from './forgeries.ts';
import { problemOf } from '../../support/evidence-verifier.ts';

let rig: EvidenceRig;
let given: Given;
let other: Given;
let bundle: Files;
let signers: readonly Signer[];

beforeAll(async () => {
  rig = await openEvidenceRig();
  await rig.append({}, {}, {});
  given = await giveAndRemove(rig);
  other = await giveAndRemove(rig);
  bundle = await bundleOf(rig, given.grant);
  const laterBundle = await bundleOf(rig, other.grant);
  ({ signers } = rig.deps);
  const { signers: strangers } = await rig.withKey(newKey());
  setForgeryWorld({ bundle, laterBundle, other, signers, strangers });
});

afterAll(() => rig.close());

describe('the bundle of a grant', () => {
  test('has the files of the contract, and no others', () => {
    const names = Object.keys(bundle).filter((name) => !name.startsWith('proofs/'));
    expect(names.toSorted()).toEqual(
      [
        ...['README', 'checkpoint', 'events.jsonl', 'grant.json', 'keys.txt', 'manifest.json', 'manifest.note'],
        ...['policy.yml', 'readback.json', 'report.html', 'report.pdf', 'verify.py'],
      ].toSorted(),
    );
    expect(Object.keys(bundle)).toHaveLength(names.length + linesOf(bundle).length);
  });

  test('holds for verify.py, as a zip and as a folder, with the key and without, and for a second verifier', async () => {
    const zip = await verifyFiles(bundle, '--key', rig.vkey);
    expect(zip).toMatchObject({ code: 0, out: expect.stringContaining('ok      complete    5 events of the grant') });
    expect(zip.out.trimEnd().split('\n')).toHaveLength(10);
    expect(problemOf(bundle, rig.vkey)).toBeNull();
    const folder = await mkdtemp(join(tmpdir(), 'unpacked-'));
    for (const [name, data] of Object.entries(bundle)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), data);
    }
    const here = await runVerifier([join(folder, 'verify.py')]);
    expect(here).toMatchObject({
      code: 0,
      out: expect.stringContaining('compare keys.txt with a copy from elsewhere'),
    });
    await rm(folder, { recursive: true });
  });

  test('its checkpoint is published when it is there', async () => {
    expect(await readdir(rig.folder)).toHaveLength(2);
    expect((await rig.sql(`select data from audit_events where type = 'evidence.made'`)).length).toBe(2);
  });

  test('a redacted bundle holds and names the requester nowhere but in the policy', async () => {
    const files = await bundleOf(rig, given.grant, true);
    const { code, out } = await verifyFiles(files, '--key', rig.vkey);
    expect({ code, people: out.includes('not shown: the bundle is redacted') }).toEqual({ code: 0, people: true });
    expect(problemOf(files, rig.vkey)).toBeNull();
    const { name, email, id } = REQUESTER as { name: string; email: string; id: string };
    for (const file of Object.keys(files))
      for (const word of [name, email, id, 'UADA7', 'Lovelace', 'lk_1_ada', 'HYPERLINK', 'OPS-1'])
        expect(`${file}: ${textOf(files, file)}`).not.toContain(word);
  });

  test('a vote by the requester is refused', async () => {
    const own = await giveAndRemove(rig, REQUESTER);
    expect(await verifyFiles(await bundleOf(rig, own.grant), '--key', rig.vkey)).toMatchObject({
      code: 1,
      out: expect.stringContaining('the requester voted on their own request'),
    });
  });

  test('text of people is escaped in the report', () => {
    expect(textOf(bundle, 'report.html')).toContain('Ada &lt;b&gt;&quot;Lovelace&quot;&lt;/b&gt;');
    expect(textOf(bundle, 'report.html')).not.toContain('<script>');
  });

  test('the PDF is tagged and has a language and a title', () => {
    const pdf = Buffer.from(bundle['report.pdf'] ?? []).toString('latin1');
    expect(pdf).toMatch(/^%PDF-1\.7/);
    expect(pdf).toMatch(/\/Lang \(en\)/);
    expect(pdf).toMatch(/\/MarkInfo|\/StructTreeRoot/);
  });
});

describe('a forged bundle is refused for its own reason by verify.py, and by a second verifier', () => {
  test.each(FORGED)('$what', async ({ reason, forge, how }) => {
    const forged = await forge();
    const files = how === 'again' ? await signAgain(forged, signers) : forged;
    const { code, out } = await verifyFiles(files, '--key', rig.vkey);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(reason) });
    expect(problemOf(files, rig.vkey)).not.toBeNull();
  });

  test('a bundle of another grant', async () => {
    const files = await signAgain(bundle, signers, { grant: other.grant, request: other.request });
    const { code, out } = await verifyFiles(files, '--key', rig.vkey);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/is about neither grant/) });
    expect(problemOf(files, rig.vkey)).not.toBeNull();
  });

  test('what is no bundle', async () => {
    expect(await runVerifier([VERIFIER, VERIFIER])).toMatchObject({ code: 1 });
    expect(await runVerifier([VERIFIER, '/nowhere'])).toMatchObject({ code: 1 });
    expect(await runVerifier([VERIFIER, '--wrong'])).toMatchObject({ code: 2 });
  });
});
