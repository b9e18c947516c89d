import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publishCheckpoints } from '../../src/application/evidence/publish-checkpoints.ts';
import { readHeads } from '../../src/application/evidence/held-heads.ts';
import { signCheckpoint } from '../../src/application/evidence/sign-checkpoint.ts';
import { makeEvidence } from '../../src/application/evidence/make-evidence.ts';
import { rendering } from '../../src/bundles/rendering.ts';
import { startWitness } from '../../src/http/witness/witness-server.ts';
import type { RunningWitness } from '../../src/http/witness/witness-server.ts';
import { createLog } from '../../src/lib/log.ts';
import { COSIGNATURE, checkNote, parseNote, parseVkey, vkeyOf } from '../../src/lib/transparency/note.ts';
import { openSigners } from '../../src/lib/transparency/signers.ts';
import { witnessPublisher } from '../../src/publishers/witness.ts';
import { giveAndRemove, verifyFiles } from '../application/evidence/bundle-rig.ts';
import { ORIGIN, newKey, openEvidenceRig } from '../application/evidence/rig.ts';
import type { EvidenceRig } from '../application/evidence/rig.ts';
import { startProxy } from '../support/proxy.ts';
import { unzipSync } from 'fflate';

const NAME = 'witness.other.test';
let rig: EvidenceRig;
let folder: string;
let stateFile: string;
let witness: RunningWitness;
let vkey: string;
let key: string;

const start = async (): Promise<void> => {
  const [signer] = await openSigners(key, NAME);
  const log = parseVkey(rig.vkey);
  if (!signer || !log) throw new Error('no key');
  vkey = vkeyOf({ name: NAME, type: COSIGNATURE, raw: signer.raw });
  witness = await startWitness({
    witness: { signer, logs: [log], nowSeconds: () => 1_800_000_000n },
    stateFile,
    port: 0,
    host: '127.0.0.1',
    log: createLog('silent'),
  });
  const publisher = witnessPublisher({ url: `http://127.0.0.1:${witness.port}`, key: vkey, origin: ORIGIN });
  rig.deps = { ...rig.deps, publishers: [...rig.deps.publishers.slice(0, 1), publisher] };
};

beforeEach(async () => {
  rig = await openEvidenceRig();
  folder = await mkdtemp(join(tmpdir(), 'witness-'));
  stateFile = join(folder, 'state.json');
  key = newKey();
  await start();
});

afterEach(async () => {
  await witness.stop();
  await rig.close();
  await rm(folder, { recursive: true });
});

const publish = async (): Promise<void> => {
  await signCheckpoint(rig.deps);
  await publishCheckpoints(rig.deps);
};
const errors = async () =>
  (await rig.sql(`select error from audit_publications where place like 'witness:%' and error is not null`)).map(
    ({ error }) => error,
  );
const ask = (body: string) =>
  fetch(`http://127.0.0.1:${witness.port}/add-checkpoint`, { method: 'POST', body }).then(async (answer) => ({
    status: answer.status,
    type: answer.headers.get('content-type'),
    text: await answer.text(),
  }));

describe('a witness', () => {
  test('signs each checkpoint that continues the one before, and what it signed is in the note and in the bundle', async () => {
    await rig.append({}, {});
    await publish();
    await rig.append({}, {}, {});
    const given = await giveAndRemove(rig);
    await publish();
    expect(await errors()).toEqual([]);
    const { note = '' } = (await rig.deps.tree.newest()) ?? {};
    const parsed = parseNote(note) ?? { text: '', signatures: [] };
    expect(
      checkNote(
        parsed,
        [parseVkey(vkey)].flatMap((one) => one ?? []),
      ),
    ).toMatchObject({ isGood: true });
    const places = await readHeads(rig.deps, 'all');
    expect(places.find(({ kind }) => kind === 'witness')?.heads).toMatchObject([{ isCosigned: true }]);
    const made = await makeEvidence(rig.deps, { id: given.grant, isRedacted: false }, rendering);
    const { code, out } = await verifyFiles(unzipSync(made.zip));
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`witnessed by ${NAME}`) });
  });

  test('goes on after a restart, by its state file', async () => {
    await rig.append({});
    await publish();
    await witness.stop();
    await start();
    await rig.append({});
    await publish();
    expect(await errors()).toEqual([]);
    expect(Object.keys(JSON.parse(await readFile(stateFile, 'utf8')) as object)).toEqual([ORIGIN]);
  });

  test('that comes back with an old state goes on from there, and the log with it', async () => {
    await rig.append({});
    await publish();
    const old = await readFile(stateFile);
    await rig.append({}, {});
    await publish();
    await witness.stop();
    await writeFile(stateFile, old);
    await start();
    await rig.append({});
    await publish();
    expect(await errors()).toEqual([]);
    const { note = '', size } = (await rig.deps.tree.newest()) ?? {};
    const keys = [parseVkey(vkey)].flatMap((one) => one ?? []);
    expect(checkNote(parseNote(note) ?? { text: '', signatures: [] }, keys).isGood).toBe(true);
    expect(Object.values(JSON.parse(await readFile(stateFile, 'utf8')) as object)).toMatchObject([{ size }]);
  });

  test('that is away for a day holds up no signing and no bundle, and signs the newest head when it is back', async () => {
    const line = await startProxy(witness.port);
    const publisher = witnessPublisher({ url: `http://127.0.0.1:${line.port}`, key: vkey, origin: ORIGIN });
    rig.deps = { ...rig.deps, publishers: [...rig.deps.publishers.slice(0, 1), publisher] };
    await rig.append({});
    await publish();
    line.cut();
    const given = await giveAndRemove(rig);
    const missed = 24;
    for (let hour = 0; hour < missed; hour += 1) {
      await rig.append({});
      await publish();
    }
    const { problems } = (await readHeads(rig.deps, 'all')).find(({ kind }) => kind === 'witness') ?? {};
    expect([problems, (await errors()).length > 0]).toEqual([[], true]);
    const made = await makeEvidence(rig.deps, { id: given.grant, isRedacted: false }, rendering);
    const { code, out } = await verifyFiles(unzipSync(made.zip));
    expect([code, out]).toEqual([0, expect.not.stringContaining(`witnessed by ${NAME}`)]);
    line.fix();
    await publish();
    const newest = await rig.deps.tree.newest();
    const keys = [parseVkey(vkey)].flatMap((one) => one ?? []);
    expect(checkNote(parseNote(newest?.note ?? '') ?? { text: '', signatures: [] }, keys).isGood).toBe(true);
    expect((await rig.deps.tree.all()).length).toBeGreaterThan(missed);
    expect(Object.values(JSON.parse(await readFile(stateFile, 'utf8')) as object)).toMatchObject([
      { size: newest?.size },
    ]);
    await line.close();
  });

  test('does not sign a log that was rewritten, also when the app forgot what it published', async () => {
    await rig.append({}, {});
    await publish();
    await rig.tamper('truncate audit_chain, audit_personal', `update audit_events set type = 'vote.cast' where id = 1`);
    await rig.sql('insert into audit_unsealed select id from audit_events');
    await rig.sql('truncate audit_checkpoints, audit_publications, audit_keys');
    await expect(signCheckpoint(rig.deps)).rejects.toThrow('is not signed');
    const blind = { ...rig.deps, publishers: [] };
    await signCheckpoint(blind);
    await publishCheckpoints(rig.deps);
    expect(await errors()).toEqual([expect.stringContaining('not the one that it saw before')]);
  });

  test('answers as tlog-witness says', async () => {
    await rig.append({}, {});
    const first = (await signCheckpoint(rig.deps))?.note ?? '';
    const name = createHash('sha256').update(ORIGIN).digest('hex');
    const newest = () => fetch(`http://127.0.0.1:${witness.port}/${name}/checkpoint`);
    expect((await newest()).status).toBe(404);
    expect(await ask('nonsense')).toMatchObject({ status: 400 });
    expect(await ask(`old 9\n\n${first}`)).toMatchObject({ status: 400 });
    expect(await ask(`old 1\n\n${first}`)).toMatchObject({ status: 409, type: 'text/x.tlog.size', text: '0\n' });
    expect(await ask(`old 0\n\n${first.replace(ORIGIN, 'other.test')}`)).toMatchObject({ status: 404 });
    expect(await ask(`old 0\n\n${first.replace('\n3\n', '\n4\n')}`)).toMatchObject({ status: 403 });
    expect(await ask(`old 0\n\n${first}`)).toMatchObject({ status: 200, text: expect.stringMatching(`^— ${NAME} `) });
    expect(await (await newest()).text()).toContain(first);
    expect(await ask(`old 0\n\n${first}`)).toMatchObject({ status: 409, text: '3\n' });
    expect(await ask(`old 3\n\n${first}`)).toMatchObject({ status: 200 });
    await rig.append({});
    const second = (await signCheckpoint(rig.deps))?.note ?? '';
    const hash = Buffer.alloc(32).toString('base64');
    expect(await ask(`old 3\n${hash}\n${hash}\n\n${second}`)).toMatchObject({ status: 422 });
  });

  test('does not start with a state file that it cannot read', async () => {
    await witness.stop();
    await writeFile(stateFile, '{');
    await expect(start()).rejects.toThrow('put back its last good copy');
    await rm(stateFile);
    await start();
  });
});
