/** What an administrator of the server runs to end one access when Latchkey cannot. */
import pg from 'pg';
import { granteeName } from '../provider.ts';
import type { Grantee, Manual } from '../provider.ts';
import { groupOf, MAX_NAME_BYTES, type Handle, type Scope } from './config.ts';
import { loginNameOf } from '../kit/login-name.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** In the order of our own end: shut the door, cut the sessions, take back what it set on its groups, hand over what it owns, drop it. */
export const manual = (scope: Scope, handle: Handle | undefined, grantee: { grantId: string } & Grantee): Manual => {
  const login = handle?.role ?? loginNameOf(grantee.grantId, granteeName(grantee), MAX_NAME_BYTES);
  return {
    name: login,
    enforcedBy: 'VALID UNTIL',
    statements: [
      // First: while one of these holds the login, the next statements wait for it.
      `SELECT format('ROLLBACK PREPARED %L;', gid) AS run_this, database AS there FROM pg_prepared_xacts WHERE owner IN (${[login, ...scope.member_of].map((owner) => literal(owner)).join(', ')});`,
      `ALTER ROLE ${name(login)} NOLOGIN;`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${literal(login)};`,
      ...scope.member_of.map((group) => `ALTER ROLE ${name(group)} PASSWORD NULL;`),
      `REASSIGN OWNED BY ${name(login)} TO ${name(groupOf(scope))};`,
      `DROP OWNED BY ${name(login)};`,
      `DROP ROLE ${name(login)};`,
    ],
  };
};
