/** What somebody who was lent access could try, to keep some of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { mysql as provider } from '../../../src/providers/mysql/mysql.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { randomSuffix } from '../../support/services.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { configOf, createTarget, enter, scopeOf, type Session, type Target } from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(provider, configOf(target));
});
afterAll(async () => {
  await connection.disconnect();
  await target.drop();
});

/** A role that Latchkey may lend, with these rights. `{db}` and `{role}` stand for names. */
const roleWith = async (statements: readonly string[]): Promise<string> => {
  const role = `risky_${randomSuffix()}`;
  const sql = [`CREATE ROLE ${role}`, `GRANT ${role} TO '${target.manager}'@'%' WITH ADMIN OPTION`, ...statements];
  for (const each of sql) await target.sql(each.replaceAll('{db}', target.database).replaceAll('{role}', role));
  return role;
};

const errorsOf = async (role: string): Promise<string[]> =>
  ((await connection.preflight?.({ risky: scopeOf(role) }, contextOf())) ?? [])
    .filter(({ level }) => level === 'error')
    .map(({ message }) => message);

/** The statements that a finding says to run. */
const remediesIn = (message: string): string[] =>
  [...message.matchAll(/(?:REVOKE|DELETE|FLUSH) [^;]*;/g)].map(([sql]) => sql);

const RISKS: [string, string[]][] = [
  ...['EVENT', 'TRIGGER', 'CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE VIEW', 'ALL PRIVILEGES'].map(
    (right): [string, string[]] => [right, [`GRANT ${right} ON {db}.* TO {role}`]],
  ),
  ...[
    'SUPER',
    'FILE',
    'PROCESS',
    'CREATE USER',
    'RELOAD',
    'SHUTDOWN',
    'SET USER',
    'SELECT',
    'UPDATE',
    'BINLOG ADMIN',
  ].map((right): [string, string[]] => [`${right} on everything`, [`GRANT ${right} ON *.* TO {role}`]]),
  ['GRANT OPTION', ['GRANT SELECT ON {db}.* TO {role} WITH GRANT OPTION']],
  ['GRANT OPTION on one table', ['GRANT SELECT ON {db}.orders TO {role} WITH GRANT OPTION']],
  ['TRIGGER on one table', ['GRANT TRIGGER ON {db}.orders TO {role}']],
  ['rights on the accounts', ['GRANT SELECT ON mysql.* TO {role}']],
  ['rights on one table of accounts', ['GRANT UPDATE ON mysql.global_priv TO {role}']],
  ['rights on databases whose names match', ['GRANT SELECT ON `mys%`.* TO {role}']],
  ['rights on the deadlines', ['GRANT SELECT ON latchkey.* TO {role}']],
  [
    'a right through another role',
    ['CREATE ROLE inner_{role}', 'GRANT EVENT ON {db}.* TO inner_{role}', 'GRANT inner_{role} TO {role}'],
  ],
  ['another role to grant', ['CREATE ROLE inner_{role}', 'GRANT inner_{role} TO {role} WITH ADMIN OPTION']],
];

describe('a role through which something could be kept', () => {
  test.each(RISKS)('is refused with what to run, and lent once that was run: %s', async (_what, statements) => {
    const role = await roleWith(statements);
    const [first, ...others] = await errorsOf(role);
    expect(first).toMatch(/Run: REVOKE /);
    const failure = await failureOf(connection.grant(scopeOf(role), contextOf()));
    expect(failure).toMatchObject({ kind: 'misconfigured', message: expect.stringContaining(first ?? '') as string });
    for (const sql of [first ?? '', ...others].flatMap(remediesIn)) await target.sql(sql);
    expect(await errorsOf(role)).toEqual([]);
    await target.sql(`DROP ROLE IF EXISTS ${role}, inner_${role}`);
  });

  test('is refused also when more time is asked for', async () => {
    const role = await roleWith(['GRANT SELECT ON {db}.* TO {role}']);
    const ctx = contextOf();
    const { handle } = await connection.grant(scopeOf(role), ctx);
    await target.sql(`GRANT EVENT ON ${target.database}.* TO ${role}`);
    expect((await failureOf(connection.extend?.(scopeOf(role), handle, ctx))).kind).toBe('misconfigured');
    await connection.revoke(scopeOf(role), handle, ctx);
    await target.sql(`DROP ROLE ${role}`);
  });
});

const refused = async (session: Session, sql: string): Promise<boolean> =>
  await session.query(sql).then(
    () => false,
    () => true,
  );

test('a borrower with a role that writes can give nothing on, and nothing that they made goes on', async () => {
  const ctx = contextOf();
  const scope = scopeOf(target.write);
  const { handle, secret } = await connection.grant(scope, ctx);
  const session = await enter(secret);
  const db = target.database;
  const tries = [
    `CREATE EVENT ${db}.e ON SCHEDULE EVERY 1 SECOND DO UPDATE ${db}.orders SET note = 'x'`,
    `CREATE DEFINER = CURRENT_ROLE EVENT ${db}.e ON SCHEDULE EVERY 1 SECOND DO SELECT 1`,
    `CREATE DEFINER = CURRENT_ROLE VIEW ${db}.v AS SELECT * FROM ${db}.orders`,
    `CREATE TRIGGER ${db}.t BEFORE INSERT ON ${db}.orders FOR EACH ROW SET NEW.note = 'x'`,
    `CREATE PROCEDURE ${db}.p() SELECT 1`,
    `GRANT ${target.write} TO '${target.manager}'@'%'`,
    `GRANT SELECT ON ${db}.* TO PUBLIC`,
    `SET DEFAULT ROLE ${target.write} FOR '${target.manager}'@'%'`,
    `CREATE USER keep_me IDENTIFIED BY 'x'`,
    `ALTER EVENT latchkey.lk_${ctx.grantId} DISABLE`,
    `DROP EVENT latchkey.lk_${ctx.grantId}`,
    'SELECT * FROM mysql.global_priv',
    'SET GLOBAL event_scheduler = OFF',
  ];
  const allowed = [];
  for (const sql of tries) if (!(await refused(session, sql))) allowed.push(sql);
  expect(allowed).toEqual([]);
  await session.query(`SELECT GET_LOCK('kept_${ctx.grantId}', 0)`);
  await session.query(`SET PASSWORD = PASSWORD('my own')`);
  await connection.revoke(scope, handle, ctx);
  expect(await target.sql(`SELECT IS_FREE_LOCK('kept_${ctx.grantId}') AS isFree`)).toEqual([{ isFree: 1 }]);
  const [left] = await target.sql<{
    n: number;
  }>(`SELECT (SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'lk\\_${ctx.grantId}%')
    + (SELECT COUNT(*) FROM information_schema.events WHERE event_name LIKE '%${ctx.grantId}%') AS n`);
  expect(left?.n).toBe(0);
});

test('a password that the borrower changed opens nothing after the end', async () => {
  const ctx = contextOf();
  const { handle, secret } = await connection.grant(scopeOf(target.read), ctx);
  const session = await enter(secret);
  await session.query(`SET PASSWORD = PASSWORD('mine')`);
  const changed = {
    fields: (secret?.fields ?? []).map((field) =>
      field.label === 'URL' ? { ...field, value: field.value.replace(/:[^:@/]+@/, ':mine@') } : field,
    ),
  };
  await (await enter(changed)).leave();
  await connection.revoke(scopeOf(target.read), handle, ctx);
  await expect(enter(changed)).rejects.toMatchObject({ errno: 1045 });
});

test('approvers read what the end does not cut: a prepared transaction, whose owner no server tells', async () => {
  expect(connection.guarantee(scopeOf(target.read)).survives).toContain('XA PREPARE');
  const ctx = contextOf();
  const { handle, secret } = await connection.grant(scopeOf(target.write), ctx);
  const session = await enter(secret);
  for (const sql of [
    `XA START '${ctx.grantId}'`,
    `UPDATE orders SET note = 'held' WHERE id = 3`,
    `XA END '${ctx.grantId}'`,
  ])
    await session.query(sql);
  await session.query(`XA PREPARE '${ctx.grantId}'`);
  await connection.revoke(scopeOf(target.write), handle, ctx);
  const prepared = await target.sql<{ data: Buffer }>('XA RECOVER');
  expect(prepared.map(({ data }) => data.toString())).toContain(ctx.grantId);
  await target.sql(`XA ROLLBACK '${ctx.grantId}'`);
});
