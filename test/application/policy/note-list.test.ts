/** What a list of targets gave is kept, one process reads it when it is due, and admins are notified once while it cannot be read. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const SHOPS = { list: 'shops', definition: 'd1' };
const GOOD = { rows: '{"shop":"lisbon"}', sha256: 'aa11' };

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const note = (outcome: typeof GOOD | { problem: string }, id = SHOPS) => rig.useCases.noteList({ ...id, outcome });
const claim = (everyMs: number, id = SHOPS, verbs = rig.useCases) => verbs.claimList({ ...id, everyMs });
const kept = (id = SHOPS) => rig.store.read.listRows(id);
const events = async () =>
  (await rig.events()).filter(({ type }) => type.startsWith('targets.')).map(({ type, data }) => ({ type, data }));
const notices = async () =>
  (
    await rig.pool.query<{ kind: string; lines: string[]; closing: string | null }>(
      'select kind, lines, closing from announcements order by created_at, id',
    )
  ).rows;

test('of several processes one reads a list that is due, and none does again before its time', async () => {
  const claims = await Promise.all([claim(60_000), claim(60_000, SHOPS, rig.other), claim(60_000)]);
  expect(claims.filter(Boolean)).toHaveLength(1);
  expect(await claim(60_000)).toBe(false);
  await rig.pool.query(`update target_lists set tried_at = tried_at - interval '61 seconds'`);
  const again = await Promise.all([claim(60_000), claim(60_000, SHOPS, rig.other)]);
  expect(again.filter(Boolean)).toHaveLength(1);
});

test('another definition is another list: it is due at once, and nothing of the one before is known of it', async () => {
  const other = { ...SHOPS, definition: 'd2' };
  await claim(60_000);
  await note(GOOD);
  expect(await claim(60_000, other)).toBe(true);
  expect(await kept(other)).toBeNull();
  expect(await kept()).toBe(GOOD.rows);
});

test('rows that are the same are not written again, however many they are', async () => {
  const many = { rows: Array.from({ length: 200 }, () => randomBytes(60).toString('hex')).join(',\n'), sha256: 'bb22' };
  const where = async () => {
    const { rows } = await rig.pool.query<{ oid: string }>(
      `select reltoastrelid::regclass::text as oid from pg_class where oid = 'target_lists'::regclass`,
    );
    return (await rig.pool.query(`select distinct chunk_id::text as id from ${rows[0]?.oid}`)).rows;
  };
  await note(many);
  const first = await where();
  expect(first).toHaveLength(1);
  await note({ problem: 'is not there' });
  await note(many);
  expect(await where()).toEqual(first);
  expect(await kept()).toBe(many.rows);
  expect(await rig.store.read.lists()).toMatchObject([{ ...SHOPS, sha256: 'bb22', problem: null }]);
});

test('one that cannot be read keeps what it gave last, and is recorded and notified once however often it fails', async () => {
  await note(GOOD);
  expect(await events()).toEqual([]);
  for (const problem of ['is not there', 'is not there', 'is no CSV']) await note({ problem });
  expect(await kept()).toBe(GOOD.rows);
  expect(await events()).toEqual([
    { type: 'targets.list_unreadable', data: { list: 'shops', problem: 'is not there' } },
  ]);
  expect(await notices()).toEqual([{ kind: 'list_unreadable', lines: ['List shops is not there'], closing: null }]);
  expect(await rig.store.read.lists()).toMatchObject([{ ...SHOPS, sha256: GOOD.sha256, problem: 'is no CSV' }]);
});

test('once it can be read again its notice is closed, and the next fault is a new one', async () => {
  await note({ problem: 'is not there' });
  expect(await kept()).toBeNull();
  await note(GOOD);
  await note({ rows: '{"shop":"porto"}', sha256: 'cc33' });
  expect(await kept()).toBe('{"shop":"porto"}');
  const readable = (await events()).filter(({ type }) => type === 'targets.list_readable');
  expect(readable).toMatchObject([{ data: { list: 'shops', sha256: GOOD.sha256 } }]);
  expect((await notices()).map(({ closing }) => closing)).toEqual(['The list can be read again.']);
  await note({ problem: 'is no CSV' });
  expect((await notices()).map(({ lines, closing }) => [lines[0], closing])).toEqual([
    ['List shops is not there', 'The list can be read again.'],
    ['List shops is no CSV', null],
  ]);
});
