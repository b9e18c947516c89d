/** What `latchkey doctor` says of Latchkey's own account: less than it needs, with what to run, and more than it needs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import type { Finding } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, textWith } from '../connection.ts';
import { createTarget, scopeOf, urlFor, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await createTarget();
});
afterAll(async () => await target.drop());

const findings = async (url: string): Promise<Finding[]> => {
  const connection = connectTo(provider, { url }, { timeoutMs: 10_000 });
  const found = await connection.preflight?.({ read: scopeOf(target.read) }, contextOf());
  await connection.disconnect();
  return found ?? [];
};

test('an account that may do everything is a warning, and no more than that for a role it made', async () => {
  const found = await findings(urlFor(target.adminUrl, { database: target.database }));
  expect(found).toEqual([{ level: 'warning', code: 'more_rights', message: textWith('ALL PRIVILEGES') }]);
});

test.each([
  ['CREATE USER', () => `REVOKE CREATE USER ON *.* FROM '${target.manager}'@'%'`],
  ['CONNECTION ADMIN', () => `REVOKE CONNECTION ADMIN ON *.* FROM '${target.manager}'@'%'`],
  ['EVENT', () => `REVOKE EVENT ON latchkey.* FROM '${target.manager}'@'%'`],
  ['SELECT', () => `REVOKE SELECT ON mysql.roles_mapping FROM '${target.manager}'@'%'`],
  ['ADMIN OPTION', () => `REVOKE ${target.read} FROM '${target.manager}'@'%'`],
])('a right that it lacks is an error with the statement that gives it: %s', async (_what, take) => {
  await target.sql(take());
  const [finding, ...others] = await findings(target.managerUrl);
  expect({ level: finding?.level, others }).toEqual({ level: 'error', others: [] });
  const [statement = ''] = /GRANT [^;]*;/.exec(finding?.message ?? '') ?? [];
  await target.sql(statement);
  expect(await findings(target.managerUrl)).toEqual([]);
});

test('a role that may make MERGE tables is said to approvers: its holder reaches by them what they are made of, when it has ended', async () => {
  const { database, read, managerUrl } = target;
  const words = 'UPDATE, DELETE, CREATE';
  await target.sql(`GRANT ${words} ON ${database}.* TO ${read}`);
  expect(await findings(managerUrl)).toEqual([
    {
      level: 'warning',
      code: 'merge_tables',
      message: textWith('read may make MERGE tables'),
      remains: { roles: ['read'], sentences: [textWith('for everybody who may read that table')] },
    },
  ]);
  await target.sql(`REVOKE ${words} ON ${database}.* FROM ${read}`);
  expect(await findings(managerUrl)).toEqual([]);
});
