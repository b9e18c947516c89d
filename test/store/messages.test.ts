/** Messages of every subject: leased to one caller, and kept once for each kind, audience and part. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESSAGES } from '../../src/application/messages/message-ports.ts';
import type { MessageSubject, SubjectKind } from '../../src/application/messages/message-ports.ts';
import type { Store } from '../../src/application/deps.ts';
import { newId } from '../../src/lib/ids.ts';
import { openTestStore, storeRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterAll(() => opened.close());

const ofRequest = async (): Promise<MessageSubject<'request'>> => ({
  kind: 'request',
  id: (await storeRequest(store)).id,
});

test('one caller at a time brings the messages of a request up to date', async () => {
  const subject = await ofRequest();
  const claims = await Promise.all(Array.from({ length: 5 }, () => store.messages.claim(subject, 60_000)));
  expect(claims.filter(Boolean)).toHaveLength(1);
  await store.transaction((tx) => tx.requests.touch(subject.id));
  expect(await store.messages.release(subject)).toEqual({ version: 2 });
  expect(await store.messages.claim(subject, 0)).toBe(true);
  // The lease of a process that died runs out.
  expect(await store.messages.claim(subject, 60_000)).toBe(true);
  expect(await store.messages.claim(subject, 60_000)).toBe(false);
});

test.each(Object.keys(MESSAGES) as SubjectKind[])(
  'a lease on one %s is none on another subject with its id',
  async (kind) => {
    const id = newId();
    expect(await store.messages.claim({ kind, id }, 60_000)).toBe(true);
    expect(await store.messages.claim({ kind, id }, 60_000)).toBe(false);
    const others = (Object.keys(MESSAGES) as SubjectKind[]).filter((other) => other !== kind);
    const claims = await Promise.all(others.map((other) => store.messages.claim({ kind: other, id }, 60_000)));
    expect(claims).toEqual(others.map(() => true));
    expect(await store.messages.release({ kind, id })).toEqual({ version: 0 });
  },
);

test('many are released together, each with its own version', async () => {
  const subjects = await Promise.all(Array.from({ length: 5 }, ofRequest));
  await Promise.all(subjects.map((subject) => store.messages.claim(subject, 60_000)));
  await store.transaction((tx) => tx.requests.touch(subjects[3]?.id ?? ''));
  const versions = await Promise.all(subjects.map((subject) => store.messages.release(subject)));
  expect(versions.map(({ version }) => version)).toEqual([1, 1, 1, 2, 1]);
  expect(await Promise.all(subjects.map((subject) => store.messages.claim(subject, 0)))).not.toContain(false);
});

test('a message is kept once per kind and audience, as it was saved last', async () => {
  const subject = await ofRequest();
  const nowhere = { channel: null, ts: null, renderedVersion: 0, rendered: null, failure: null };
  const copy = { kind: 'approval', audience: 'C1', part: 0, ...nowhere } as const;
  await Promise.all([
    store.messages.save(subject, { ...copy, failure: 'ratelimited' }),
    store.messages.save(subject, { ...copy, audience: 'U2', failure: 'user_not_found' }),
  ]);
  await store.messages.save(subject, { ...copy, channel: 'C1', ts: '1.2', renderedVersion: 1 });
  await store.messages.save(subject, { ...copy, channel: 'C1', ts: '1.2', renderedVersion: 2, rendered: 'abc' });
  const copies = await store.messages.list(subject);
  expect(copies.toSorted((a, b) => a.audience.localeCompare(b.audience))).toEqual([
    { ...copy, channel: 'C1', ts: '1.2', renderedVersion: 2, rendered: 'abc' },
    { ...copy, audience: 'U2', failure: 'user_not_found' },
  ]);
  expect(await store.messages.clearFailures(subject, 'U2')).toBe(true);
  expect(await store.messages.clearFailures(subject, 'U2')).toBe(false);
});

test('a message that cannot be saved harms none of those saved with it', async () => {
  const subject = await ofRequest();
  const shown = { channel: 'C1', ts: '1.2', renderedVersion: 1, rendered: null, failure: null };
  const copy = { kind: 'approval', part: 0, ...shown } as const;
  const audiences = ['U1', 'a NUL \u0000 is no text', 'U3'];
  const saved = await Promise.allSettled(
    audiences.map((audience) => store.messages.save(subject, { ...copy, audience })),
  );
  expect(saved.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await store.messages.list(subject)).toHaveLength(2);
});

test('a subject has no messages of another kind of subject', async () => {
  const subject = { kind: 'alert', id: newId() } as const;
  const wrong = opened.pool.query(
    `insert into messages (subject_kind, subject_id, kind, audience, created_at) values ($1, $2, 'timeline', 'C1', now())`,
    [subject.kind, subject.id],
  );
  await expect(wrong).rejects.toMatchObject({ code: '23514' });
});
