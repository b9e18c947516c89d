/** What is wrong with granted groups now, between a grant and an end and after it: reported to admins, and never touched. */
import pg from 'pg';
import type { Lookalike } from '../provider.ts';
import { findReach, type Reach } from './group-reach.ts';
import { OLDEST_TARGET, risksByGroup } from './group-risks.ts';
import { changedSettings, settingSaid, settingSql } from './group-settings.ts';
import { readGroupSettings } from './login-name.ts';
import type { Prepared } from './prepared.ts';
import type { Server } from './server.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** Doctor's warnings too where they name an attribute; the others are about what admins granted on purpose. */
const REPORTED_WARNINGS = ['strong_group'];

const riskyGroups = (reaches: readonly Reach[]): Lookalike[] =>
  risksByGroup(reaches).flatMap(({ group, findings }) =>
    findings
      .filter(({ level, code }) => level === 'error' || REPORTED_WARNINGS.includes(code))
      .map(({ message }): Lookalike => ({ kind: 'group', name: group, why: message })),
  );

/** Against what the oldest login in the group notes: with none, there is nothing to compare with. */
const changedGroups = (reaches: readonly Reach[]): Lookalike[] =>
  reaches.flatMap(({ group, through, settings, oldestMark }): Lookalike[] => {
    const before = through === null ? readGroupSettings(oldestMark)?.[group] : undefined;
    const changed = before ? changedSettings(before, settings) : [];
    if (changed.length === 0) return [];
    const which = changed.map(settingSaid).join(', ');
    const sql = changed.map((setting) => settingSql(group, setting)).join(' ');
    const why = `settings of this group changed while it is granted: ${which}. Latchkey puts back what was there when an access through it ends; to do so now: ${sql}`;
    return [{ kind: 'group', name: group, why }];
  });

const MAY_READ = `select has_column_privilege('pg_authid', 'rolpassword', 'SELECT') and has_column_privilege('pg_authid', 'rolname', 'SELECT') as may`;
const PASSWORDS =
  'select rolname::text as name from pg_authid where rolname = any($1) and rolpassword is not null order by 1';

/** Postgres shows passwords to superusers and to those that were granted `pg_authid`; for others a look is not possible. */
const groupsWithPassword = async (
  server: Server,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<Lookalike[]> => {
  const [mine] = await server.query<{ may: boolean }>(signal, { text: MAY_READ });
  if (!mine?.may) return [];
  const rows = await server.query<{ name: string }>(signal, { text: PASSWORDS, values: [groups] });
  return rows.map((row) => ({
    kind: 'group',
    name: row.name,
    why: `this group has a password, and a granted group needs none. Latchkey takes it away when an access through it ends; to do so now: ALTER ROLE ${name(row.name)} PASSWORD NULL;`,
  }));
};

/**
 * Of a login that no session can be of any more, of a group in which none of our logins is, or an hour old: what commits in two steps takes
 * moments, so that the work of others who are in the group is not among them.
 */
const PREPARED = `
  select p.gid, p.owner::text as owner, p.database::text as database
  from pg_prepared_xacts p join pg_roles r on r.rolname = p.owner
  where p.prepared < clock_timestamp() - interval '5 seconds' and (
    (p.owner = any($1::name[]) and (p.prepared < clock_timestamp() - interval '1 hour' or not exists (
      select from pg_auth_members m join pg_roles l on l.oid = m.member where m.roleid = r.oid and l.rolname like 'lk\\_%' and l.rolcanlogin)))
    or (p.owner like 'lk\\_%' and not r.rolcanlogin))
  order by 1`;

const leftPrepared = async (server: Server, groups: readonly string[], signal: AbortSignal): Promise<Lookalike[]> => {
  const rows = await server.query<Prepared>(signal, { text: PREPARED, values: [groups] });
  return rows.map(({ gid, owner, database }) => ({
    kind: 'prepared',
    name: gid,
    why: `this prepared transaction of ${name(owner)} is left over, and keeps its locks. As a superuser, in the database ${name(database)}: ROLLBACK PREPARED ${literal(gid)};`,
  }));
};

const VERSION = `select current_setting('server_version_num')::int as version`;

export const listLeft = async (
  server: Server,
  groups: readonly string[],
  signal: AbortSignal,
): Promise<Lookalike[]> => {
  if (groups.length === 0) return [];
  const [row] = await server.query<{ version: number }>(signal, { text: VERSION });
  // Older ones do not know what the rest needs; nothing is granted there.
  if (!row || row.version < OLDEST_TARGET) return [];
  const reaches = await server.run(signal, async (client) => await findReach(client, groups));
  const looks = await Promise.all([groupsWithPassword(server, groups, signal), leftPrepared(server, groups, signal)]);
  return [...riskyGroups(reaches), ...changedGroups(reaches), ...looks.flat()];
};
