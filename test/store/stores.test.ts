import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { insertGrant, openTestStore, somePerson, someRequest, storeActiveGrant, storeRequest } from './fixtures.ts';
import type { TestStore } from './fixtures.ts';
import type { Store } from '../../src/application/deps.ts';

let opened: TestStore;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore();
  store = opened.store;
});

afterAll(() => opened.close());

const grantRow = async (id: string) => {
  const { rows } = await opened.pool.query('select * from grants where id = $1', [id]);
  return rows[0];
};

const versionOf = async (requestId: string) => (await store.read.request(requestId))?.version;

const NO_ROUTE = { kind: 'unavailable', message: 'no route' };
describe('people', () => {
  test('a person is stored, and changed when Slack says something else', async () => {
    const person = somePerson('Grace');
    await store.transaction((tx) => tx.principals.upsert(person));
    expect(await store.read.person(person.id)).toEqual(person);
    const left = { ...person, isActive: false, email: null };
    await store.transaction((tx) => tx.principals.upsert(left));
    expect(await store.read.person(person.id)).toEqual(left);
    expect(await store.read.person('T1:U0')).toBeNull();
  });
});

describe('requests', () => {
  test('a request comes back as it was stored, and lapses after its pending time by the database clock', async () => {
    const request = await storeRequest(store, { ticket: 'OPS-1', pendingMs: 600_000 });
    expect(await store.read.request(request.id)).toEqual(request);
    expect(request).toMatchObject({ state: 'pending', version: 1, ticket: 'OPS-1', decidedAt: null });
    expect(request.requirements).toEqual([{ label: 'owners', from: [{ kind: 'group', name: 'owners' }], count: 1 }]);
    expect(Math.abs(request.lapsesAt.getTime() - request.createdAt.getTime() - 600_000)).toBeLessThan(50);
    expect(Object.keys(request)).not.toContain('idempotencyKey');
  });

  test('the same ask delivered many times at once is one request', async () => {
    const person = somePerson();
    await store.transaction((tx) => tx.principals.upsert(person));
    const ask = () => store.transaction((tx) => tx.requests.insert(someRequest(person, { idempotencyKey: 'view:V1' })));
    const results = await Promise.all(Array.from({ length: 10 }, ask));
    expect(results.filter(({ outcome }) => outcome === 'inserted')).toHaveLength(1);
    expect(new Set(results.map(({ request }) => request.id)).size).toBe(1);
  });

  test('a move that the lifecycle does not have is refused, and nothing changes', async () => {
    const { id } = await storeRequest(store);
    await store.transaction((tx) => tx.requests.setState(id, 'denied'));
    const denied = await store.read.request(id);
    expect(denied).toMatchObject({ state: 'denied', version: 2, decidedAt: expect.any(Date) });
    await expect(store.transaction((tx) => tx.requests.setState(id, 'approved'))).rejects.toMatchObject({
      code: 'bad_transition',
      facts: { noun: 'request', from: 'denied', to: 'approved' },
    });
    await expect(store.transaction((tx) => tx.requests.setState('nosuchid', 'denied'))).rejects.toMatchObject({
      code: 'request_not_found',
    });
    expect(await store.read.request(id)).toEqual(denied);
  });

  test('what was judged anew is stored, and a touch raises the version', async () => {
    const { id } = await storeRequest(store);
    const judged = { rule: 'stricter', policySha256: 'def', requirements: [], isInOrder: true };
    await store.transaction(async (tx) => {
      await tx.requests.setRule(id, judged);
      await tx.requests.touch(id);
    });
    expect(await store.read.request(id)).toMatchObject({ ...judged, version: 3 });
  });

  test('only pending requests whose time is over are locked as lapsed, and those others hold are skipped', async () => {
    const over = await storeRequest(store, { pendingMs: 0 });
    const alsoOver = await storeRequest(store, { pendingMs: 0 });
    await storeRequest(store);
    await store.transaction(async (one) => {
      await one.requests.lock(over.id);
      const lapsed = await store.transaction((two) => two.requests.lockExpired(10));
      expect(lapsed.map(({ id }) => id)).toEqual([alsoOver.id]);
    });
    await store.transaction(async (tx) => {
      const lapsed = await tx.requests.lockExpired(10);
      for (const { id } of lapsed) await tx.requests.setState(id, 'lapsed');
      expect(lapsed.map(({ id }) => id).toSorted()).toEqual([over.id, alsoOver.id].toSorted());
    });
    expect(await store.transaction((tx) => tx.requests.lockExpired(10))).toEqual([]);
  });
});

describe('votes and decisions', () => {
  test('two people who vote at the same instant have one vote each, and twenty clicks of one are one vote', async () => {
    const { id: requestId } = await storeRequest(store);
    const [one, two] = [somePerson('One'), somePerson('Two')];
    const vote = (voter: typeof one) =>
      store.transaction(async (tx) => {
        await tx.principals.upsert(voter);
        await tx.requests.lock(requestId);
        return tx.votes.put({ requestId, voterId: voter.id, kind: 'approve', reason: null });
      });
    const clicks = Array.from({ length: 20 }, () => vote(one));
    const outcomes = await Promise.all([...clicks, vote(two)]);
    expect(outcomes.filter((outcome) => outcome === 'inserted')).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(19);
    const votes = await store.transaction((tx) => tx.votes.list(requestId));
    expect(votes.map(({ voter }) => voter.name).toSorted()).toEqual(['One', 'Two']);
    expect(await versionOf(requestId)).toBe(3);
  });

  test('a vote of the other kind replaces the first', async () => {
    const { id: requestId, requesterId: voterId } = await storeRequest(store);
    const put = (kind: 'approve' | 'deny') =>
      store.transaction((tx) =>
        tx.votes.put({ requestId, voterId, kind, reason: kind === 'deny' ? 'too risky' : null }),
      );
    expect([await put('approve'), await put('deny'), await put('deny')]).toEqual(['inserted', 'changed', 'exists']);
    const votes = await store.transaction((tx) => tx.votes.list(requestId));
    expect(votes).toMatchObject([{ kind: 'deny', reason: 'too risky', voterId }]);
  });

  test('a request has one decision', async () => {
    const { id: requestId } = await storeRequest(store);
    const decide = (outcome: 'approved' | 'denied') =>
      store.transaction((tx) =>
        tx.decisions.insert({
          id: newId(),
          requestId,
          outcome,
          rule: null,
          policySha256: 'abc',
          byPersonId: null,
          reason: null,
        }),
      );
    await decide('denied');
    await expect(decide('approved')).rejects.toMatchObject({ code: '23505' });
    const decision = await store.transaction((tx) => tx.decisions.find(requestId));
    expect(decision).toMatchObject({ requestId, outcome: 'denied', decidedAt: expect.any(Date) });
  });

  test('no grant without a decision that approved its own request', async () => {
    const [denied, approved] = [await storeRequest(store), await storeRequest(store)];
    const decisionId = newId();
    const decide = { rule: null, policySha256: 'abc', byPersonId: null, reason: null };
    await store.transaction((tx) =>
      tx.decisions.insert({ id: decisionId, requestId: denied.id, outcome: 'denied', ...decide }),
    );
    const approvedId = newId();
    await store.transaction((tx) =>
      tx.decisions.insert({ id: approvedId, requestId: approved.id, outcome: 'approved', ...decide }),
    );
    const grantOn = (requestId: string, decision: string) =>
      store.transaction((tx) =>
        tx.grants.insert({
          id: newId(),
          requestId,
          decisionId: decision,
          granteeId: denied.requesterId,
          target: 'orders-db',
          role: 'read',
          provider: 'postgres',
          scope: {},
          durationMs: 1000,
        }),
      );
    const refused = { code: '23503', constraint: 'grants_approved_decision' };
    await expect(grantOn(denied.id, decisionId)).rejects.toMatchObject(refused);
    await expect(grantOn(denied.id, approvedId)).rejects.toMatchObject(refused);
    await expect(grantOn(denied.id, 'nosuchdecision')).rejects.toMatchObject(refused);
    await grantOn(approved.id, approvedId);
    await expect(
      opened.pool.query(`update decisions set outcome = 'denied' where id = $1`, [approvedId]),
    ).rejects.toMatchObject(refused);
    await expect(
      opened.pool.query(`update grants set decision_outcome = 'denied' where decision_id = $1`, [approvedId]),
    ).rejects.toMatchObject({ code: '23514' });
  });
});

describe('grants', () => {
  test('the deadline is stored with the grant, moves when it is claimed, and stays when it becomes active', async () => {
    const request = await storeRequest(store);
    const id = await store.transaction((tx) => insertGrant(tx, request));
    const created = await store.read.grant(id);
    expect(created).toMatchObject({ state: 'activating', handle: null, attempts: 0, scope: { group: 'app_read' } });
    expect((created?.expiresAt.getTime() ?? 0) - (created?.createdAt.getTime() ?? 0)).toBeGreaterThan(1_799_900);
    await store.transaction((tx) => tx.grants.claim(id, 60_000, 7_200_000));
    const claimed = await store.read.grant(id);
    expect(claimed?.expiresAt.getTime()).toBeGreaterThan(Date.now() + 7_100_000);
    expect(await store.transaction((tx) => tx.grants.isLeased(id))).toBe(true);
    const before = await versionOf(request.id);
    const { expiresAt } = await store.transaction((tx) => tx.grants.setActive(id, 'a plain "5"'));
    expect(expiresAt).toEqual(claimed?.expiresAt);
    expect(await store.read.grant(id)).toMatchObject({
      state: 'active',
      handle: 'a plain "5"',
      expiresAt,
      activatedAt: expect.any(Date),
    });
    expect(await store.transaction((tx) => tx.grants.isLeased(id))).toBe(false);
    expect(await versionOf(request.id)).toBe((before ?? 0) + 1);
  });

  test('a handle that looks like a number stays the text that the provider gave', async () => {
    const request = await storeRequest(store);
    const id = await store.transaction((tx) => insertGrant(tx, request, { scope: '7' }));
    await store.transaction((tx) => tx.grants.setActive(id, '5'));
    expect(await store.read.grant(id)).toMatchObject({ handle: '5', scope: '7' });
  });

  test('an active grant cannot be claimed with a new deadline', async () => {
    const id = await storeActiveGrant(store);
    const { expiresAt } = (await store.read.grant(id)) ?? {};
    await expect(store.transaction((tx) => tx.grants.claim(id, 1000, 1))).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.read.grant(id)).toMatchObject({ expiresAt });
  });

  test('a grant ends in order, says how, and never moves again', async () => {
    const id = await storeActiveGrant(store);
    const by = (await store.read.grant(id))?.granteeId ?? null;
    await expect(store.transaction((tx) => tx.grants.setClosedMany([id], null))).rejects.toMatchObject({
      code: 'conflict',
      facts: { noun: 'grants', from: 'ending', wanted: 1, changed: 0 },
    });
    await store.transaction((tx) => tx.grants.setEnding(id, { cause: 'done', by, reason: 'thanks' }));
    await store.transaction((tx) => tx.grants.claim(id, 60_000, null));
    await expect(store.transaction((tx) => tx.grants.setRemovedMany([id], 'removed'))).rejects.toMatchObject({
      code: 'conflict',
      facts: { noun: 'grants', from: 'closed', wanted: 1, changed: 0 },
    });
    await store.transaction((tx) => tx.grants.setClosedMany([id], null));
    const closed = await store.read.grant(id);
    expect(closed).toMatchObject({ state: 'closed', removedAt: null, endOutcome: null });
    expect((await grantRow(id)).lease_until).toBeNull();
    await store.transaction((tx) => tx.grants.setRemovedMany([id], 'already_absent'));
    const ended = await store.read.grant(id);
    expect(ended).toMatchObject({
      state: 'removed',
      endCause: 'done',
      endedBy: by,
      endReason: 'thanks',
      endOutcome: 'already_absent',
    });
    expect(ended?.closedAt).toEqual(closed?.closedAt);
    expect(ended?.removedAt).toBeInstanceOf(Date);
    expect((await grantRow(id)).lease_until).toBeNull();
    for (const move of [
      () => store.transaction((tx) => tx.grants.setActive(id, {})),
      () => store.transaction((tx) => tx.grants.setEnding(id, { cause: 'revoked', by: null, reason: null })),
      () => store.transaction((tx) => tx.grants.setFailed(id, 'x')),
    ])
      await expect(move()).rejects.toMatchObject({ code: 'bad_transition' });
    await expect(store.transaction((tx) => tx.grants.setRetry(id, NO_ROUTE, 1))).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(store.transaction((tx) => tx.grants.setFailed('nosuchid', 'x'))).rejects.toMatchObject({
      code: 'grant_not_found',
    });
    expect(await store.read.grant(id)).toEqual(ended);
  });

  test('an activation that is ended early keeps its lease, so that nobody removes what is still being made', async () => {
    const request = await storeRequest(store);
    const id = await store.transaction((tx) => insertGrant(tx, request));
    await store.transaction((tx) => tx.grants.claim(id, 60_000, 1000));
    await store.transaction((tx) => tx.grants.setEnding(id, { cause: 'revoked', by: null, reason: null }));
    expect(await store.transaction((tx) => tx.grants.isLeased(id))).toBe(true);
  });

  test('a failed attempt is counted, releases the lease and says when to try again', async () => {
    const request = await storeRequest(store);
    const id = await store.transaction((tx) => insertGrant(tx, request));
    await store.transaction((tx) => tx.grants.claim(id, 60_000, 1000));
    const retry = await store.transaction((tx) => tx.grants.setRetry(id, NO_ROUTE, 60_000));
    expect(retry.attempts).toBe(1);
    expect(retry.nextAttemptAt.getTime()).toBeGreaterThan(Date.now() + 50_000);
    expect(await store.read.grant(id)).toMatchObject({ ...retry, lastError: 'no route', lastErrorKind: 'unavailable' });
    expect((await grantRow(id)).lease_until).toBeNull();
    await store.transaction((tx) => tx.grants.setFailed(id, 'denied: no'));
    expect(await store.read.grant(id)).toMatchObject({ state: 'failed', lastError: 'denied: no', nextAttemptAt: null });
  });

  test('due grants come soonest first, without those that others hold or that are not due', async () => {
    const [first, second] = [await storeActiveGrant(store, 1), await storeActiveGrant(store, 2)];
    const later = await storeActiveGrant(store);
    await expect.poll(async () => (await store.transaction((tx) => tx.grants.lockDue(10))).length).toBe(2);
    await store.transaction(async (one) => {
      const [held] = await one.grants.lockDue(1);
      expect(held?.id).toBe(first);
      const others = await store.transaction((two) => two.grants.lockDue(10));
      expect(others.map(({ id }) => id)).toEqual([second]);
    });
    expect(await store.read.msToNextDeadline()).toBeLessThan(0);
    expect(await store.read.oldestOverdueMs()).toBeGreaterThan(0);
    for (const id of [first, second, later])
      await store.transaction(async (tx) => {
        await tx.grants.lock(id);
        await tx.grants.setEnding(id, { cause: 'expired', by: null, reason: null });
        await tx.grants.setClosedMany([id], null);
      });
    expect(await store.transaction((tx) => tx.grants.lockDue(10))).toEqual([]);
  });

  test('stalled grants are those that nobody holds and whose next attempt is due', async () => {
    const requests = await Promise.all([1, 2, 3, 4].map(() => storeRequest(store)));
    const ids = await Promise.all(requests.map((request) => store.transaction((tx) => insertGrant(tx, request))));
    const [free = '', held = '', waiting = '', due = ''] = ids;
    await store.transaction(async (tx) => {
      await tx.grants.claim(held, 60_000, null);
      await tx.grants.setRetry(waiting, NO_ROUTE, 60_000);
      await tx.grants.setRetry(due, NO_ROUTE, 0);
    });
    const active = await storeActiveGrant(store);
    const stalled = await store.transaction((tx) => tx.grants.listStalled(100));
    const found = stalled.map(({ id }) => id).filter((id) => [...ids, active].includes(id));
    expect(found.toSorted()).toEqual([free, due].toSorted());
  });

  test('two who lock a grant and its request from both ends do not deadlock', async () => {
    const id = await storeActiveGrant(store);
    const requestId = (await store.read.grant(id))?.requestId ?? '';
    const viaGrant = () =>
      store.transaction(async (tx) => {
        await tx.grants.lock(id);
        await tx.requests.touch(requestId);
      });
    const viaRequest = () =>
      store.transaction(async (tx) => {
        await tx.requests.lock(requestId);
        await tx.grants.lock(id);
      });
    await Promise.all(Array.from({ length: 10 }, () => [viaGrant(), viaRequest()]).flat());
    const { rows } = await opened.pool.query(
      'select deadlocks::int from pg_stat_database where datname = current_database()',
    );
    expect(rows).toEqual([{ deadlocks: 0 }]);
  });
});

describe('secrets', () => {
  test('a secret is kept until it is destroyed, and a new one replaces it', async () => {
    const id = await storeActiveGrant(store);
    const secret = { keyId: 'k1', nonce: Buffer.from([0, 255, 1]), ciphertext: Buffer.from('sealed') };
    await store.transaction((tx) => tx.secrets.put(id, { ...secret, keyId: 'k0' }));
    await store.transaction((tx) => tx.secrets.put(id, secret));
    expect(await store.transaction((tx) => tx.secrets.find(id))).toEqual(secret);
    await store.transaction((tx) => tx.secrets.destroy([id]));
    expect(await store.transaction((tx) => tx.secrets.find(id))).toBeNull();
  });
});

describe('policies', () => {
  test('the policy recorded last is the one in force, even when it is an old one again', async () => {
    const adopt = (sha256: string) =>
      store.transaction((tx) => tx.policies.adopt({ sha256, source: `rules: [] # ${sha256}` }));
    expect(await adopt('one')).toEqual({ before: null });
    expect(await adopt('two')).toMatchObject({ before: { sha256: 'one' } });
    expect(await adopt('two')).toBeNull();
    // Every process reads the changed file at the same moment; one of them is first.
    const all = await Promise.all(Array.from({ length: 4 }, () => adopt('one')));
    expect(all.filter((found) => found !== null)).toEqual([{ before: { sha256: 'two', source: 'rules: [] # two' } }]);
  });
});
