/**
 * May this group be granted? Asked once, in one statement, before each grant and by each preflight: over every role that the group may act
 * as or has the rights of, because a borrower who acts as the group reaches them all.
 */
import pg from 'pg';
import { ProviderError, type Finding } from '../provider.ts';
import { findReach, type Grants, type Reach } from './group-reach.ts';
import { settingSql, tooLargeIn, type GroupSettings } from './group-settings.ts';
import { readGroupSettings } from './login-name.ts';
import type { Client } from './server.ts';

const name = pg.escapeIdentifier;

export const OLDEST_TARGET = 150_000;
const PER_MEMBERSHIP_OPTIONS = 160_000;

type Risk = {
  level: Finding['level'];
  code: string;
  is: (reach: Reach) => boolean;
  /** Completes "The group g …" for the group itself and "The group g is a member of r, which …" for a role it is in. */
  says: (reach: Reach) => string;
  /** Takes it from the group itself; from a role that it is in, it leaves that role. */
  remedy: (reach: Reach) => string;
};

const alter = (reach: Reach, words: string): string => `ALTER ROLE ${name(reach.role)} ${words};`;

const leave = (reach: Reach): string => {
  const by = reach.version >= PER_MEMBERSHIP_OPTIONS && reach.grantor ? ` GRANTED BY ${name(reach.grantor)}` : '';
  return `REVOKE ${name(reach.through ?? reach.role)} FROM ${name(reach.group)}${by};`;
};

const IS_LATCHKEY = 'group_is_latchkey';

const whats = (grants: Grants): string => grants.map(({ what }) => what).join(', ');

const revoked = (grants: Grants, privilege: string): string =>
  grants.map(({ what, from }) => `REVOKE ${privilege}${what} FROM ${from};`).join(' ');

const isRole = (role: string) => (reach: Reach) => reach.role === role;

/** A predefined role: what it lets a borrower do. */
const predefined = (role: string, code: string, says: string): Risk => ({
  level: 'error',
  code,
  is: isRole(role),
  says: () => says,
  remedy: leave,
});

/** postgresql.org/docs/current/predefined-roles.html. The rest of them read or write rows and do not outlive a session. */
const RISKS: readonly Risk[] = [
  {
    level: 'error',
    code: 'superuser_group',
    is: (reach) => reach.canAct && reach.isSuperuser,
    says: () => 'is a superuser, so a borrower could keep the access and everything else',
    remedy: (reach) => alter(reach, 'NOSUPERUSER'),
  },
  {
    level: 'error',
    code: 'group_makes_roles',
    is: (reach) => reach.canAct && reach.canCreateRole,
    says: () => 'may create roles, so a borrower could make a login that stays',
    remedy: (reach) => alter(reach, 'NOCREATEROLE'),
  },
  {
    level: 'error',
    code: IS_LATCHKEY,
    is: (reach) => reach.isLatchkey,
    says: () => "is Latchkey's own role there, so a borrower could change grants and end Latchkey's sessions",
    remedy: leave,
  },
  {
    level: 'error',
    code: 'group_can_login',
    is: (reach) => reach.canAct && reach.canLogin,
    says: () => 'can log in, so a borrower could set its password and come back with it',
    remedy: (reach) => alter(reach, 'NOLOGIN PASSWORD NULL'),
  },
  {
    level: 'error',
    code: 'group_replicates',
    is: (reach) => reach.canAct && reach.canReplicate,
    says: () => 'may replicate, so a borrower could read everything and leave replication slots behind',
    remedy: (reach) => alter(reach, 'NOREPLICATION'),
  },
  {
    level: 'error',
    code: 'group_may_grant',
    is: (reach) => reach.admins.length > 0,
    says: ({ admins }) =>
      `may grant ${admins.map(({ role }) => name(role)).join(', ')} to others, so a borrower could hand the access on`,
    remedy: ({ role, admins, version }) =>
      admins
        .map((admin) => {
          const by = version >= PER_MEMBERSHIP_OPTIONS ? ` GRANTED BY ${name(admin.grantor)}` : '';
          return `REVOKE ADMIN OPTION FOR ${name(admin.role)} FROM ${name(role)}${by};`;
        })
        .join(' '),
  },
  {
    level: 'error',
    code: 'group_owns_database',
    is: (reach) => reach.ownsDatabase,
    says: ({ database }) =>
      `owns the database ${name(database)}, so a borrower could lock Latchkey out of it and hold up the end`,
    remedy: ({ database }) => `ALTER DATABASE ${name(database)} OWNER TO postgres;`,
  },
  predefined(
    'pg_execute_server_program',
    'group_runs_programs',
    'runs programs on the server, so a borrower could leave one behind',
  ),
  predefined(
    'pg_write_server_files',
    'group_writes_files',
    'writes files of the server, so a borrower could change who gets in',
  ),
  predefined(
    'pg_read_server_files',
    'group_reads_files',
    'reads files of the server, which hold its keys and password hashes, so a borrower could come back with them',
  ),
  {
    level: 'error',
    code: 'group_reaches_files',
    is: (reach) => reach.fileFunctions.length > 0,
    says: ({ fileFunctions }) =>
      `may call ${whats(fileFunctions)}, which reach files of the server, so a borrower could change who gets in or come back with its keys`,
    remedy: ({ fileFunctions }) => revoked(fileFunctions, 'EXECUTE ON FUNCTION '),
  },
  {
    level: 'error',
    code: 'group_changes_server',
    is: (reach) => reach.systemSettings.length > 0,
    says: ({ systemSettings }) =>
      `may change settings of the server for good (${whats(systemSettings)}), so a borrower could leave one behind`,
    remedy: ({ systemSettings }) => revoked(systemSettings, 'ALTER SYSTEM ON PARAMETER '),
  },
  {
    level: 'error',
    code: 'group_owns_event_trigger',
    is: (reach) => !reach.isSuperuser && reach.eventTriggers.length > 0,
    says: ({ eventTriggers }) =>
      `owns what the event trigger ${eventTriggers.map(({ trigger }) => name(trigger)).join(', ')} runs, so a borrower could have others, and Latchkey, run statements`,
    remedy: ({ eventTriggers }) =>
      eventTriggers
        .map(
          (each) =>
            `ALTER EVENT TRIGGER ${name(each.trigger)} OWNER TO postgres; ALTER FUNCTION ${each.function} OWNER TO postgres;`,
        )
        .join(' '),
  },
  predefined(
    'pg_create_subscription',
    'group_subscribes',
    'creates subscriptions, so a borrower could leave one that keeps writing',
  ),
  predefined(
    'pg_signal_backend',
    'group_ends_sessions',
    "ends sessions of others, so a borrower could end Latchkey's own and hold up the end",
  ),
  predefined(
    'pg_maintain',
    'group_locks_catalogs',
    'locks every table, the list of roles too, so a borrower could lock Latchkey out and hold up the end',
  ),
  {
    level: 'error',
    code: 'group_password_stays',
    is: (reach) => reach.version < PER_MEMBERSHIP_OPTIONS && reach.through === null && reach.canBypassRls,
    says: () =>
      'passes row security, and before Postgres 16 only a superuser could take back a password that a borrower sets on it',
    remedy: (reach) => alter(reach, 'NOBYPASSRLS'),
  },
  {
    level: 'error',
    code: 'group_settings_too_large',
    is: (reach) => reach.through === null && tooLargeIn(reach.settings).length > 0,
    says: () => 'has settings that are too large to be read, so Latchkey could not put back what a borrower changes',
    remedy: ({ role, settings }) =>
      tooLargeIn(settings)
        .map((setting) => settingSql(role, setting))
        .join(' '),
  },
  {
    level: 'warning',
    code: 'strong_group',
    is: (reach) => reach.canAct && (reach.canCreateDb || reach.canBypassRls),
    says: ({ canCreateDb, canBypassRls }) =>
      [canCreateDb && 'may create databases, which stay', canBypassRls && 'passes row security']
        .filter((part) => part !== false)
        .join(' and '),
    remedy: (reach) => alter(reach, 'NOCREATEDB NOBYPASSRLS'),
  },
  {
    ...predefined(
      'pg_read_all_data',
      'group_reads_passwords',
      'reads every table, the password hashes of all roles too: an MD5 hash is enough to log in with, and a weak password can be guessed from any hash',
    ),
    level: 'warning',
  },
  {
    level: 'warning',
    code: 'group_reads_passwords',
    is: (reach) => reach.readsPasswords.length > 0,
    says: () =>
      'reads the password hashes of all roles: an MD5 hash is enough to log in with, and a weak password can be guessed from any hash',
    remedy: ({ readsPasswords }) => revoked(readsPasswords, ''),
  },
];

const sentenceOf = (risk: Risk, reach: Reach): string => {
  const who =
    reach.through === null
      ? `The group ${name(reach.group)} ${risk.says(reach)}.`
      : `The group ${name(reach.group)} is a member of ${name(reach.role)}, which ${risk.says(reach)}.`;
  const remedy = reach.through === null || risk.code === 'group_may_grant' ? risk.remedy(reach) : leave(reach);
  return `${who} ${risk.level === 'warning' ? 'If that is not meant, as a superuser' : 'As a superuser'}: ${remedy}`;
};

const findingsOf = (reaches: readonly Reach[]): Finding[] => {
  const found = RISKS.flatMap((risk): Finding[] => {
    // What Latchkey's own role may do is no reason to take it from that role.
    const reach = reaches.find((each) => each.isLatchkey === (risk.code === IS_LATCHKEY) && risk.is(each));
    return reach ? [{ level: risk.level, code: risk.code, message: sentenceOf(risk, reach) }] : [];
  });
  // A superuser may do all the rest as well: one sentence is enough.
  const superuser = found.find(({ code }) => code === 'superuser_group');
  return superuser
    ? [superuser]
    : found.filter(({ code }, index) => found.findIndex((other) => other.code === code) === index);
};

/** Each risk once, said of the shortest way there. */
export const risksByGroup = (reaches: readonly Reach[]): { group: string; findings: Finding[] }[] =>
  [...new Set(reaches.map(({ group }) => group))].map((group) => ({
    group,
    findings: findingsOf(reaches.filter((reach) => reach.group === group)),
  }));

export const riskFindings = (reaches: readonly Reach[]): Finding[] =>
  risksByGroup(reaches).flatMap(({ findings }) => findings);

export const oldVersionSentence = (version: number): string =>
  `Postgres ${Math.floor(version / 10_000)} is too old to be a target: a session there can hand its access on. Upgrade the server to Postgres 15 or newer.`;

const VERSION = `select current_setting('server_version_num')::int as version`;

/** @returns what the groups had set before. @throws ProviderError for people to act on when access through one of them could be kept. */
export const assertGrantable = async (client: Client, groups: readonly string[]): Promise<GroupSettings> => {
  // Together, and the version first: what reads the rest is not understood by servers that are too old.
  const [versions, found] = await Promise.allSettled([
    client.query<{ version: number }>({ name: 'latchkey_version', text: VERSION }),
    findReach(client, groups),
  ]);
  const version = versions.status === 'fulfilled' ? versions.value.rows[0]?.version : undefined;
  if (version !== undefined && version < OLDEST_TARGET)
    throw new ProviderError('unsupported', oldVersionSentence(version));
  if (found.status === 'rejected') throw found.reason;
  const reaches = found.value;
  const missing = groups.find((group) => !reaches.some((reach) => reach.group === group));
  if (missing !== undefined)
    throw new ProviderError(
      'misconfigured',
      `The group role ${name(missing)} does not exist in the target. Make it: CREATE ROLE ${name(missing)} NOLOGIN;`,
    );
  const error = riskFindings(reaches).find(({ level }) => level === 'error');
  if (error) throw new ProviderError('misconfigured', error.message);
  return settingsBefore(reaches);
};

/** What was set on each group before anybody who has access through it now. */
const settingsBefore = (reaches: readonly Reach[]): GroupSettings =>
  Object.fromEntries(
    reaches
      .filter(({ through }) => through === null)
      .map(({ group, settings, oldestMark }) => [group, readGroupSettings(oldestMark)?.[group] ?? settings]),
  );
