import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import type { Store } from '../../src/application/deps.ts';
import { OPEN_TAG, PERSONAL_TAG, chainHashOf, commitmentTo, personalTextOf } from '../../src/store/audit/leaf.ts';
import { openTestStore, someEvent, writeEvents } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
let store: Store;

beforeEach(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterEach(() => opened.close());

const query = async (text: string, values: unknown[] = []) => (await opened.pool.query(text, values)).rows;

const append = (count: number, from = 1): Promise<void> =>
  writeEvents(
    opened.pool,
    ...Array.from({ length: count }, (_, index) => ({ data: { n: from + index, 'text"': 'ä\u2028' } })),
  );

const appendSealed = async (count: number): Promise<void> => {
  await append(count);
  expect(await store.audit.seal(1000)).toBe(count);
};

const TABLES = ['audit_events', 'audit_chain', 'audit_personal'];

/** Changes the log as an administrator can who takes the triggers away. */
const tamper = async (...statements: string[]): Promise<void> => {
  const client = await opened.pool.connect();
  try {
    for (const table of TABLES) await client.query(`alter table ${table} disable trigger all`);
    for (const statement of statements) await client.query(statement);
    for (const table of TABLES) await client.query(`alter table ${table} enable always trigger ${table}_append_only`);
  } finally {
    client.release();
  }
};

const problemsAfter = async (...statements: string[]) => {
  await tamper(...statements);
  const { ok, problems } = await verifyAudit(opened.pool);
  expect(ok).toBe(problems.length === 0);
  return problems.map(({ seq, kind, eventId }) => ({ seq, kind, eventId }));
};

describe('appending', () => {
  test('events and their chain refuse to be updated, deleted or truncated', async () => {
    await appendSealed(2);
    const before = await verifyAudit(opened.pool);
    for (const table of ['audit_events', 'audit_chain'])
      for (const change of [
        `update ${table} set ${table === 'audit_events' ? 'type' : 'hash'} = 'x'`,
        `update ${table} set ${table === 'audit_events' ? 'type' : 'hash'} = 'x' where false`,
        `delete from ${table}`,
        `truncate ${table}`,
        `truncate ${table} cascade`,
      ])
        await expect(query(change)).rejects.toMatchObject({
          code: '23001',
          message: `${table} is append-only: ${change.split(' ')[0]?.toUpperCase()} is refused`,
        });
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, head: before.head });
  });

  test('switching ordinary triggers off for a session does not open the log', async () => {
    await appendSealed(1);
    const client = await opened.pool.connect();
    try {
      await client.query('set session_replication_role = replica');
      await expect(client.query('delete from audit_events')).rejects.toMatchObject({ code: '23001' });
    } finally {
      client.release(true);
    }
  });

  test('an event keeps the exact text of its actor and data, in the order of appending', async () => {
    const actor = { kind: 'person', id: 'T1:U1', name: '<Ada> "x"', email: null } as const;
    await store.transaction(async (tx) => {
      const common = { actor, requestId: 'r1', grantId: 'g1', target: 'orders-db', role: 'read' };
      const data = { policy: 'p1', before: [{ d: 1, c: 2 }], after: 'NUL \u0000' };
      await tx.audit.append({ ...common, type: 'grant.rescoped', data });
      await tx.audit.append(someEvent());
    });
    const rows = await query('select * from audit_events order by id');
    expect(rows).toMatchObject([
      {
        type: 'grant.rescoped',
        actor: '{"email":null,"id":"T1:U1","kind":"person","name":"<Ada> \\"x\\""}',
        request_id: 'r1',
        grant_id: 'g1',
        data: '{"after":"NUL \\u0000","before":[{"c":2,"d":1}],"policy":"p1"}',
      },
      { type: 'request.cancelled' },
    ]);
  });
});

describe('sealing', () => {
  test('the hash is what the documentation says, and each continues the one before', async () => {
    await appendSealed(2);
    await append(1, 3);
    await store.audit.seal(1000);
    const rows = await query(
      `select c.*, c.seq::int, p.salt as personal_salt, e.id, e.type, e.actor, e.request_id, e.grant_id,
        e.target, e.role, e.data, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as iso
       from audit_chain c join audit_events e on e.id = c.event_id join audit_personal p on p.event_id = e.id order by c.seq`,
    );
    const sha256 = (...parts: (string | Buffer)[]) =>
      parts.reduce((made, part) => made.update(part), createHash('sha256')).digest();
    let prevHash = '0'.repeat(64);
    for (const [index, row] of rows.entries()) {
      const { id, iso, type, actor, request_id, grant_id, target, role, data } = row;
      expect(JSON.parse(row.open_text)).toMatchObject({
        ...{ v: 2, id, at: iso, type, requestId: request_id, grantId: grant_id, target, role },
        ...{ actor: { kind: 'system' }, data: {} },
      });
      expect(row.open_text).not.toContain('text\\"');
      const open = sha256('latchkey/event/open/v2', row.open_salt, row.open_text);
      const personal = sha256('latchkey/event/personal/v2', row.personal_salt, `{"actor":${actor},"data":${data}}`);
      expect(row.personal_commitment).toEqual(personal);
      expect(row.nodes.subarray(0, 32)).toEqual(sha256(Buffer.from([0]), open, personal));
      const text = `latchkey/chain/v2\n${index + 1}\n${prevHash}\n${open.toString('hex')}\n${personal.toString('hex')}\n`;
      const hash = sha256(text).toString('hex');
      expect(row).toMatchObject({ seq: index + 1, prev_hash: prevHash, hash });
      prevHash = hash;
    }
    expect(rows).toHaveLength(3);
    expect(await verifyAudit(opened.pool)).toEqual({
      ok: true,
      events: 3,
      unsealed: 0,
      oldestUnsealedAgeMs: null,
      head: { seq: 3, hash: prevHash },
      tree: { size: 3, root: expect.any(String), before: 0 },
      erased: 0,
      problems: [],
      isCut: false,
    });
  });

  test('32 writers and 3 sealers at once make one chain without a fork, with every event in it once', async () => {
    let isWriting = true;
    const sealer = async (): Promise<number> => {
      let sealed = 0;
      for (;;) {
        const wasWriting = isWriting;
        const count = await store.audit.seal(50);
        sealed += count;
        if (!wasWriting && count === 0) return sealed;
      }
    };
    const sealers = [sealer(), sealer(), sealer()];
    const outcomes: string[] = [];
    const writer = async (writerId: number): Promise<void> => {
      for (let n = 0; n < 10; n += 1) {
        const written = store.transaction(async (tx) => {
          await tx.audit.append(someEvent({ data: { reason: `${writerId} ${n}` } }));
          await tx.now();
          if (n === 5) throw new Error('on purpose');
        });
        const outcome = await written.then(
          () => 'stored',
          (error: unknown) => String(error),
        );
        outcomes.push(outcome);
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, writerId) => writer(writerId)));
    isWriting = false;
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(32 * 9);
    expect(outcomes.filter((outcome) => outcome === 'Error: on purpose')).toHaveLength(32);
    await Promise.all(sealers);
    // A sealer may have found the lock taken in its last turn.
    await store.audit.seal(1000);
    const report = await verifyAudit(opened.pool);
    expect(report).toMatchObject({ ok: true, events: 32 * 9, unsealed: 0, problems: [] });
    expect(report.head.seq).toBe(32 * 9);
  });

  test('an event of a transaction that commits late is sealed after those that overtook it', async () => {
    await store.transaction(async (tx) => {
      await tx.audit.append(someEvent({ data: { reason: 'late' } }));
      await append(1);
      expect(await store.audit.seal(10)).toBe(1);
    });
    expect(await store.read.counts()).toMatchObject({ unsealed: 1 });
    expect(await store.audit.seal(10)).toBe(1);
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true, events: 2 });
  });

  test('what waits to be sealed is counted with its age', async () => {
    await append(3);
    expect(await store.audit.seal(2)).toBe(2);
    const report = await verifyAudit(opened.pool);
    expect(report).toMatchObject({ ok: true, events: 2, unsealed: 1, oldestUnsealedAgeMs: expect.any(Number) });
  });
});

const REHASH = (seq: number): string =>
  `update audit_chain set hash = encode(sha256(convert_to('forged ${seq}', 'UTF8')), 'hex') where seq = ${seq}`;
const MOVE_UP = 'update audit_chain set seq = -seq where seq >= 5; update audit_chain set seq = -seq + 1 where seq < 0';

describe('verifying', () => {
  beforeEach(() => appendSealed(12));

  test.each([
    ['a changed field', `update audit_events set data = '{"n":50}' where id = 5`],
    ['a changed time, by a microsecond', `update audit_events set at = at + interval '1 microsecond' where id = 5`],
    ['another actor', `update audit_events set actor = '{"kind":"system"}' where id = 5`],
    ['another hash in the chain', REHASH(5)],
    ['another hash before it', `update audit_chain set prev_hash = hash where seq = 5`],
    ['an emptied target', `update audit_events set target = null where id = 5`],
  ])('finds %s', async (_, statement) => {
    expect(await problemsAfter(statement)).toEqual([{ seq: 5, kind: 'changed', eventId: '5' }]);
  });

  test('finds an event that was changed and hashed anew, by what was chained to it', async () => {
    const [row] = await query(
      `select c.prev_hash, c.open_salt, c.open_text, e.actor, p.salt from audit_chain c join audit_events e on e.id = c.event_id
       join audit_personal p on p.event_id = e.id where seq = 5`,
    );
    const event = { actor: row.actor, data: '{"n":50}' };
    const openText = row.open_text.replace('"n":5', '"n":50');
    const personal = commitmentTo(PERSONAL_TAG, { salt: row.salt, text: personalTextOf(event) });
    const open = commitmentTo(OPEN_TAG, { salt: row.open_salt, text: openText });
    const hash = chainHashOf(5, row.prev_hash, { open, personal });
    const problems = await problemsAfter(
      `update audit_events set data = '{"n":50}' where id = 5`,
      `update audit_chain set hash = '${hash}', open_text = '${openText}', personal_commitment = '\\x${personal.toString('hex')}' where seq = 5`,
    );
    expect(problems).toEqual([{ seq: 5, kind: 'changed', eventId: null }]);
  });

  test('finds a removed event', async () => {
    const gone = await problemsAfter('delete from audit_events where id = 5');
    expect(gone).toEqual([{ seq: 5, kind: 'removed', eventId: '5' }]);
  });

  test('finds removed events whose places were removed too', async () => {
    await tamper('delete from audit_events where id in (5, 6)', 'delete from audit_chain where seq in (5, 6)');
    const { problems } = await verifyAudit(opened.pool);
    expect(problems).toEqual([{ seq: 5, kind: 'removed', eventId: null, message: 'Numbers 5 to 6 are missing.' }]);
  });

  test('finds the beginning removed', async () => {
    const gone = await problemsAfter(
      'delete from audit_events where id <= 2',
      'delete from audit_chain where seq <= 2',
    );
    expect(gone).toEqual([{ seq: 1, kind: 'removed', eventId: null }]);
  });

  test('finds a removed event when the rest was numbered anew', async () => {
    const gone = await problemsAfter(
      'delete from audit_events where id = 5',
      'delete from audit_chain where seq = 5',
      'update audit_chain set seq = -seq where seq > 5; update audit_chain set seq = -seq - 1 where seq < 0',
    );
    expect(gone).toEqual([{ seq: 5, kind: 'removed', eventId: null }]);
  });

  test.each([
    [
      'places',
      'update audit_chain set seq = -seq where seq in (5, 9); update audit_chain set seq = 14 + seq where seq < 0',
    ],
    [
      'events',
      'update audit_chain set event_id = -event_id where seq in (5, 9); update audit_chain set event_id = 14 + event_id where event_id < 0',
    ],
    [
      'contents',
      `update audit_events set data = case id when 5 then '{"n":9}' else '{"n":5}' end, at = (select at from audit_events o where o.id = 14 - audit_events.id) where id in (5, 9)`,
    ],
  ])('finds two events that changed %s', async (_, statement) => {
    await tamper(
      `update audit_events set data = '{"n":' || id || '}'`,
      'truncate audit_chain, audit_personal',
      'insert into audit_unsealed select id from audit_events',
    );
    await store.audit.seal(1000);
    const problems = await problemsAfter(statement);
    expect(problems.map(({ seq, kind }) => ({ seq, kind }))).toEqual([
      { seq: 5, kind: 'reordered' },
      { seq: 9, kind: 'reordered' },
    ]);
  });

  test('finds neighbours that changed places', async () => {
    const problems = await problemsAfter(
      'update audit_chain set seq = -seq where seq in (5, 6); update audit_chain set seq = 11 + seq where seq < 0',
    );
    expect(problems.map(({ seq, kind }) => ({ seq, kind }))).toEqual([
      { seq: 5, kind: 'reordered' },
      { seq: 6, kind: 'reordered' },
    ]);
  });

  test('finds an event that was slipped in beside the chain', async () => {
    const problems = await problemsAfter(
      `insert into audit_events (at, type, actor, data) values (now(), 'vote.cast', '{}', '{}')`,
    );
    expect(problems).toEqual([{ seq: null, kind: 'unsealed_without_queue', eventId: '13' }]);
  });

  test('finds an event that was slipped into the chain', async () => {
    const problems = await problemsAfter(
      `insert into audit_events (at, type, actor, data) values (now(), 'vote.cast', '{}', '{}')`,
      MOVE_UP,
      `insert into audit_chain values (5, 13, (select hash from audit_chain where seq = 4), 'forged')`,
    );
    expect(problems).toEqual([
      { seq: 5, kind: 'changed', eventId: '13' },
      { seq: 5, kind: 'inserted', eventId: null },
    ]);
  });

  test('finds a place in the chain that was removed at the end', async () => {
    expect(await problemsAfter('delete from audit_chain where seq = 12')).toEqual([
      { seq: null, kind: 'unsealed_without_queue', eventId: '12' },
    ]);
  });

  test('finds what was done to the queue', async () => {
    await append(1);
    await tamper('delete from audit_events where id = 13');
    await query('insert into audit_unsealed values (3)');
    const { problems } = await verifyAudit(opened.pool);
    expect(problems.map(({ seq, kind, eventId }) => ({ seq, kind, eventId }))).toEqual([
      { seq: 3, kind: 'queued_again', eventId: '3' },
      { seq: null, kind: 'queued_without_event', eventId: '13' },
    ]);
  });

  test('finds a tail that was cut off, and a chain made anew, only with a head noted before', async () => {
    const { head } = await verifyAudit(opened.pool);
    await tamper('delete from audit_events where id > 10', 'delete from audit_chain where seq > 10');
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true });
    const cut = await verifyAudit(opened.pool, { expectHead: head });
    expect(cut).toMatchObject({ ok: false, problems: [{ seq: 11, kind: 'truncated' }] });
    await tamper('truncate audit_chain, audit_personal', `update audit_events set type = 'vote.cast' where id = 3`);
    await query('insert into audit_unsealed select id from audit_events');
    await append(5);
    expect(await store.audit.seal(1000)).toBe(15);
    expect(await verifyAudit(opened.pool)).toMatchObject({ ok: true });
    const anew = await verifyAudit(opened.pool, { expectHead: head });
    expect(anew).toMatchObject({ ok: false, problems: [{ seq: 12, kind: 'head_mismatch' }] });
  });

  test('a head noted before is still good after the log has grown', async () => {
    const { head } = await verifyAudit(opened.pool);
    await append(3);
    await store.audit.seal(1000);
    expect(await verifyAudit(opened.pool, { expectHead: head })).toMatchObject({ ok: true, events: 15 });
  });
});
