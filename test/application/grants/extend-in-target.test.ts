/** The end of a grant moves in the target and in the store: whatever breaks in between, the store's end is the one that is kept. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import { ProviderError } from '../../../src/providers/provider.ts';
import type { Access } from '../../../src/application/deps.ts';
import { somePerson } from '../../store/fixtures.ts';
import { openPostgresBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

const MORE_MS = 30 * 60_000;
const UNIQUE = '23505';
const FOREIGN_KEY = '23503';

let bench: Bench;
let grant: Grant;
let requestId: string;
beforeAll(async () => {
  bench = await openPostgresBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  grant = await bench.active(somePerson('Ada'));
  requestId = await bench.agreedToMore(grant, MORE_MS);
});

const newEnd = (): Date => new Date(grant.expiresAt.getTime() + MORE_MS);
const now = (): Promise<Grant> => bench.grant(grant.id);
const move = (access: Partial<Access> = {}): Promise<void> => bench.useCasesWith(access).finishExtension({ requestId });
const state = async (): Promise<string | undefined> => (await bench.store.read.extension(requestId))?.state;
/** What the target holds to; null where the login is gone. */
const validUntil = async (): Promise<Date | null> => {
  const rows = await targetSql<{ at: Date }>(bench, 'select rolvaliduntil as at from pg_roles where rolname like $1', [
    `%${grant.id}%`,
  ]);
  return rows[0]?.at ?? null;
};
const events = async (): Promise<string[]> => {
  const rows = await bench.sql<{ type: string }>(
    `select type from audit_events where request_id = $1 and type like 'grant.%' order by id`,
    [requestId],
  );
  return rows.map(({ type }) => type);
};
/** The process dies here: what it had begun never comes back. */
const death = (): Promise<never> => new Promise(() => undefined);
/** What died processes were doing: it settles never, and nobody waits for it. */
const dead: Promise<void>[] = [];
/** Time passes: the dead process's hold runs out, and the sweep finds what it left. */
const sweep = async (): Promise<void> => {
  await bench.sql('update extensions set next_attempt_at = clock_timestamp() where request_id = $1', [requestId]);
  const { extending } = await bench.useCases.sweep();
  await Promise.all(extending.map((id) => bench.useCases.finishExtension({ requestId: id })));
};
const endNow = async (): Promise<void> => {
  await bench.expire(grant.id);
  await bench.useCases.completeRevocation({ grantIds: [grant.id] });
};

test('the new end stands in the target and in the store, and once is enough', async () => {
  await Promise.all([move(), move()]);
  await move();
  expect(await now()).toMatchObject({ expiresAt: newEnd(), durationMs: grant.durationMs + MORE_MS, extensions: 1 });
  expect(await validUntil()).toEqual(newEnd());
  expect(await events()).toEqual(['grant.extending', 'grant.extended']);
  await endNow();
});

test('killed before the target was asked: the old end holds, and the next one finishes it', async () => {
  dead.push(move({ extend: death }));
  await expect.poll(async () => (await bench.useCases.sweep()).extending).toEqual([]);
  expect([await now(), await validUntil()]).toMatchObject([{ expiresAt: grant.expiresAt }, grant.expiresAt]);
  await sweep();
  expect([(await now()).expiresAt, await validUntil()]).toEqual([newEnd(), newEnd()]);
  await endNow();
});

/** The target has the new end, and the store was never told. */
const killedAfterTheTarget = async (): Promise<void> => {
  dead.push(move({ extend: (...call) => bench.access.extend(...call).then(death) }));
  await expect.poll(validUntil).toEqual(newEnd());
};

test('killed after the target had moved: the store keeps the old end until the next one finishes it', async () => {
  await killedAfterTheTarget();
  expect((await now()).expiresAt).toEqual(grant.expiresAt);
  await sweep();
  expect([(await now()).expiresAt, await validUntil()]).toEqual([newEnd(), newEnd()]);
  expect(await events()).toEqual(['grant.extending', 'grant.extended']);
  await endNow();
});

test('killed after the target had moved, and the old end comes first: it ends then, in the target too', async () => {
  await killedAfterTheTarget();
  await endNow();
  expect(await now()).toMatchObject({ state: 'removed', endOutcome: 'removed', extensions: 0 });
  expect(await validUntil()).toBeNull();
  await sweep();
  expect(await state()).toBe('failed');
  expect(await events()).toEqual(['grant.extending', 'grant.extension_failed']);
});

test('an end that begins while the target is asked wins, and nothing is brought back', async () => {
  let end = (): Promise<void> => Promise.resolve();
  const access: Partial<Access> = {
    extend: async (...call) => {
      await end();
      await bench.access.extend(...call);
    },
  };
  end = endNow;
  await move(access);
  expect(await now()).toMatchObject({ state: 'removed', endOutcome: 'removed' });
  expect(await validUntil()).toBeNull();
  expect(await state()).toBe('failed');
});

test('an end that begins when the target has moved already wins too', async () => {
  await move({ extend: async (...call) => bench.access.extend(...call).then(endNow) });
  expect(await now()).toMatchObject({ state: 'removed', endOutcome: 'removed', expiresAt: expect.any(Date) as Date });
  expect(await validUntil()).toBeNull();
  expect(await state()).toBe('failed');
});

test('a failure that passes is tried again; one that does not leaves the old end, in the target too', async () => {
  const failing = (kind: 'unavailable' | 'denied'): Partial<Access> => ({
    extend: async (asked, person) => {
      await bench.access.extend(asked, person);
      // Only the move forward fails, after the target has made it.
      if (asked.expiresAt.getTime() !== grant.expiresAt.getTime()) throw new ProviderError(kind, 'It said no.');
    },
  });
  await move(failing('unavailable'));
  expect([await state(), (await now()).expiresAt]).toEqual(['moving', grant.expiresAt]);
  await bench.sql('update extensions set next_attempt_at = clock_timestamp() where request_id = $1', [requestId]);
  await move(failing('denied'));
  expect([await state(), (await now()).expiresAt, await validUntil()]).toEqual([
    'failed',
    grant.expiresAt,
    grant.expiresAt,
  ]);
  expect(await events()).toEqual(['grant.extending', 'grant.extension_retried', 'grant.extension_failed']);
  await endNow();
});

test('no end is moved without a decision that approved it, nor twice at once', async () => {
  await expect(bench.agreedToMore(grant, MORE_MS)).rejects.toMatchObject({ code: UNIQUE });
  await move();
  const columns = 'grant_id, decision_id, state, old_expires_at, new_expires_at, next_attempt_at, created_at';
  const madeUp = bench.sql(
    `insert into extensions (request_id, ${columns}) select 'r' || request_id, grant_id, 'made-up', 'moving', old_expires_at,
     new_expires_at, created_at, created_at from extensions where request_id = $1`,
    [requestId],
  );
  await expect(madeUp).rejects.toMatchObject({ code: FOREIGN_KEY, constraint: 'extensions_approved_decision' });
  await endNow();
});
