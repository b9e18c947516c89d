/** The tree is made anew from the events: byte for byte what it was, or not at all. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rebuildTree } from '../../src/store/audit/rebuild-tree.ts';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import { openTestStore, writeEvents } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

const LEAVES = 1_203;

let opened: TestStore;

beforeEach(async () => {
  opened = await openTestStore();
  const events = Array.from({ length: LEAVES }, (_, index) => ({
    requestId: index % 3 === 0 ? null : `r${index % 5}`,
    grantId: index % 3 === 1 ? `g${index % 5}` : null,
  }));
  await writeEvents(opened.pool, ...events);
  while ((await opened.store.audit.seal(500)) > 0);
});
afterEach(() => opened.close());

const query = async (text: string, values: unknown[] = []) => (await opened.pool.query(text, values)).rows;

const TREE = `select seq, nodes, request_id, grant_id, request_event, grant_event from audit_chain order by seq`;

/** By the owner of the tables, as an accident or an attacker. */
const damage = async (statement: string): Promise<void> => {
  await query('alter table audit_chain disable trigger audit_chain_append_only');
  await query(statement);
  await query('alter table audit_chain enable always trigger audit_chain_append_only');
};

const sign = async (size: number, root: string): Promise<void> => {
  const note = 'as it was signed';
  await query('insert into audit_checkpoints (size, root, note, signed_at) values ($1, $2, $3, now())', [
    size,
    Buffer.from(root, 'base64'),
    note,
  ]);
};

test('with every hash and counter gone, all of them are what they were, and the log verifies', async () => {
  const before = await query(TREE);
  const { tree } = await verifyAudit(opened.pool);
  await sign(tree.size, tree.root);
  await damage(
    'update audit_chain set nodes = null, request_id = null, grant_id = null, request_event = null, grant_event = null',
  );
  const damaged = await verifyAudit(opened.pool);
  expect(damaged.problems.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['tree_mismatch', 1],
    ['tree_mismatch', 2],
  ]);
  expect(await rebuildTree(opened.pool)).toEqual({ leaves: LEAVES, root: tree.root, changed: LEAVES });
  expect(await query(TREE)).toEqual(before);
  expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, tree });
  expect(await rebuildTree(opened.pool)).toMatchObject({ changed: 0 });
});

test('only what is damaged is written, the log goes on, and it is append-only as before', async () => {
  await damage(`update audit_chain set nodes = sha256('x') where seq in (7, 1024)`);
  expect(await rebuildTree(opened.pool)).toMatchObject({ changed: 2 });
  await expect(query('update audit_chain set nodes = null')).rejects.toMatchObject({ code: '23001' });
  await writeEvents(opened.pool, { requestId: 'r1' });
  await opened.store.audit.seal(10);
  expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, tree: { size: LEAVES + 1 } });
});

test.each([
  ['another request', `request_id = 'r9' where request_id = 'r1'`],
  ['no grant', `grant_id = null, grant_event = null where grant_id = 'g1'`],
  ['another count', 'request_event = 99 where request_event = 7'],
])('an event that is stored under %s is found by the check, and put back', async (_, change) => {
  await damage(`update audit_chain set ${change}`);
  expect((await verifyAudit(opened.pool)).problems).toEqual([
    expect.objectContaining({
      kind: 'tree_mismatch',
      message: expect.stringContaining('is stored under another request, grant or count'),
    }),
  ]);
  await rebuildTree(opened.pool);
  expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true });
});

test.each([
  ['a text that was changed', `update audit_chain set open_text = replace(open_text, 'g4', 'g9') where seq = 20`],
  ['a place that is gone', `delete from audit_chain where seq = 20`],
])('%s is not covered up: nothing is written', async (_, statement) => {
  await damage(statement);
  const before = await query(TREE);
  await expect(rebuildTree(opened.pool)).rejects.toThrow(/Event (?:20|21) is not what was sealed there/);
  expect(await query(TREE)).toEqual(before);
  await expect(query('update audit_chain set nodes = null')).rejects.toMatchObject({ code: '23001' });
});

test('a log that is not the one that was signed is refused, and so is one that is shorter', async () => {
  await sign(1_000, Buffer.alloc(32).toString('base64'));
  await expect(rebuildTree(opened.pool)).rejects.toThrow('The first 1000 leaves are not those of the checkpoint');
  await query('delete from audit_checkpoints');
  await sign(LEAVES + 1, Buffer.alloc(32).toString('base64'));
  await expect(rebuildTree(opened.pool)).rejects.toThrow(`a checkpoint of ${LEAVES + 1} was signed`);
});
