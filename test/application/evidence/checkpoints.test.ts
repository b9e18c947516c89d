import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHeads } from '../../../src/application/evidence/held-heads.ts';
import { publishCheckpoints } from '../../../src/application/evidence/publish-checkpoints.ts';
import { signCheckpoint, signWhenDue } from '../../../src/application/evidence/sign-checkpoint.ts';
import { checkNote, parseNote, parseVkey } from '../../../src/lib/transparency/note.ts';
import { parseCheckpoint } from '../../../src/lib/transparency/checkpoint.ts';
import { verifyAudit } from '../../../src/store/audit/verify.ts';
import { ORIGIN, newKey, openEvidenceRig } from './rig.ts';
import type { EvidenceRig } from './rig.ts';

let rig: EvidenceRig;

beforeEach(async () => {
  rig = await openEvidenceRig();
});

afterEach(() => rig.close());

const publish = async (): Promise<void> => {
  await signCheckpoint(rig.deps);
  await publishCheckpoints(rig.deps);
};

const verify = async () => {
  const places = await readHeads(rig.deps, 'all');
  const report = await verifyAudit(rig.pool, { signed: places.flatMap(({ heads }) => heads) });
  return { kinds: report.problems.map(({ kind }) => kind), problems: places.flatMap(({ problems }) => problems) };
};

const rewrite = async (): Promise<void> => {
  await rig.tamper('truncate audit_chain, audit_personal', `update audit_events set type = 'vote.cast' where id = 2`);
  await rig.sql('insert into audit_unsealed select id from audit_events');
  await rig.store.audit.seal(1000);
};

const countOf = async (type: string): Promise<number> =>
  Number((await rig.sql('select count(*)::int as n from audit_events where type = $1', [type]))[0]?.['n']);

describe('signing', () => {
  test('a checkpoint is a signed note over origin, size and root, and nothing new makes no second one', async () => {
    await rig.append({}, {});
    const made = await signCheckpoint(rig.deps);
    const checkpoint = parseCheckpoint(made?.note ?? '');
    const { tree } = await verifyAudit(rig.pool);
    // The two, and the event that says which key signs.
    expect(tree.size).toBe(3);
    expect(made?.note.startsWith(`${ORIGIN}\n3\n${tree.root}\n\n— ${ORIGIN} `)).toBe(true);
    const key = parseVkey(rig.vkey);
    expect(checkNote(parseNote(made?.note ?? '') ?? { text: '', signatures: [] }, key ? [key] : []).isGood).toBe(true);
    expect(checkpoint?.size).toBe(3);
    expect((await signCheckpoint(rig.deps))?.note).toBe(made?.note);
    await signWhenDue(rig.deps);
    await rig.append({});
    await rig.store.audit.seal(10);
    await signWhenDue(rig.deps);
    expect(await rig.deps.tree.all()).toHaveLength(1);
  });

  test('each checkpoint is a file of its own, and a folder that cannot be written is tried again', async () => {
    await rig.append({});
    await publish();
    await rig.append({});
    await publish();
    await publishCheckpoints(rig.deps);
    const names = (await readdir(rig.folder)).toSorted();
    expect(names.map((name) => Number(name.split('-')[0]))).toEqual([2, 3]);
    const newest = await rig.deps.tree.newest();
    expect(await readFile(join(rig.folder, names[1] ?? ''), 'utf8')).toBe(newest?.note);
    expect(await verify()).toEqual({ kinds: [], problems: [] });
  });

  test('another key is an event for itself, and what the old one signed stays good', async () => {
    await rig.append({});
    await publish();
    rig.deps = await rig.withKey(newKey());
    await publish();
    expect(await countOf('key.added')).toBe(2);
    expect(await countOf('key.retired')).toBe(1);
    expect(await verify()).toEqual({ kinds: [], problems: [] });
    expect(await readdir(rig.folder)).toHaveLength(2);
  });

  test('two keys sign side by side', async () => {
    rig.deps = await rig.withKey(newKey() + newKey());
    await rig.append({});
    const made = await signCheckpoint(rig.deps);
    expect(parseNote(made?.note ?? '')?.signatures).toHaveLength(2);
  });
});

describe('a log that does not continue what was signed is not signed, admins are notified, and verify says why', () => {
  beforeEach(async () => {
    await rig.append({}, {}, {});
    await publish();
  });

  const refused = async (what: RegExp): Promise<void> => {
    await expect(signCheckpoint(rig.deps)).rejects.toThrow(what);
    await expect(signCheckpoint(rig.deps)).rejects.toThrow(what);
    expect(await countOf('checkpoint.refused')).toBeGreaterThan(0);
    expect(await rig.sql(`select id from announcements where kind = 'checkpoint_refused'`)).toHaveLength(1);
  };

  test('the whole log was made anew by the code of the app', async () => {
    await rewrite();
    await refused(/the log was rewritten, or two logs are signed with one key/);
    expect((await verify()).kinds).toContain('checkpoint_mismatch');
  });

  test('also when the checkpoints in the database were made anew with the right key', async () => {
    await rewrite();
    await rig.tamper('truncate audit_checkpoints, audit_publications, audit_keys');
    await refused(/checkpoint has|checkpoint that/);
    expect((await verify()).kinds).toContain('checkpoint_mismatch');
  });

  test('the tail was cut off, as by an old copy of the database', async () => {
    await rig.tamper(
      'delete from audit_chain where seq > 2',
      'delete from audit_events where id > 2',
      'delete from audit_personal where event_id > 2',
      'truncate audit_checkpoints',
    );
    expect((await verify()).kinds).toEqual(['truncated']);
    await expect(signCheckpoint(rig.deps)).rejects.toThrow('an old copy of the database is in use');
  });

  test('a fork that was published with the right key is found by its file', async () => {
    const [first = ''] = await readdir(rig.folder);
    await rewrite();
    await rig.tamper('truncate audit_checkpoints, audit_publications, audit_keys');
    const kept = await readFile(join(rig.folder, first), 'utf8');
    const emptied = { ...rig.deps, publishers: [] };
    const forked = await signCheckpoint(emptied);
    expect(forked?.note).not.toBe(kept);
    await publishCheckpoints(rig.deps);
    expect(await readdir(rig.folder)).toHaveLength(2);
    expect((await verify()).kinds).toEqual(['checkpoint_mismatch']);
  });

  test('another name of the log', async () => {
    rig.deps = { ...rig.deps, settings: { ...rig.deps.settings, origin: 'elsewhere.test' } };
    await expect(signCheckpoint(rig.deps)).rejects.toThrow('a log keeps its name');
  });

  test('a checkpoint by a key of somebody else in the folder is no head and is named', async () => {
    const other = await rig.withKey(newKey());
    const [name = ''] = await readdir(rig.folder);
    const { signNote } = await import('../../../src/lib/transparency/note.ts');
    const text = parseNote(await readFile(join(rig.folder, name), 'utf8'))?.text ?? '';
    await writeFile(join(rig.folder, '000000000009-0000000000000000.checkpoint'), await signNote(text, other.signers));
    await writeFile(join(rig.folder, '000000000010-0000000000000000.checkpoint'), 'garbage');
    const { kinds, problems } = await verify();
    expect(kinds).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('without a signature by one of its keys')]);
    await rig.append({});
    await signCheckpoint(rig.deps);
  });
});
