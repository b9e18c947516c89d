/** What may remain after access through each role of a target is known from the last look at it, and passed on when it changes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { createAccess } from '../../src/providers/connections.ts';
import { findProvider, PROVIDERS } from '../../src/providers/registry.ts';
import { startVersion } from './postgres/servers.ts';
import { createTarget, type Target } from './postgres/target.ts';

let target: Target;
beforeAll(async () => {
  target = await createTarget(await startVersion(18));
});
afterAll(async () => await target.drop());

const policyOf = () => {
  const text = `version: 1
groups: { dba: { people: [olga@acme.test] } }
targets:
  orders-db:
    provider: postgres
    config: { url: "${target.managerUrl}" }
    owners: [dba]
    roles:
      read: { scope: { member_of: [${target.read}] }, max: 4h, default: 30m }
      write: { scope: { member_of: [${target.write}] }, max: 4h, default: 30m }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [dba]
`;
  const loaded = loadPolicy({ text, env: {}, providers: PROVIDERS, path: 'latchkey.yml' });
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policy;
};

const CREATED = 'Functions and tables created in public stay after the end.';
const TRIGGERS = 'Triggers added to tables stay after the end.';

test('each role has its own, a change is passed on once, and a target that is down takes nothing back', async () => {
  const policy = policyOf();
  const passed: Record<string, string[]>[] = [];
  let fails = 1;
  const onRemains = async (_target: string, remains: Record<string, string[]>): Promise<void> => {
    if (fails-- > 0) throw new Error('no database');
    passed.push({ ...remains });
  };
  const log = { info: () => undefined, warn: () => undefined };
  const access = createAccess({ findProvider, policy: () => policy, log, onRemains });
  expect(access.mayRemain('orders-db', 'write')).toEqual([]);
  // The first time it could not be passed on.
  for (const _ of [1, 2, 3]) await access.checkNow();
  expect(access.mayRemain('orders-db', 'write')).toEqual([CREATED]);
  expect(access.mayRemain('orders-db', 'read')).toEqual([]);
  expect(passed).toEqual([{ read: [], write: [CREATED] }]);

  await target.sql(`grant trigger on orders to ${target.read}`);
  expect(await access.roleProblem('orders-db', 'read')).toBeNull();
  expect(access.mayRemain('orders-db', 'read')).toEqual([TRIGGERS]);
  expect(passed.at(-1)).toEqual({ read: [TRIGGERS], write: [CREATED] });

  await target.sql(`revoke create on schema public from ${target.write}; alter role ${target.manager} nologin`);
  await target.sql('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [target.manager]);
  await access.checkNow();
  expect(access.problems()['orders-db']).toBeDefined();
  expect(access.mayRemain('orders-db', 'write')).toEqual([CREATED]);
  await target.sql(`alter role ${target.manager} login`);
  await access.checkNow();
  expect(access.mayRemain('orders-db', 'write')).toEqual([]);
  expect(passed).toHaveLength(3);
  await access.close();
});
