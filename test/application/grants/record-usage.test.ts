/** Whether access was used is seen now and then and at its end, noted once, and held up by no target. */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createSealing } from '../../../src/lib/sealing.ts';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import { createAccess } from '../../../src/providers/connections.ts';
import { findProvider } from '../../../src/providers/registry.ts';
import type { AnyProvider } from '../../../src/providers/any-provider.ts';
import { recordUsage } from '../../../src/application/grants/record-usage.ts';
import type { InUse } from '../../../src/application/grants/usage-ports.ts';
import type { Access } from '../../../src/application/deps.ts';
import type { AccessFailure, Credentials } from '../../../src/application/grants/access-ports.ts';
import type { UseCases } from '../../../src/application/verbs.ts';
import { somePerson, storeActiveGrant } from '../../store/fixtures.ts';
import { membershipProvider } from '../../support/membership-provider.ts';
import { openSession } from '../../support/story.ts';
import { openBench, openPostgresBench } from '../bench.ts';
import type { Bench } from '../bench.ts';

const postgres = (): AnyProvider => {
  const provider = findProvider('postgres');
  if (!provider) throw new Error('there is no postgres');
  return provider;
};

const sealing = createSealing([Buffer.alloc(32, 7)]);

let bench: Bench;
let grant: Grant;
beforeAll(async () => {
  bench = await openPostgresBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  grant = await bench.active(somePerson('Ada'));
});
afterEach(() => end());

const end = async (useCases: UseCases = bench.useCases): Promise<void> => {
  const { state } = await bench.grant(grant.id);
  if (state === 'active') await bench.expire(grant.id);
  await bench.sql('update grants set next_attempt_at = null, lease_until = null where id = $1', [grant.id]);
  await useCases.completeRevocation({ grantIds: [grant.id] });
};
/** The pause since the last look is over. */
const begin = async (useCases: Pick<UseCases, 'recordUsage'> = bench.useCases): ReturnType<UseCases['recordUsage']> => {
  await bench.sql('update use_looks set next_at = clock_timestamp()');
  return useCases.recordUsage();
};
const look = async (useCases?: Pick<UseCases, 'recordUsage'>): Promise<unknown> => (await begin(useCases)).work;
const enter = async (): ReturnType<typeof openSession> => {
  const sealed = await bench.store.transaction((tx) => tx.secrets.find(grant.id));
  if (!sealed) throw new Error('there are no credentials');
  const { fields } = JSON.parse(sealing.open(grant.id, sealed)) as Credentials;
  return openSession(fields.find(({ label }) => label === 'URL')?.value ?? '');
};
const events = async (): Promise<string[]> => {
  const rows = await bench.sql<{ type: string }>(
    `select type from audit_events where grant_id = $1 and type in ('grant.used', 'grant.end_retried', 'grant.removed') order by id`,
    [grant.id],
  );
  return rows.map(({ type }) => type);
};

test('a login that somebody is in is noted by the next look, once, and keeps the time of the first', async () => {
  await look();
  expect(await bench.grant(grant.id)).toMatchObject({ reportsUsage: true, firstUsedAt: null });
  const session = await enter();
  await look();
  const { firstUsedAt } = await bench.grant(grant.id);
  expect(firstUsedAt?.getTime()).toBeGreaterThan(grant.activatedAt?.getTime() ?? Infinity);
  await look();
  await session.client.end();
  await end();
  expect((await bench.grant(grant.id)).firstUsedAt).toEqual(firstUsedAt);
  expect(await events()).toEqual(['grant.used', 'grant.removed']);
});

test('two processes that look at one moment write it once', async () => {
  const session = await enter();
  let letGo = (): void => undefined;
  const bothSaw = new Promise<void>((resolve) => (letGo = resolve));
  let saw = 0;
  const activity: Access['activity'] = async (target) => {
    const inUse = await bench.access.activity(target);
    expect(inUse.map(({ grantId }) => grantId)).toEqual([grant.id]);
    if ((saw += 1) === 2) letGo();
    await bothSaw;
    return inUse;
  };
  const looks = [await begin(bench.useCasesWith({ activity })), await begin(bench.useCasesWith({ activity }))];
  await Promise.all(looks.map(({ work }) => work));
  expect(saw).toBe(2);
  expect(await events()).toEqual(['grant.used']);
  await session.client.end();
});

test('a login that nobody was in ends as not seen in use', async () => {
  await look();
  await end();
  expect(await bench.grant(grant.id)).toMatchObject({ reportsUsage: true, firstUsedAt: null });
  expect(await events()).toEqual(['grant.removed']);
});

test('nothing is asked where all that lives was seen in use', async () => {
  const asked: string[] = [];
  const counting = bench.useCasesWith({
    activity: (target) => {
      asked.push(target);
      return bench.access.activity(target);
    },
  });
  const session = await enter();
  await look(counting);
  expect(asked).toEqual([grant.target]);
  await look(counting);
  await session.client.end();
  await end();
  await look(counting);
  expect(asked).toEqual([grant.target]);
});

test('a session that only its end saw is noted with that end', async () => {
  const session = await enter();
  await end();
  await session.isCut;
  expect((await bench.grant(grant.id)).firstUsedAt).toBeInstanceOf(Date);
  expect(await events()).toEqual(['grant.used', 'grant.removed']);
});

test('of several that end together only those that were in use are noted as used', async () => {
  const others = [await bench.active(somePerson('Olga')), await bench.active(somePerson('Oscar'))];
  const session = await enter();
  for (const { id } of [grant, ...others]) await bench.expire(id);
  await (
    await bench.useCases.expireDue()
  ).work;
  await session.isCut;
  const used = await Promise.all(
    [grant, ...others].map(async ({ id }) => (await bench.grant(id)).firstUsedAt !== null),
  );
  expect(used).toEqual([true, false, false]);
});

test('what was cut by an end that failed afterwards is noted with the failure', async () => {
  const session = await enter();
  const failure: AccessFailure = { kind: 'unavailable', message: 'The target went away.', isRetried: true };
  const closeMany: Access['closeMany'] = async (items, onInUse) => {
    await bench.access.closeMany(items, onInUse);
    return items.map(() => failure);
  };
  await end(bench.useCasesWith({ closeMany }));
  await session.isCut;
  expect((await bench.grant(grant.id)).firstUsedAt).toBeInstanceOf(Date);
  await end();
  expect(await events()).toEqual(['grant.used', 'grant.end_retried', 'grant.removed']);
});

/** Takes every connection and never says a word. */
const openMute = async (): Promise<{ server: Server; url: string; close: () => Promise<void> }> => {
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { server, url: `postgresql://latchkey:x@127.0.0.1:${port}/prod`, close };
};

const policyOf = (targets: Record<string, string>, scope: string) => {
  const lines = Object.entries(targets).map(
    ([name, url]) =>
      `  ${name}: { provider: postgres, config: { url: "${url}" }, owners: [dba], roles: { read: { scope: ${scope}, max: 4h, default: 30m } } }`,
  );
  const text = `version: 1
timezone: UTC
groups: { dba: { people: [olga@acme.test] } }
targets:
${lines.join('\n')}
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [dba]
`;
  const loaded = loadPolicy({ text, env: {}, providers: [postgres()], path: 'latchkey.yml' });
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policy;
};

test('a target that hangs holds up neither the look at another nor the next look', async () => {
  const mute = await openMute();
  const log = createLog('silent');
  const policy = policyOf(
    { 'a-mute-db': mute.url, [grant.target]: bench.target.managerUrl },
    JSON.stringify(grant.scope),
  );
  const access = createAccess({ findProvider, policy: () => policy, log });
  const there = await storeActiveGrant(bench.store, 600_000, 'a-mute-db');
  await bench.sql('update grants set is_use_told = true where id = $1', [there]);
  const asked: string[] = [];
  const activity: Access['activity'] = (target) => {
    asked.push(target);
    return access.activity(target);
  };
  const deps = { store: bench.store, policy: () => policy, log, access: { ...access, activity } };
  const session = await enter();
  await bench.sql('delete from use_looks');
  const { work } = await recordUsage(deps);
  await expect.poll(events).toEqual(['grant.used']);
  expect(asked.sort()).toEqual(['a-mute-db', grant.target]);
  const isDone = await Promise.race([work.then(() => true), Promise.resolve(false)]);
  expect(isDone).toBe(false);
  await (
    await recordUsage(deps)
  ).work;
  await mute.close();
  await work;
  await access.close();
  await session.client.end();
  await bench.sql(`update grants set is_use_told = false where id = $1`, [there]);
});

test('where the provider cannot tell, nothing is asked and nothing is said', async () => {
  const other = await openBench({
    provider: membershipProvider({ before: () => Promise.resolve() }),
    config: ({ url }) => ({ url }),
    scope: (group) => ({ group }),
  });
  const activity = (): Promise<InUse[]> => Promise.reject(new Error('it was asked'));
  expect(await other.access.activity('orders-db')).toEqual([]);
  await storeActiveGrant(other.store, 600_000);
  await (
    await other.useCasesWith({ activity }).recordUsage()
  ).work;
  expect(await other.sql('select from use_looks')).toEqual([]);
  await other.close();
});
