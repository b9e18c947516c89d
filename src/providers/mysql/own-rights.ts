/** What Latchkey's own account must be allowed, and what it is allowed besides. */
import type { Finding } from '../provider.ts';
import { SCHEMA } from './deadline.ts';
import type { Dialect } from './dialect.ts';
import { VIEWS } from './log-access.ts';
import { name } from './quote.ts';
import type { Right, Rights } from './rights.ts';

/** Privileges on one thing; `*` is all. */
export type Need = { privileges: readonly string[]; database: string; object: string };

/** Where MariaDB keeps accounts, memberships and what was given to whom. */
const READ_TABLES = ['global_priv', 'roles_mapping', 'db', 'tables_priv', 'columns_priv', 'procs_priv'];

type Needing = Pick<Dialect, 'id'> & { isRecorded: boolean };

export const needsOf = ({ id, isRecorded }: Needing): Need[] => [
  ...needsOfAll({ id }),
  ...(isRecorded ? VIEWS.map((object) => ({ privileges: ['SELECT'], database: SCHEMA, object })) : []),
];

/** Without the record of statements. */
const needsOfAll = ({ id }: Pick<Dialect, 'id'>): Need[] =>
  id === 'mariadb'
    ? [
        { privileges: ['CREATE USER', 'PROCESS', 'CONNECTION ADMIN'], database: '*', object: '*' },
        { privileges: ['EVENT'], database: SCHEMA, object: '*' },
        ...READ_TABLES.map((object) => ({ privileges: ['SELECT'], database: 'mysql', object })),
      ]
    : [
        { privileges: ['CREATE USER', 'PROCESS'], database: '*', object: '*' },
        { privileges: ['CONNECTION_ADMIN', 'ROLE_ADMIN'], database: '*', object: '*' },
        { privileges: ['EVENT'], database: SCHEMA, object: '*' },
        { privileges: ['SELECT'], database: 'mysql', object: '*' },
        { privileges: ['SELECT'], database: 'performance_schema', object: '*' },
      ];

const onSql = ({ database, object }: { database: string; object: string }): string =>
  `${database === '*' ? '*' : name(database)}.${object === '*' ? '*' : name(object)}`;

export const grantSql = (need: Need, who: string): string =>
  `GRANT ${need.privileges.join(', ')} ON ${onSql(need)} TO ${who};`;

const covers = (right: Right, need: Need): boolean =>
  (right.database === '*' || right.database === need.database) &&
  (right.object === '*' || right.object === need.object);

const holds = (right: Right, privilege: string): boolean =>
  right.privileges.includes(privilege) || right.privileges.includes('ALL PRIVILEGES');

const missingOf = (rights: readonly Right[], need: Need): Need[] => {
  const privileges = need.privileges.filter(
    (privilege) => !rights.some((right) => covers(right, need) && holds(right, privilege)),
  );
  return privileges.length > 0 ? [{ ...need, privileges }] : [];
};

const isNeeded = (right: Right, privilege: string, needs: readonly Need[]): boolean =>
  needs.some(
    (need) => need.database === right.database && need.object === right.object && need.privileges.includes(privilege),
  );

/** As words, by what they are on. */
const surplusOf = (rights: readonly Right[], needs: readonly Need[]): string[] =>
  rights.flatMap((right) => {
    const more = right.privileges.filter((word) => word !== 'USAGE' && !isNeeded(right, word, needs));
    if (right.isGrantable) more.push('GRANT OPTION');
    return more.length > 0 ? [`${more.join(', ')} on ${onSql(right)}`] : [];
  });

const SURPLUS_SHOWN = 400;

/** `who`: the account, quoted. */
export const ownRightFindings = (own: Rights, { id, who, isRecorded }: Needing & { who: string }): Finding[] => {
  const needs = needsOf({ id, isRecorded });
  const missing = needs.flatMap((need) => missingOf(own.rights, need));
  const surplus = surplusOf(own.rights, needs).join('; ');
  const findings: Finding[] = [];
  if (missing.length > 0)
    findings.push({
      level: 'error',
      code: 'no_rights',
      message: `Latchkey's account lacks rights. As an administrator: ${missing.map((need) => grantSql(need, who)).join(' ')}`,
    });
  if (surplus)
    findings.push({
      level: 'warning',
      code: 'more_rights',
      message: `Latchkey's account may do more than it needs: ${surplus.length > SURPLUS_SHOWN ? `${surplus.slice(0, SURPLUS_SHOWN)}…` : surplus}. Take that away, or give Latchkey an account of its own: \`latchkey doctor --sql\` prints it.`,
    });
  return findings;
};

export const mayCreateSchema = ({ rights }: Rights): boolean =>
  rights.some((right) => (right.database === '*' || right.database === SCHEMA) && holds(right, 'CREATE'));
