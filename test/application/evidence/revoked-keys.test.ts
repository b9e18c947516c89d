/** A key that was stolen: an operator revokes it, and nobody believes what it signed after that. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHeads } from '../../../src/application/evidence/held-heads.ts';
import { publishCheckpoints } from '../../../src/application/evidence/publish-checkpoints.ts';
import { revokeKey } from '../../../src/application/evidence/revoked-keys.ts';
import { signCheckpoint } from '../../../src/application/evidence/sign-checkpoint.ts';
import { checkpointText } from '../../../src/lib/transparency/checkpoint.ts';
import { ED25519, signNote, vkeyOf } from '../../../src/lib/transparency/note.ts';
import { checkpointName } from '../../../src/publishers/checkpoint-name.ts';
import { verifyAudit } from '../../../src/store/audit/verify.ts';
import { problemOf } from '../../support/evidence-verifier.ts';
import { bundleOf, giveAndRemove, signAgain, textOf, verifyFiles } from './bundle-rig.ts';
import type { Files, Given, Verdict } from './bundle-rig.ts';
import { ORIGIN, newKey, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

let rig: EvidenceRig;
let stolen: EvidenceRig['deps']['signers'];
let given: Given;
let folder: string;

beforeEach(async () => {
  rig = await openEvidenceRig();
  stolen = rig.deps.signers;
  given = await giveAndRemove(rig);
  folder = await mkdtemp(join(tmpdir(), 'revoked-'));
});

afterEach(async () => {
  await rig.close();
  await rm(folder, { recursive: true });
});

const publish = async (): Promise<number> => {
  const made = await signCheckpoint(rig.deps);
  await publishCheckpoints(rig.deps);
  return made?.size ?? 0;
};

const revoke = (since: Date | null = null) => revokeKey(rig.deps, { vkey: rig.vkey, since, reason: 'laptop stolen' });

const verify = async () => {
  const places = await readHeads(rig.deps, 'all');
  const revoked = places.flatMap((place) => place.revoked.map((head) => ({ ...head, isRevoked: true })));
  const { problems } = await verifyAudit(rig.pool, { signed: [...places.flatMap(({ heads }) => heads), ...revoked] });
  return {
    heads: places.flatMap(({ heads }) => heads.map(({ size }) => size)),
    revoked: revoked.map(({ size }) => size),
    problems: problems.map(({ kind, message }) => `${kind}: ${message}`),
  };
};

const eventsOf = (type: string) => rig.sql('select data from audit_events where type = $1', [type]);

/** A head that the thief makes of a log of their own, and puts where the log is published. */
const forgeHead = async (size: number): Promise<void> => {
  const root = Buffer.alloc(32, 9);
  const note = await signNote(checkpointText({ origin: ORIGIN, size, root }), stolen);
  await writeFile(join(rig.folder, checkpointName({ size, root })), note);
};

describe('the app', () => {
  test('signs nothing more with it, notifies the admins and says what to do, until it has another key', async () => {
    await publish();
    await revoke();
    for (const _ of [1, 2])
      await expect(signCheckpoint(rig.deps)).rejects.toThrow(
        /was revoked from .* Make a new key with `openssl genpkey/,
      );
    expect(await rig.sql(`select id from announcements where kind = 'key_revoked' and closing is null`)).toHaveLength(
      1,
    );
    expect(await eventsOf('checkpoint.refused')).toHaveLength(1);
    rig.deps = await rig.withKey(newKey());
    await publish();
    expect(await rig.sql(`select id from announcements where kind = 'key_revoked' and closing is null`)).toEqual([]);
    expect(await verify()).toMatchObject({ revoked: [], problems: [] });
  });

  test('goes on with the other key where two were given, and the note has its signature alone', async () => {
    await publish();
    const other = await rig.withKey(newKey());
    rig.deps = { ...other, signers: [...stolen, ...other.signers] };
    await revoke();
    const made = await signCheckpoint(rig.deps);
    expect(made?.note.match(/^\u2014 /gmu)).toHaveLength(1);
  });

  test('keeps the event, with the moment, the size and the reason, the reason as personal', async () => {
    const size = await publish();
    const { from } = await revoke();
    const [event] = await eventsOf('key.revoked');
    expect(JSON.parse(String(event?.['data']))).toEqual({
      vkey: rig.vkey,
      from: from.toISOString(),
      size,
      reason: 'laptop stolen',
    });
    await rig.store.audit.seal(100);
    const [place] = await rig.sql(`select open_text from audit_chain where open_text like '%"key.revoked"%'`);
    expect(place?.['open_text']).not.toContain('laptop');
  });

  test('refuses an unknown key, a moment to come, and a later moment than the one that stands', async () => {
    await publish();
    await expect(revokeKey(rig.deps, { vkey: 'x+1a2b3c4d+AA==', since: null, reason: 'x' })).rejects.toThrow(rig.vkey);
    await expect(revoke(new Date(Date.now() + 3_600_000))).rejects.toThrow(/is not over yet/);
    const { from } = await revoke();
    await expect(revoke()).rejects.toThrow(/Only an earlier moment/);
    expect(await revoke(new Date(from.getTime() - 3_600_000))).toMatchObject({ size: 0 });
  });
});

describe('audit verify', () => {
  test('what it signed before counts, what it signed after the theft does not, and the log is whole', async () => {
    const before = await publish();
    const theft = await rig.store.read.now();
    await rig.append({});
    const after = await publish();
    await revoke(theft);
    rig.deps = await rig.withKey(newKey());
    expect(await verify()).toEqual({ heads: [before], revoked: [after], problems: [] });
    const newest = await publish();
    const found = await verify();
    expect(found.heads.toSorted((a, b) => a - b)).toEqual([before, newest]);
    expect(found.problems).toEqual([]);
  });

  test('a head of another log that the thief publishes is said, and holds up no signing', async () => {
    await publish();
    await revoke();
    rig.deps = await rig.withKey(newKey());
    await forgeHead(7_000);
    await forgeHead(13);
    await publish();
    const { problems, revoked } = await verify();
    expect(revoked.toSorted((a, b) => a - b)).toEqual([13, 7_000]);
    expect(problems).toHaveLength(2);
    for (const problem of problems)
      expect(problem).toMatch(
        /^revoked_key: A checkpoint of (13|7000) leaves that is not of this log was signed with a revoked key/,
      );
  });
});

describe('a bundle', () => {
  let bundle: Files;
  let size: number;

  /** As the owner of the log gives it to auditors. */
  const verifyRevoked = async (
    files: Files,
    upTo: number,
    vkey = rig.vkey,
  ): Promise<Verdict & { second: string | null }> => {
    const file = join(folder, 'revoked.txt');
    await writeFile(file, `# keys of ${ORIGIN}\n${vkey} ${upTo} 2026-11-30T09:00:00.000Z\n`);
    const verdict = await verifyFiles(files, '--key', rig.vkey, '--revoked', file);
    return { ...verdict, second: problemOf(files, rig.vkey, [{ vkey, size: upTo }]) };
  };

  beforeEach(async () => {
    bundle = await bundleOf(rig, given.grant);
    size = Number(textOf(bundle, 'checkpoint').split('\n')[1]);
  });

  test('from before the revocation holds, one from after it is refused, by verify.py and a second verifier', async () => {
    expect(await verifyRevoked(bundle, size)).toMatchObject({ code: 0, second: null });
    const { code, out, second } = await verifyRevoked(bundle, size - 1);
    expect({ code, second }).toEqual({ code: 1, second: 'revoked key' });
    expect(out).toMatch(
      new RegExp(
        `REFUSED manifest .*was revoked from 2026-11-30T09:00:00.000Z on, when the log had ${size - 1} leaves, and this is of ${size} leaves`,
      ),
    );
  });

  test('is not refused because another key was revoked', async () => {
    const { signers } = await rig.withKey(newKey());
    const other = vkeyOf({ name: ORIGIN, type: ED25519, raw: signers[0]?.raw ?? Buffer.alloc(0) });
    expect(await verifyRevoked(bundle, 0, other)).toMatchObject({ code: 0, second: null });
  });

  test('that states a smaller log than its checkpoint is of is refused for its signature', async () => {
    const files = Object.fromEntries(
      Object.entries(bundle).map(([name, data]) =>
        name === 'checkpoint' || name.startsWith('proofs/')
          ? [
              name,
              Buffer.from(
                Buffer.from(data)
                  .toString()
                  .replace(`${ORIGIN}\n${size}\n`, `${ORIGIN}\n${size - 1}\n`),
              ),
            ]
          : [name, data],
      ),
    );
    const { code, out, second } = await verifyRevoked(await signAgain(files, stolen), size - 1);
    expect({ code, second }).toEqual({ code: 1, second: 'signature' });
    expect(out).toContain('the signature of checkpoint by');
  });

  test('a file of revoked keys that cannot be read refuses everything, and says why', async () => {
    const file = join(folder, 'wrong.txt');
    await writeFile(file, `${rig.vkey}\n`);
    expect(await verifyFiles(bundle, '--revoked', file)).toMatchObject({
      code: 1,
      out: expect.stringContaining('a line that is not VKEY SIZE TIME'),
    });
    expect(await verifyFiles(bundle, '--revoked', join(folder, 'none.txt'))).toMatchObject({ code: 1 });
  });

  describe('that is made after it', () => {
    let later: Files;
    beforeEach(async () => {
      await revoke();
      rig.deps = await rig.withKey(newKey());
      later = await bundleOf(rig, given.grant);
    });

    test('says which key was revoked, holds, and is redacted as well as any', async () => {
      for (const files of [later, await bundleOf(rig, given.grant, true)]) {
        const { code, out } = await verifyFiles(files);
        expect(code).toBe(0);
        expect(out).toContain(`ok      keys        ${rig.vkey} was revoked from`);
        expect(textOf(files, 'revoked.json')).not.toContain('laptop');
        expect(problemOf(files)).toBeNull();
      }
    });

    test.each([
      ['the moment', (text: string) => text.replace(/\\"size\\":\d+/, String.raw`\"size\":9999`), 'is not in the log'],
      ['the proof', (text: string) => text.replace(/index \d+/, 'index 1'), 'is not in the log'],
      ['the event', () => '[{}]', 'is not as the format says'],
    ])('and of which %s was changed is refused, though it is signed again', async (_, change, why) => {
      const forged = { ...later, 'revoked.json': Buffer.from(change(textOf(later, 'revoked.json'))) };
      const files = await signAgain(forged, rig.deps.signers);
      const { code, out } = await verifyFiles(files);
      expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(new RegExp(`REFUSED keys .*${why}`)) });
      expect(problemOf(files)).not.toBeNull();
    });

    test('and whose manifest the stolen key signed is refused, since the log itself says that it was revoked', async () => {
      const files = await signAgain(later, stolen);
      const { code, out } = await verifyFiles(files);
      expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/REFUSED keys .*was revoked from/) });
      expect(problemOf(files)).toBe('unsigned');
    });
  });
});
