import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashOf, EMPTY_HEAD } from '../../src/store/audit/chain.ts';
import { readPlans, readTreeSize } from '../../src/store/audit/tree.ts';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import { consistencyPlan, inclusionPlan, isConsistent, isIncluded, rootPlan } from '../../src/lib/transparency/tree.ts';
import { openTestStore, writeEvents } from './fixtures.ts';
import type { TestStore, WrittenEvent } from './fixtures.ts';

let opened: TestStore;

beforeEach(async () => {
  opened = await openTestStore();
});

afterEach(() => opened.close());

const query = async (text: string, values: unknown[] = []) => (await opened.pool.query(text, values)).rows;

const append = (...events: Partial<WrittenEvent>[]): Promise<void> => writeEvents(opened.pool, ...events);
const seal = (limit = 1000): Promise<number> => opened.store.audit.seal(limit);

const tamper = async (...statements: string[]): Promise<void> => {
  for (const table of ['audit_chain', 'audit_personal', 'audit_events'])
    await query(`alter table ${table} disable trigger all`);
  for (const statement of statements) await query(statement);
};

const openTexts = async () =>
  (await query('select open_text from audit_chain where open_text is not null order by seq')).map(
    ({ open_text }) => JSON.parse(open_text) as Record<string, unknown>,
  );

/** As an older version sealed them. */
const sealAsBefore = async (): Promise<{ seq: number; hash: string }> => {
  const rows = await query(
    `select e.*, e.id::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as iso from audit_events e order by e.id`,
  );
  let head = EMPTY_HEAD;
  for (const { id, iso, type, actor, request_id, grant_id, target, role, data } of rows) {
    const seq = head.seq + 1;
    const event = { id, at: iso, type, actor, requestId: request_id, grantId: grant_id, target, role, data };
    const hash = hashOf(seq, head.hash, event);
    await query('insert into audit_chain (seq, event_id, prev_hash, hash) values ($1, $2, $3, $4)', [
      seq,
      id,
      head.hash,
      hash,
    ]);
    head = { seq, hash };
  }
  await query('delete from audit_unsealed');
  return head;
};

describe('counters', () => {
  test('count each request and each grant without a gap, over batches, and the removal says the total', async () => {
    const life = { requestId: 'r1', grantId: 'g1' };
    await append({ requestId: 'r1' }, { requestId: 'r2' }, { ...life, type: 'grant.activating' });
    expect(await seal(2)).toBe(2);
    expect(await seal()).toBe(1);
    await append({ type: 'policy.loaded' }, { ...life, type: 'grant.removed' }, { ...life, type: 'review.opened' });
    await seal();
    const counted = (await openTexts()).map(({ requestEvent, grantEvent, grantEventsTotal }) => [
      requestEvent,
      grantEvent,
      grantEventsTotal,
    ]);
    const none = undefined;
    expect(counted).toEqual([
      [1, none, none],
      [1, none, none],
      [2, 1, none],
      [none, none, none],
      [3, 2, 2],
      [4, 3, none],
    ]);
  });
});

describe('what is open', () => {
  test('names, addresses, reasons and ids of people are in the personal text alone', async () => {
    await append({
      type: 'request.created',
      actor: { kind: 'person', id: 'T1:UADA', name: 'Ada', email: 'ada@example.com' },
      data: {
        reason: 'because Ada said so',
        person: 'T1:UADA',
        rule: 'dana@acme.test may',
        policy: 'a'.repeat(64),
        before: 'T1:UBOB',
        expiresAt: '2026-11-29T10:00:00.000Z',
        votes: ['T1:UADA', 'T1:UBOB'],
        requirements: [{ label: 'dana@acme.test or U024BE7LH', count: 2 }],
        handle: { login: 'lk_1_ada', attempts: 2 },
        durationMs: 60_000,
      },
    });
    await seal();
    const [text] = await openTexts();
    expect(text).toMatchObject({
      actor: { kind: 'person' },
      data: { policy: 'a'.repeat(64), expiresAt: '2026-11-29T10:00:00.000Z', durationMs: 60_000 },
    });
    expect(JSON.stringify(text)).not.toMatch(/ada|bob|dana|because/i);
  });
});

describe('the tree', () => {
  test('proves each leaf of each size, and that each size continues each before', async () => {
    for (let n = 0; n < 21; n += 1) {
      await append({ data: { n } });
      if (n % 3 !== 0) await seal();
    }
    await seal();
    const { before, size } = await readTreeSize(opened.pool);
    expect({ before, size }).toEqual({ before: 0, size: 21 });
    const leaves = (await query('select nodes from audit_chain order by seq')).map(({ nodes }) =>
      nodes.subarray(0, 32),
    );
    const roots = [];
    for (let n = 0; n <= size; n += 1) roots.push((await readPlans(opened.pool, before, [rootPlan(n)]))[0]?.[0]);
    for (let n = 1; n <= size; n += 1)
      for (let index = 0; index < n; index += 1) {
        const [path = []] = await readPlans(opened.pool, before, [inclusionPlan(index, n)]);
        expect(isIncluded(leaves[index], { index, size: n, path, root: roots[n] as Buffer })).toBe(true);
        expect(isIncluded(leaves[(index + 1) % size], { index, size: n, path, root: roots[n] as Buffer })).toBe(false);
      }
    for (let n = 1; n <= size; n += 1)
      for (let old = 0; old <= n; old += 1) {
        const [proof = []] = await readPlans(opened.pool, before, [consistencyPlan(old, n)]);
        const heads = { oldSize: old, oldRoot: roots[old] as Buffer, size: n, root: roots[n] as Buffer };
        expect(isConsistent(heads, proof)).toBe(true);
        expect(isConsistent({ ...heads, oldRoot: roots[old === 0 ? 1 : old - 1] as Buffer }, proof)).toBe(false);
      }
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, tree: { size: 21 } });
  });

  test('an older log goes on: its places stay, and the first leaf commits to its head', async () => {
    await append({ requestId: 'r1' }, { requestId: 'r1', grantId: 'g1' }, {});
    const head = await sealAsBefore();
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, events: 3, tree: { size: 0, before: 3 } });
    await append({ requestId: 'r1', grantId: 'g1', type: 'grant.removed' });
    await seal();
    expect(await openTexts()).toMatchObject([
      { type: 'log.upgraded', data: { chainSeq: 3, chainHash: head.hash } },
      { type: 'grant.removed', requestEvent: 1, grantEvent: 1, grantEventsTotal: 1 },
    ]);
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, events: 5, tree: { size: 2, before: 3 } });
    await append({});
    await seal();
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, events: 6, tree: { size: 3, before: 3 } });
  });

  test('an older chain made anew under the tree is found', async () => {
    await append({ data: { n: 1 } });
    await sealAsBefore();
    await append({});
    await seal();
    await tamper(
      `update audit_events set data = '{"n":2}' where id = 1`,
      'update audit_chain set seq = -seq where open_text is null',
    );
    await query('delete from audit_chain where seq < 0');
    const [row] = await query(
      `select e.*, e.id::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as iso from audit_events e where id = 1`,
    );
    const event = { ...row, at: row.iso, requestId: row.request_id, grantId: row.grant_id };
    const hash = hashOf(1, EMPTY_HEAD.hash, event);
    await query('insert into audit_chain (seq, event_id, prev_hash, hash) values (1, 1, $1, $2)', [
      EMPTY_HEAD.hash,
      hash,
    ]);
    const { problems } = await verifyAudit(opened.pool);
    expect(problems.map(({ seq, kind }) => [seq, kind])).toContainEqual([2, 'changed']);
  });
});

describe('verifying', () => {
  beforeEach(async () => {
    await append(...Array.from({ length: 9 }, (_, n) => ({ data: { n: n + 1 } })));
    await seal();
  });

  test.each([
    [
      'an open text',
      `update audit_chain set open_text = replace(open_text, '"read"', '"write"') where seq = 5`,
      'changed',
    ],
    ['a salt', `update audit_chain set open_salt = sha256('x') where seq = 5`, 'changed'],
    ['a personal text', `update audit_events set data = replace(data, '"n":5', '"n":6') where id = 5`, 'changed'],
    ['a commitment', `update audit_chain set personal_commitment = sha256('x') where seq = 5`, 'changed'],
    ['the tree', `update audit_chain set nodes = sha256('x') where seq = 5`, 'tree_mismatch'],
    ['a salt that is gone, and a text that nothing proves', 'delete from audit_personal where event_id = 5', 'changed'],
    [
      'a part that is gone',
      `with gone as (delete from audit_personal where event_id = 5)
       update audit_events set actor = (open_text::json->'actor')::text, data = (open_text::json->'data')::text from audit_chain where event_id = id and id = 5`,
      'erased_without_record',
    ],
    ['a place taken out of the tree', 'update audit_chain set open_text = null where seq = 5', 'changed'],
  ])('finds %s', async (_, statement, kind) => {
    await tamper(statement);
    const { ok, problems } = await verifyAudit(opened.pool);
    expect({ ok, found: problems.map((problem) => [problem.seq, problem.kind]) }).toMatchObject({
      ok: false,
      found: expect.arrayContaining([[5, kind]]),
    });
  });

  test('a log made anew with the code of the app is found by a head that was signed before, and so is a cut tail', async () => {
    const { tree } = await verifyAudit(opened.pool);
    const signed = [{ size: tree.size, root: Buffer.from(tree.root, 'base64'), source: 'noted' }];
    await append({});
    await seal();
    expect(await verifyAudit(opened.pool, { signed })).toMatchObject({ ok: true });
    await tamper('delete from audit_chain where seq > 7', 'delete from audit_events where id > 7');
    await query('delete from audit_personal where event_id > 7');
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true });
    const cut = await verifyAudit(opened.pool, { signed });
    expect(cut.problems.map(({ seq, kind }) => [seq, kind])).toEqual([[8, 'truncated']]);
    await tamper('truncate audit_chain, audit_personal', `update audit_events set type = 'vote.cast' where id = 3`);
    await query('insert into audit_unsealed select id from audit_events');
    await append({}, {}, {});
    await seal();
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true });
    const anew = await verifyAudit(opened.pool, { signed });
    expect(anew.problems.map(({ seq, kind }) => [seq, kind])).toEqual([[9, 'checkpoint_mismatch']]);
  });
});
