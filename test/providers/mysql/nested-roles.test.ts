/** What a role of MySQL has through other roles. No server of it can be had: what SHOW GRANTS says there is from its documentation. */
import { expect, test } from 'vitest';
import { mysql8 } from '../../../src/providers/mysql/dialect-mysql.ts';
import { roleRisks } from '../../../src/providers/mysql/role-risks.ts';
import type { Client } from '../../../src/providers/mysql/server.ts';
import { textWith } from '../connection.ts';

/** As MySQL 8.4 answers `SHOW GRANTS FOR` without `USING`. */
const GRANTS: Record<string, string[]> = {
  app_read: ['GRANT USAGE ON *.* TO `app_read`@`%`', 'GRANT `base`@`%` TO `app_read`@`%`'],
  base: ['GRANT SELECT ON `shop`.* TO `base`@`%`', 'GRANT `deep`@`%`,`app_read`@`%` TO `base`@`%`'],
  deep: ['GRANT EVENT ON `shop`.* TO `deep`@`%`', 'GRANT `other`@`%` TO `deep`@`%` WITH ADMIN OPTION'],
  other: ['GRANT USAGE ON *.* TO `other`@`%`'],
};

const answer = (sql: string): object[] => {
  const role = /SHOW GRANTS FOR '([^']+)'/.exec(sql)?.[1];
  if (role !== undefined) return (GRANTS[role] ?? []).map((line) => ({ grant: line }));
  return sql.includes('isRole') ? Object.keys(GRANTS).map((user) => ({ user, isRole: 1 })) : [];
};

const client: Client = {
  node: { name: 'db.test:3306', host: 'db.test', port: 3306 },
  dialect: mysql8('8.4.0', 80_400),
  who: "'latchkey'@'%'",
  query: <Row extends object>(sql: string) => Promise.resolve(answer(sql) as Row[]),
  run: () => Promise.resolve(),
};

test('a right, or the right to hand on a role, that comes through other roles is refused', async () => {
  const { findings } = await roleRisks(client, ['app_read']);
  expect(findings).toMatchObject([
    { code: 'role_keeps', message: textWith('has EVENT on `shop`.*') },
    { code: 'role_keeps', message: textWith('may grant the role `other`') },
  ]);
});
