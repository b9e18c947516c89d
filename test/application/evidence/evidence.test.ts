import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SYSTEM } from '../../../src/domain/audit/events.ts';
import { createSealing } from '../../../src/lib/sealing.ts';
import { segmentOwner } from '../../../src/domain/grants/recording.ts';
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
    expect(zip).toMatchObject({ code: 0, out: expect.stringContaining('ok      complete    6 events of the grant') });
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

describe('the bundle of a recorded grant', () => {
  const SESSION = 'db.internal:5432/orders 6b0cdbc4.2951';
  const sealSegment = async (grantId: string, number: number, ...texts: string[]): Promise<void> => {
    const lines = texts.map((text, at) => ({ at: '2026-11-30', session: SESSION, line: at + 1, text, code: null }));
    const plain = [{ grant: grantId, segment: number, salt: 'c2FsdA==' }, ...lines]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('');
    const digest = createHash('sha256').update(plain).digest('hex');
    const sealed = createSealing([Buffer.alloc(32, 7)]).seal(segmentOwner(grantId, number), plain);

    const about = { actor: SYSTEM, grantId, requestId: recorded.request, target: 'orders-db', role: 'read' };
    const data = { segment: number, sha256: digest, statements: texts.length, sessions: 1, missing: [], lost: [] };
    await rig.deps.store.transaction(async (tx) => {
      await tx.recordings.open(grantId);
      await tx.recordings.addSegment(grantId, { ...sealed, number, sha256: digest, statements: texts.length });
      await tx.audit.append({ ...about, type: 'statements.recorded', data });
      if (number < 2) return;
      const done = { outcome: 'complete' as const, segments: 2, statements: 3, sessions: 1, missing: [], lost: [] };
      await tx.audit.append({ ...about, type: 'statements.completed', data: done });
    });
  };
  let recorded: Given;
  let files: Files;
  beforeAll(async () => {
    recorded = await giveAndRemove(rig);
    await sealSegment(recorded.grant, 1, 'select 1', 'select 2\u2028');
    await sealSegment(recorded.grant, 2, 'delete from orders');
    await rig.deps.store.audit.seal(1000);
    files = await bundleOf(rig, recorded.grant);
  });

  test('has what was done, as the log says it', async () => {
    expect(textOf(files, 'statements.jsonl')).toContain('delete from orders');
    expect(JSON.parse(textOf(files, 'grant.json'))).toMatchObject({ statements: '3 statements, complete' });
    const { code, out } = await verifyFiles(files, '--key', rig.vkey);
    expect(out).toContain('ok      statements  3 statements, complete\n');
    expect(code).toBe(0);
    expect(problemOf(files, rig.vkey)).toBeNull();
  });

  test('leaves it out where it is redacted or erased, and says so', async () => {
    const redacted = await bundleOf(rig, recorded.grant, true);
    expect(redacted['statements.jsonl']).toBeUndefined();
    expect((await verifyFiles(redacted)).out).toContain(
      '3 statements, complete; 2 of 2 segments are left out or erased',
    );
    const { 'statements.jsonl': _, ...rest } = files;
    const { code, out } = await verifyFiles(await signAgain(rest, signers));
    expect(problemOf(redacted)).toBeNull();
    expect([code, out.includes('erased  statements')]).toEqual([0, true]);
  });

  test.each([
    ['a statement that was changed', (text: string) => text.replace('delete from orders', 'select 3'), 'segment 2'],
    ['a statement that was taken out', (text: string) => text.split('\n').toSpliced(1, 1).join('\n'), 'segment 1'],
    [
      'segments in another order',
      (text: string) =>
        text
          .split('\n')
          .toSpliced(3, 0, ...text.split('\n').splice(3, 2))
          .join('\n'),
      'segment',
    ],
    ['another grant', (text: string) => text.replaceAll(recorded.grant, other.grant), 'segment 1'],
    ['a beginning without its salt', (text: string) => text.split('\n').slice(1).join('\n'), 'in the middle'],
  ])('with %s is refused', async (_name, change, why) => {
    const changed = Buffer.from(change(textOf(files, 'statements.jsonl')));
    const forged = await signAgain({ ...files, 'statements.jsonl': changed }, signers);
    const { code, out } = await verifyFiles(forged);
    expect([code, /^REFUSED statements .*/m.exec(out)?.[0].includes(why)]).toEqual([1, true]);
    expect(problemOf(forged)).toMatch(/segment/);
  });

  test('with statements that no event has is refused', async () => {
    const forged = await signAgain({ ...bundle, 'statements.jsonl': Buffer.from('{}\n') }, signers);
    const { out } = await verifyFiles(forged);
    expect(problemOf(forged)).toBe('statements without a segment');
    expect(out).toContain('REFUSED statements  no event says that statements were recorded');
  });
});
