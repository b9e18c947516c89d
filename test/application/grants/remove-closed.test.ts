/** The two strokes of an end: closed at once, and removed after that, where the removal may fail and nobody has access by it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import type { Access } from '../../../src/application/deps.ts';
import { somePerson } from '../../store/fixtures.ts';
import { openPostgresBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

let bench: Bench;
let ada: Person;
beforeAll(async () => {
  bench = await openPostgresBench();
  ada = somePerson('Ada');
});
afterAll(() => bench.close());

const expireDue = async (): Promise<void> => (await bench.useCases.expireDue()).work;
const removeClosed = async (access: Partial<Access> = {}): Promise<number> => {
  const { count, work } = await bench.useCasesWith(access).removeClosed();
  await work;
  return count;
};
const closed = async (): Promise<Grant> => {
  const { id } = await bench.active(ada);
  await bench.expire(id);
  await expireDue();
  return bench.grant(id);
};
const loginOf = async ({ id }: Grant): Promise<{ canLogin: boolean }[]> =>
  targetSql(bench, `select rolcanlogin as "canLogin" from pg_roles where rolname like $1`, [`lk_${id}_%`]);
const eventsOf = async ({ id }: Grant): Promise<{ type: string; data: Record<string, unknown> }[]> => {
  const rows = await bench.sql<{ type: string; data: string }>(
    `select type, data from audit_events where grant_id = $1 and type in ('grant.closed', 'grant.removal_retried', 'grant.removed') order by id`,
    [id],
  );
  return rows.map(({ type, data }) => ({ type, data: JSON.parse(data) as Record<string, unknown> }));
};

test('closed is recorded and told before anything is removed; removed is recorded after that, and told to nobody', async () => {
  const grant = await closed();
  expect(grant).toMatchObject({ state: 'closed', endOutcome: null, removedAt: null });
  expect(await loginOf(grant)).toEqual([{ canLogin: false }]);
  expect(await bench.sql('select 1 from secrets where grant_id = $1', [grant.id])).toEqual([]);
  const told = () => bench.sql(`select 1 from outbox where kind = 'notify' and subject_id = $1`, [grant.requestId]);
  expect((await told()).length).toBeGreaterThan(0);
  expect(await bench.store.read.holdings(ada.id)).toMatchObject({ live: [] });
  expect(await bench.store.read.oldestOverdueMs()).toBe(0);
  expect(await bench.store.read.oldestClosedMs()).toBeGreaterThan(0);
  await bench.sql('delete from outbox');
  expect(await removeClosed()).toBe(1);
  const removed = await bench.grant(grant.id);
  expect(removed).toMatchObject({ state: 'removed', endOutcome: 'removed', closedAt: grant.closedAt });
  expect(await loginOf(grant)).toEqual([]);
  expect(await told()).toEqual([]);
  expect(await bench.store.read.oldestClosedMs()).toBe(0);
  const closing = { readback: { operation: 'close_and_read_back', answer: 'closed' }, attempts: 1 };
  const removing = { readback: { operation: 'revoke_and_read_back', answer: 'absent' }, outcome: 'removed' };
  expect(await eventsOf(grant)).toMatchObject([
    { type: 'grant.closed', data: closing },
    { type: 'grant.removed', data: { ...removing, closedAt: grant.closedAt?.toISOString() } },
  ]);
  expect(await removeClosed()).toBe(0);
});

test('a removal that fails leaves it ended and closed, is tried again, and is told until it is done', async () => {
  const grant = await closed();
  await bench.sql('delete from outbox');
  const failure = { kind: 'denied', message: 'Something depends on it.', isRetried: false };
  await removeClosed({ revokeMany: async (items) => items.map(() => failure) });
  const stuck = await bench.grant(grant.id);
  expect(stuck).toMatchObject({ state: 'closed', attempts: 1, lastErrorKind: 'denied', closedAt: grant.closedAt });
  expect(await loginOf(grant)).toEqual([{ canLogin: false }]);
  const told = () => bench.sql<{ kind: string }>('select kind from outbox where subject_id = $1', [grant.requestId]);
  expect(await told()).toEqual([{ kind: 'notify' }]);
  // Not before its next attempt is due; and what is live is closed meanwhile.
  expect(await removeClosed()).toBe(0);
  await bench.sql('delete from outbox');
  await bench.sql('update grants set next_attempt_at = now() where id = $1', [grant.id]);
  // Somebody opens it by hand: a removal closes first.
  const [{ name } = { name: '' }] = await targetSql<{ name: string }>(
    bench,
    `select rolname as name from pg_roles where rolname like $1`,
    [`lk_${grant.id}_%`],
  );
  await targetSql(bench, `alter role "${name}" login valid until 'infinity'`);
  expect(await removeClosed()).toBe(1);
  expect(await bench.grant(grant.id)).toMatchObject({ state: 'removed', endOutcome: 'removed' });
  expect(await told()).toEqual([{ kind: 'notify' }]);
  expect((await eventsOf(grant)).map(({ type }) => type)).toEqual([
    'grant.closed',
    'grant.removal_retried',
    'grant.removed',
  ]);
});

test('what is gone when it is to be closed was already absent; what an administrator drops after that was closed by Latchkey', async () => {
  const drop = ({ id }: Grant): Promise<unknown> =>
    targetSql(
      bench,
      `do $$ declare r text; begin for r in select rolname from pg_roles where rolname like 'lk_${id}_%'
      loop execute format('drop role %I', r); end loop; end $$`,
    );
  const before = await bench.active(ada);
  await drop(before);
  await bench.expire(before.id);
  await expireDue();
  const after = await closed();
  await drop(after);
  expect(await bench.grant(before.id)).toMatchObject({ state: 'closed', endOutcome: 'already_absent' });
  await removeClosed();
  expect(await bench.grant(before.id)).toMatchObject({ state: 'removed', endOutcome: 'already_absent' });
  expect(await bench.grant(after.id)).toMatchObject({ state: 'removed', endOutcome: 'removed' });
});

test('a removal waits while something in its target is being closed, and not for ever', async () => {
  const waiting = await closed();
  const other = await bench.active(ada);
  await bench.expire(other.id);
  expect(await removeClosed()).toBe(0);
  await bench.sql(`update grants set closed_at = closed_at - interval '31 seconds' where id = $1`, [waiting.id]);
  expect(await removeClosed()).toBe(1);
  await expireDue();
  expect(await removeClosed()).toBe(1);
  expect(await bench.grant(other.id)).toMatchObject({ state: 'removed' });
});

test('several processes remove each once, and one that died in between is followed by another', async () => {
  const grants = [await bench.active(ada), await bench.active(ada), await bench.active(ada)];
  for (const { id } of grants) await bench.expire(id);
  await expireDue();
  const [first] = grants;
  // It had claimed this one.
  await bench.sql(`update grants set lease_until = now() + interval '1 minute' where id = $1`, [first?.id]);
  await Promise.all([removeClosed(), removeClosed()]);
  await bench.sql(`update grants set lease_until = now() where id = $1`, [first?.id]);
  await removeClosed();
  for (const grant of grants) {
    expect(await bench.grant(grant.id)).toMatchObject({ state: 'removed' });
    expect((await eventsOf(grant)).map(({ type }) => type)).toEqual(['grant.closed', 'grant.removed']);
  }
});
