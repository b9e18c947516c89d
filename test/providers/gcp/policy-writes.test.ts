/** One policy that everybody writes: others' changes, old reads, limits, faults at every step, and a thousand at once. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { newestOf } from '../../../sandbox/src/gcp/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { gcp } from '../../../src/providers/gcp/gcp.ts';
import { ProviderError, type Connection } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import {
  ada,
  bindingsOf,
  byOthers,
  isIn,
  of,
  openTarget,
  PROJECT,
  READER,
  reset,
  WRITER,
  type Target,
} from './target.ts';
import { shortenWaits } from '../../support/short-waits.ts';

shortenWaits(10);

let target: Target;
let connection: Connection<Json, Json>;

beforeAll(async () => {
  target = await openTarget();
  connection = connectTo(gcp, target.config);
});
beforeEach(() => reset(target));
afterEach(() => {
  target.state.onRequest = () => null;
});
afterAll(async () => {
  await connection.disconnect();
  await target.stop();
});

const writesIn = (log: readonly string[]): number => log.filter((line) => line.endsWith(':setIamPolicy')).length;
const bindings = () => newestOf(target.state, PROJECT).bindings;
/** As the application does: what a slow machine did not finish in time is asked for again. */
const insisting = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let left = 5; ; left -= 1) {
    const [result] = await Promise.allSettled([work()]);
    if (result.status === 'fulfilled') return result.value;
    if (left === 0 || !(result.reason instanceof ProviderError) || !result.reason.isRetried) throw result.reason;
  }
};
const people = (count: number, prefix = 'p'): string[] =>
  Array.from({ length: count }, (_, n) => {
    target.state.members.add(`user:${prefix}${n}@acme.test`);
    return `${prefix}${n}@acme.test`;
  });

test('what others write between our read and our write is not lost, and ours is made all the same', async () => {
  const others = people(6, 'other');
  let left = others.length;
  target.state.onRequest = (line) => {
    if (line.endsWith(':setIamPolicy') && left > 0) {
      left -= 1;
      byOthers(target, (list) => [...list, { role: 'roles/viewer', members: [`user:${others[left]}`] }]);
    }
    return null;
  };
  const ctx = ada();
  const { handle } = await connection.grant(READER, ctx);
  left = 3;
  await connection.revoke(READER, handle, ctx);
  expect(bindingsOf(target, ctx.grantId)).toEqual([]);
  const viewers = bindings()
    .filter(({ role }) => role === 'roles/viewer')
    .flatMap(({ members }) => members);
  expect(new Set(viewers)).toEqual(new Set(others.map((one) => `user:${one}`)));
  expect(bindings()).toHaveLength(3);
});

test('others that never stop are a conflict, which is tried again later', async () => {
  let count = 0;
  target.state.onRequest = (line) => {
    if (line.endsWith(':setIamPolicy'))
      byOthers(target, (list) => {
        count += 1;
        return [
          ...list.filter(({ role }) => role !== 'roles/viewer'),
          {
            role: 'roles/viewer',
            members: ['user:olga@acme.test'],
            condition: { title: `n${count}`, expression: 'true' },
          },
        ];
      });
    return null;
  };
  const failure = await failureOf(connection.grant(READER, ada()));
  expect(failure.isRetried).toBe(true);
  expect(count).toBeLessThan(60);
});

test('two processes on one policy lose nothing of each other', async () => {
  const second = connectTo(gcp, target.config);
  const users = people(30);
  const contexts = users.map((user) => of(user));
  await Promise.all(contexts.map(async (ctx, n) => await (n % 2 === 0 ? connection : second).grant(READER, ctx)));
  expect(users.filter((user) => isIn(target, user))).toEqual(users);
  await Promise.all(
    contexts.map(async (ctx, n) => await (n % 3 === 0 ? connection : second).revoke(READER, undefined, ctx)),
  );
  expect(users.filter((user) => isIn(target, user))).toEqual([]);
  expect(bindings()).toHaveLength(2);
  await second.disconnect();
});

test('reads that are old neither lose a change nor pass as a read-back', async () => {
  target.state.staleMs = 4_000;
  const ctx = ada();
  const startedAt = performance.now();
  const { handle } = await connection.grant(READER, ctx);
  expect(performance.now() - startedAt).toBeGreaterThan(4_000);
  expect(bindingsOf(target, ctx.grantId)).toHaveLength(1);
  expect(await connection.revoke(READER, handle, ctx)).toBe('removed');
  expect(bindingsOf(target, ctx.grantId)).toEqual([]);
  expect(await connection.check(READER, handle, ctx)).toBe('absent');
});

test(
  'a thousand are given and ended at once in few writes, and none takes another with it',
  { timeout: 300_000 },
  async () => {
    const contexts = people(1_000).map((user) => of(user));
    target.state.log.length = 0;
    await Promise.all(contexts.map(async (ctx) => await insisting(() => connection.grant(READER, ctx))));
    expect(bindings()).toHaveLength(1_002);
    const items = contexts.map(({ grantId }) => ({ scope: READER, handle: undefined, grantId }));
    const outcomes = await insisting(async () => await connection.revokeMany?.(items, contextOf()));
    expect(outcomes).toHaveLength(1_000);
    expect(bindings()).toHaveLength(2);
    expect(writesIn(target.state.log)).toBeLessThan(40);
  },
);

test('an account that does not exist holds up nobody else', async () => {
  const users = people(7);
  const all = [...users.slice(0, 3), 'nobody@acme.test', ...users.slice(3)];
  const settled = await Promise.allSettled(all.map(async (user) => await connection.grant(READER, of(user))));
  expect(settled.map(({ status }) => status === 'fulfilled')).toEqual(all.map((user) => user !== 'nobody@acme.test'));
  expect(await failureOf(connection.grant(READER, of('nobody@acme.test')))).toMatchObject({
    kind: 'misconfigured',
    message: textWith('user:nobody@acme.test does not exist'),
  });
});

test('roles under two conditions of Latchkey’s own are given at the same moment', async () => {
  const [first, second] = people(2);
  byOthers(target, (list) =>
    list.flatMap((one) =>
      one.condition
        ? [READER.role, WRITER.role].map((role, n) => ({
            ...one,
            condition: {
              title: `roles of latchkey ${n}`,
              expression: `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["${role}"])`,
            },
          }))
        : [one],
    ),
  );
  await Promise.all([connection.grant(READER, of(first ?? '')), connection.grant(WRITER, of(second ?? ''))]);
  expect([isIn(target, first ?? ''), isIn(target, second ?? '', 'app.orders.update')]).toEqual([true, true]);
});

test('with its rights taken away each end is refused, in few calls, and nothing is said to be gone', async () => {
  const contexts = people(40).map((user) => of(user));
  await Promise.all(contexts.map(async (ctx) => await connection.grant(READER, ctx)));
  byOthers(target, (list) => list.filter(({ members }) => !members.includes(`serviceAccount:${target.state.email}`)));
  target.state.roles.set('roles/looks', ['resourcemanager.projects.getIamPolicy', 'iam.roles.get']);
  byOthers(target, (list) => [...list, { role: 'roles/looks', members: [`serviceAccount:${target.state.email}`] }]);
  target.state.log.length = 0;
  const items = contexts.map(({ grantId }) => ({ scope: READER, handle: undefined, grantId }));
  expect(await failureOf(connection.revokeMany?.(items, contextOf()))).toMatchObject({
    kind: 'denied',
    message: textWith('doctor --sql'),
  });
  expect(target.state.log.length).toBeLessThan(6);
  expect(contexts.every(({ grantId }) => bindingsOf(target, grantId).length === 1)).toBe(true);
});

test('the limits of Google are sentences, and what is there stays', async () => {
  for (let n = 0; n < 20; n += 1) await connection.grant(READER, ada());
  expect(await failureOf(connection.grant(READER, ada()))).toMatchObject({
    kind: 'denied',
    isUntouched: true,
    message: textWith('has 20 bindings of roles/app.reader in acme-prod already, and Google allows 20'),
  });
  reset(target);
  const members = people(1_498).map((user) => `user:${user}`);
  byOthers(target, (list) => [...list, { role: 'roles/viewer', members }]);
  expect(await failureOf(connection.grant(READER, ada()))).toMatchObject({
    kind: 'denied',
    message: textWith('names 1500 principals already, and Google allows 1500'),
  });
  expect(bindings().flatMap((one) => one.members)).toHaveLength(1_500);
});

test(
  'killed after each single request of a grant or an end, the next end leaves nothing and the next grant is one access',
  { timeout: 120_000 },
  async () => {
    const requestsOf = async (work: () => Promise<unknown>): Promise<number> => {
      target.state.log.length = 0;
      await work();
      return target.state.log.length;
    };
    const measured = ada();
    const fresh = connectTo(gcp, target.config);
    const steps = await requestsOf(async () => await fresh.grant(READER, measured));
    const ends = await requestsOf(async () => await fresh.revoke(READER, undefined, measured));
    await fresh.disconnect();
    for (let step = 1; step <= steps + ends; step += 1) {
      const once = connectTo(gcp, target.config, { timeoutMs: 1_500 });
      const ctx = ada();
      const isEnd = step > steps;
      if (isEnd) await connection.grant(READER, ctx);
      const last = isEnd ? step - steps : step;
      let count = 0;
      // From this request on Latchkey is gone; what it asked last was done.
      target.state.onRequest = () => {
        count += 1;
        if (count < last) return null;
        return count === last ? 'reset after' : 'reset';
      };
      await (isEnd ? once.revoke(READER, undefined, ctx) : once.grant(READER, ctx)).catch(() => undefined);
      target.state.onRequest = () => null;
      expect(bindingsOf(target, ctx.grantId).length).toBeLessThanOrEqual(1);
      if (step % 2 === 0 && !isEnd) await connection.grant(READER, ctx);
      await connection.revoke(READER, undefined, ctx);
      expect(bindingsOf(target, ctx.grantId)).toEqual([]);
      await once.disconnect();
    }
  },
);

test.each([
  [{ status: 429 }, 'throttled', 'rate limit'],
  [{ status: 403, reason: 'RATE_LIMIT_EXCEEDED' }, 'throttled', 'quota'],
  [{ status: 403, reason: 'SERVICE_DISABLED' }, 'misconfigured', 'Enable cloudresourcemanager.googleapis.com'],
  [{ status: 403 }, 'denied', 'doctor --sql'],
  [{ status: 500 }, 'unavailable', '500'],
  [{ status: 503 }, 'unavailable', '503'],
  ['reset', 'unavailable', 'cannot be asked'],
] as const)('%j is %s, in a sentence without secrets, and no proof of absence', async (fault, kind, message) => {
  const ctx = ada();
  const { handle } = await connection.grant(READER, ctx);
  target.state.onRequest = (line) => (line.includes('/v3/') ? fault : null);
  const works = [connection.check(READER, handle, ctx), connection.revoke(READER, handle, ctx)];
  for (const failure of await Promise.all(works.map(async (work) => await failureOf(work)))) {
    expect(failure).toMatchObject({ kind, message: textWith(message) });
    expect(failure.message).not.toContain('PRIVATE');
  }
  expect(bindingsOf(target, ctx.grantId)).toHaveLength(1);
});

test('a server that hangs is given up in time, and hangs nobody who comes later', async () => {
  const impatient = connectTo(gcp, target.config, { timeoutMs: 700 });
  target.state.onRequest = (line) => (line.includes('/v3/') ? 'hang' : null);
  expect(await failureOf(impatient.grant(READER, ada()))).toMatchObject({ kind: 'unavailable' });
  target.state.onRequest = () => null;
  await impatient.disconnect();
  await connection.grant(READER, ada());
});

test('a quota that is used up is told apart from a refusal', async () => {
  target.state.writesMax = 0;
  expect(await failureOf(connection.grant(READER, ada()))).toMatchObject({ kind: 'throttled' });
});

test('the deadline is Google’s own: it counts by its clock, moves with more time, and effects that come late change nothing', async () => {
  target.state.propagationMs = 300;
  const ctx = ada({ expiresAt: new Date(Date.now() + 60_000) });
  const { handle } = await connection.grant(READER, ctx);
  expect(bindingsOf(target, ctx.grantId)[0]?.condition?.expression).toBe(
    `request.time < timestamp("${ctx.expiresAt.toISOString()}")`,
  );
  await expect.poll(() => isIn(target, 'ada@acme.test')).toBe(true);
  target.state.clockAheadMs = 61_000;
  expect(isIn(target, 'ada@acme.test')).toBe(false);
  target.state.clockAheadMs = 0;
  const later = new Date(ctx.expiresAt.getTime() + 60_000);
  await connection.extend?.(READER, handle, { ...ctx, expiresAt: later });
  target.state.clockAheadMs = 61_000;
  await expect.poll(() => isIn(target, 'ada@acme.test')).toBe(true);
});

test('what its deadline ended is not opened again by more time', async () => {
  const ctx = ada({ expiresAt: new Date(Date.now() - 1_000) });
  const { handle } = await connection.grant(READER, ctx);
  const later = { ...ctx, expiresAt: new Date(Date.now() + 60_000) };
  expect(await failureOf(connection.extend?.(READER, handle, later))).toMatchObject({ kind: 'denied' });
  expect(isIn(target, 'ada@acme.test')).toBe(false);
});
