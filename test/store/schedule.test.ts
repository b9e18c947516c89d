/** Reminders and escalation by the database clock: nobody twice, whoever looks at the same moment. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestStore, somePerson, someRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

const waiting = async (): Promise<string> => {
  const person = somePerson();
  const { request } = await opened.store.transaction(async (tx) => {
    await tx.principals.upsert(person);
    return tx.requests.insert(
      someRequest(person, {
        pendingMs: 3_600_000,
        remindMs: 60_000,
        escalateAfterMs: 60_000,
        escalateTo: { kind: 'group', name: 'security' },
      }),
    );
  });
  return request.id;
};

const isDue = (id: string): Promise<unknown> =>
  opened.pool.query(
    `update requests set next_reminder_at = now() - interval '1 s', escalate_at = now() - interval '1 s' where id = $1`,
    [id],
  );

const pauseMs = async (id: string): Promise<number | null> => {
  const { rows } = await opened.pool.query<{ ms: number | null }>(
    `select (extract(epoch from next_reminder_at - now()) * 1000)::int as ms from requests where id = $1`,
    [id],
  );
  return rows[0]?.ms ?? null;
};

const remind = () =>
  opened.store.transaction(async (tx) => {
    const due = await tx.requests.lockToRemind(10);
    for (const { id } of due) await tx.requests.setReminded(id);
    return due.length;
  });

test('pauses double, and nobody is reminded of what has lapsed by then', async () => {
  const id = await waiting();
  expect(await pauseMs(id)).toBeGreaterThan(50_000);
  expect(await pauseMs(id)).toBeLessThanOrEqual(60_000);
  const pauses: (number | null)[] = [];
  for (let round = 0; round < 6; round += 1) {
    await isDue(id);
    await remind();
    const ms = await pauseMs(id);
    pauses.push(ms === null ? null : Math.round(ms / 60_000));
  }
  // After the sixth the next would come in 64 minutes, and the request lapses within 60.
  expect(pauses).toEqual([2, 4, 8, 16, 32, null]);
  await opened.pool.query(`update requests set state = 'lapsed', decided_at = now() where id = $1`, [id]);
});

test('of many who look at the same moment one reminds and one escalates', async () => {
  const id = await waiting();
  await isDue(id);
  const reminded = await Promise.all(Array.from({ length: 6 }, remind));
  expect(reminded.reduce((sum, count) => sum + count, 0)).toBe(1);
  const escalate = () =>
    opened.store.transaction(async (tx) => {
      const due = await tx.requests.lockToEscalate(10);
      for (const request of due) await tx.requests.setEscalated(request.id);
      return due.length;
    });
  const escalated = await Promise.all(Array.from({ length: 6 }, escalate));
  expect(escalated.reduce((sum, count) => sum + count, 0)).toBe(1);
  const request = await opened.store.read.request(id);
  expect(request).toMatchObject({ reminders: 1, escalateTo: { kind: 'group', name: 'security' } });
  expect(request?.escalatedAt).toBeInstanceOf(Date);
});

test('the same news from several processes is one, and news again later', async () => {
  const news = (id: string, withinMs: number) =>
    opened.store.transaction((tx) =>
      tx.announcements.add({ id, kind: 'policy_adopted', key: 'policy:x', lines: ['a'] }, withinMs),
    );
  const added = await Promise.all(['n1', 'n2', 'n3', 'n4'].map((id) => news(id, 60_000)));
  expect(added.filter(Boolean)).toHaveLength(1);
  expect(await news('n5', 0)).toBe(true);
  expect(await opened.store.read.adminNotification('n5')).toMatchObject({ lines: ['a'], version: 1 });
  await opened.store.transaction((tx) => tx.announcements.leaveOut('n5', 'U1'));
  expect(await opened.store.messages.list({ kind: 'admin_notification', id: 'n5' })).toMatchObject([
    { kind: 'notice', audience: 'U1', ts: null, failure: 'knows' },
  ]);
});
