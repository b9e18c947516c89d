import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Request } from '../../src/domain/requests/request.ts';
import type { Store } from '../../src/application/deps.ts';
import { newId } from '../../src/lib/ids.ts';
import { insertGrant, openTestStore, somePerson, someRequest, storeActiveGrant, storeRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';

let opened: TestStore;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterAll(() => opened.close());

test('a view holds the request, its people, votes, decision and grant', async () => {
  const [voter, admin] = [somePerson('Voter'), somePerson('Admin')];
  const request = await storeRequest(store, { target: 'whole-db' });
  const grantId = await store.transaction(async (tx) => {
    await tx.principals.upsert(voter);
    await tx.principals.upsert(admin);
    const vote = { requestId: request.id, voterId: voter.id, kind: 'approve', reason: 'go "on"' } as const;
    await tx.votes.put(vote);
    await tx.requests.setState(request.id, 'approved');
    const decisionId = newId();
    const { id: requestId, requesterId: granteeId, target, role, durationMs } = request;
    const decided = {
      outcome: 'approved',
      rule: 'r',
      policySha256: 'abc',
      byPersonId: voter.id,
      reason: null,
    } as const;
    await tx.decisions.insert({ id: decisionId, requestId, ...decided });
    const id = newId();
    await tx.grants.insert({
      id,
      requestId,
      decisionId,
      granteeId,
      target,
      role,
      provider: 'postgres',
      scope: {},
      durationMs,
    });
    await tx.grants.setActive(id, { login: 'lk' });
    await tx.grants.setEnding(id, { cause: 'revoked', by: admin.id, reason: 'incident over' });
    return id;
  });
  const view = await store.read.view(request.id);
  expect(view).toEqual({
    request: await store.read.request(request.id),
    requester: await store.read.person(request.requesterId),
    votes: [
      {
        requestId: request.id,
        voterId: voter.id,
        kind: 'approve',
        reason: 'go "on"',
        inSteadOf: null,
        createdAt: expect.any(Date),
        voter,
      },
    ],
    decision: expect.objectContaining({ outcome: 'approved', byPersonId: voter.id }),
    decidedBy: voter,
    grant: await store.read.grant(grantId),
    endedBy: admin,
    extended: null,
    extension: null,
    moreTime: null,
    recording: null,
    review: null,
    reviewer: null,
    incident: null,
    now: expect.any(Date),
  });
  expect(view?.grant).toMatchObject({ state: 'ending', handle: { login: 'lk' } });
  expect(await store.read.liveViews('whole-db', 10)).toMatchObject([{ votes: [{ voter }] }]);
  const stored = await store.transaction((tx) => tx.votes.list(request.id));
  expect(view?.votes).toEqual(stored);
});

test('a view of a request that nobody touched has no votes, decision or grant', async () => {
  const { id } = await storeRequest(store);
  const view = await store.read.view(id);
  expect(view).toMatchObject({ votes: [], decision: null, decidedBy: null, grant: null, endedBy: null });
  expect(await store.read.view('nosuchid')).toBeNull();
});

test("a person's requests come newest first, pending ones oldest first", async () => {
  const person = somePerson();
  await store.transaction((tx) => tx.principals.upsert(person));
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1)
    ids.push((await store.transaction((tx) => tx.requests.insert(someRequest(person)))).request.id);
  const mine = await store.read.viewsOf(person.id, 2);
  expect(mine.map(({ request }) => request.id)).toEqual(ids.toReversed().slice(0, 2));
  await store.transaction((tx) => tx.requests.setState(ids[0] ?? '', 'cancelled'));
  const pending = await store.read.pending(100);
  expect(pending.map(({ request }) => request.id).filter((id) => ids.includes(id))).toEqual(ids.slice(1));
});

test('live grants come soonest end first, of one target when asked', async () => {
  const target = 'live-db';
  const [later, sooner] = [
    await storeActiveGrant(store, 9_000_000, target),
    await storeActiveGrant(store, 8_000_000, target),
  ];
  const ended = await storeActiveGrant(store, 1000, target);
  await store.transaction(async (tx) => {
    await tx.grants.setEnding(ended, { cause: 'done', by: null, reason: null });
    await tx.grants.setClosedMany([ended], null);
  });
  const idsOf = async (of: string | null) => (await store.read.liveViews(of, 100)).map(({ grant }) => grant?.id);
  expect(await idsOf(target)).toEqual([sooner, later]);
  expect((await idsOf(null)).filter((id) => [later, sooner, ended].includes(id ?? ''))).toEqual([sooner, later]);
  expect(await idsOf('other-db')).toEqual([]);
});

test('a grant is found by the beginning of its own id or of its request id, only of the person asked for', async () => {
  const request: Request = await storeRequest(store, { id: 'zz1reqreqreq' });
  const id = await store.transaction((tx) => insertGrant(tx, request, { id: 'yy1grantgran' }));
  for (const prefix of ['yy1', 'yy1grantgran', 'zz1', 'zz1reqreqreq'])
    expect(await store.read.findGrantIds(prefix, null)).toEqual([id]);
  expect(await store.read.findGrantIds('yy1', request.requesterId)).toEqual([id]);
  expect(await store.read.findGrantIds('', request.requesterId)).toEqual([id]);
  for (const prefix of ['yy2', 'yy1grantgranx', '%', '_y1'])
    expect(await store.read.findGrantIds(prefix, null)).toEqual([]);
  expect(await store.read.findGrantIds('yy1', 'T1:UOTHER')).toEqual([]);
  await store.transaction((tx) => tx.grants.setFailed(id, 'x'));
  expect(await store.read.findGrantIds('', request.requesterId)).toEqual([]);
});

test('gauges tell what waits, lives and is late', async () => {
  const fresh = await openTestStore();
  try {
    const { read, transaction, outbox } = fresh.store;
    expect(await read.msToNextDeadline()).toBeNull();
    expect(await read.oldestOverdueMs()).toBe(0);
    expect(await read.counts()).toEqual({
      pending: 0,
      active: 0,
      ending: 0,
      closed: 0,
      unsentWork: 0,
      oldestWorkMs: 0,
      sinkBehind: 0,
      listsUnreadable: 0,
      slackWaiting: 0,
      slackLagMs: 0,
      unsealed: 0,
    });
    await storeRequest(fresh.store);
    const id = await storeActiveGrant(fresh.store, 60_000);
    await transaction((tx) => tx.outbox.add('end', id));
    const { oldestWorkMs, ...counts } = await read.counts();
    const slack = { slackWaiting: 0, slackLagMs: 0 };
    expect(counts).toEqual({
      ...{ pending: 1, active: 1, ending: 0, closed: 0, unsentWork: 1 },
      ...slack,
      ...{ sinkBehind: 0, listsUnreadable: 0, unsealed: 0 },
    });
    expect(oldestWorkMs).toBeGreaterThanOrEqual(0);
    expect(await read.oldestOverdueMs()).toBe(0);
    const dueInMs = (await read.msToNextDeadline()) ?? 0;
    expect(dueInMs).toBeGreaterThan(50_000);
    expect(dueInMs).toBeLessThanOrEqual(60_000);
    await outbox.take(10);
    await transaction((tx) => tx.grants.setEnding(id, { cause: 'done', by: null, reason: null }));
    expect(await read.counts()).toMatchObject({ active: 0, ending: 1, unsentWork: 0 });
    // Ended early: its deadline is still to come, and yet it should be gone.
    await expect.poll(() => read.oldestOverdueMs()).toBeGreaterThan(0);
  } finally {
    await fresh.close();
  }
});

test('a read that fails says what Postgres said, and repeats nothing that was asked for', async () => {
  const failed = await store.read.viewsOf('somebody\0private', 1).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: '22021' });
  expect(JSON.stringify(failed) + String(failed)).not.toContain('somebody');
  const saved = await store.messages
    .clearFailures({ kind: 'request', id: 'nothing\0private' }, 'C1')
    .catch((error: unknown) => error);
  expect(saved).toMatchObject({ code: '22021' });
});
