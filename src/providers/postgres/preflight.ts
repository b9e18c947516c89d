/** Looks a target over before it is needed: reachable, allowed to do its work, and allowed no more than that. */
import pg from 'pg';
import { ProviderError, type Finding } from '../provider.ts';
import type { Scope } from './config.ts';
import { UNFIT_MAKERS } from './creator-roles.ts';
import { whereIs, type Server } from './server.ts';

const OLDEST_VERSION = 140_000;
const MAX_SKEW_MS = 5_000;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1|\/.*)$/;

const name = pg.escapeIdentifier;
const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

type Self = {
  user: string;
  version: number;
  isSuperuser: boolean;
  canCreateRole: boolean;
  canSignal: boolean;
  isStandby: boolean;
  isEncrypted: boolean;
  now: Date;
};

const SELF = `
  select r.rolname as user, current_setting('server_version_num')::int as version, r.rolsuper as "isSuperuser", r.rolcreaterole as "canCreateRole",
    pg_has_role(current_user, 'pg_signal_backend', 'USAGE') as "canSignal", pg_is_in_recovery() as "isStandby",
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as "isEncrypted", clock_timestamp() as now
  from pg_roles r where r.rolname = current_user`;

type Group = {
  name: string;
  canLogin: boolean;
  isSuperuser: boolean;
  canCreateRole: boolean;
  isStrong: boolean;
  canAdmin: boolean;
};

/** Membership counts for superuser: whoever may SET ROLE to a superuser is one. */
const GROUPS = `
  select g.rolname as name, g.rolcanlogin as "canLogin", g.rolcreaterole as "canCreateRole", g.rolcreatedb or g.rolreplication or g.rolbypassrls as "isStrong",
    exists (select from pg_roles s where s.rolsuper and (s.oid = g.oid or pg_has_role(g.oid, s.oid, 'MEMBER'))) as "isSuperuser",
    exists (select from pg_auth_members m where m.roleid = g.oid and m.admin_option and pg_has_role(current_user, m.member, 'USAGE')) as "canAdmin"
  from pg_roles g where g.rolname = any($1)`;

const selfFindings = (self: Self, server: Server, sentAt: Date): Finding[] => {
  const user = name(self.user);
  const skewMs = Math.abs(self.now.getTime() - sentAt.getTime());
  const isLocal = LOOPBACK.test(server.settings.host);
  return [
    self.version < OLDEST_VERSION &&
      error('old_version', `Postgres ${Math.floor(self.version / 10_000)} is too old: Latchkey needs 14 or newer.`),
    self.isStandby &&
      error('read_only', 'This server is a read-only standby: point the url of the target at the primary.'),
    !self.isSuperuser &&
      !self.canCreateRole &&
      error('no_createrole', `Latchkey's role may not make logins. As a superuser: ALTER ROLE ${user} CREATEROLE;`),
    !self.canSignal &&
      error('no_signal', `Latchkey's role may not end sessions. As a superuser: GRANT pg_signal_backend TO ${user};`),
    self.isSuperuser &&
      warning(
        'superuser',
        `Latchkey's role is a superuser, which is more than it needs. As another superuser: ALTER ROLE ${user} NOSUPERUSER CREATEROLE;`,
      ),
    !self.isEncrypted &&
      !isLocal &&
      warning(
        'not_encrypted',
        'The connection is not encrypted: set sslmode to verify-full in the config of the target.',
      ),
    skewMs > MAX_SKEW_MS &&
      warning(
        'clock_skew',
        `The clocks of Latchkey and the target are ${Math.round(skewMs / 1000)} s apart, so its own deadline comes early or late: synchronise them with NTP.`,
      ),
  ].filter((finding) => finding !== false);
};

const groupFindings = (group: Group, self: Self): Finding[] => {
  const role = name(group.name);
  const isAdminNeeded = !self.isSuperuser && self.version >= 160_000;
  const lend = `GRANT ${role} TO ${name(self.user)} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;`;
  return [
    group.isSuperuser &&
      error(
        'superuser_group',
        `The group ${role} is a superuser or a member of one, so whoever is in it could keep the access: lend another group.`,
      ),
    group.canCreateRole &&
      error(
        'group_makes_roles',
        `The group ${role} may make roles, so whoever is in it could keep the access. As a superuser: ALTER ROLE ${role} NOCREATEROLE;`,
      ),
    isAdminNeeded &&
      !group.canAdmin &&
      error('no_admin_option', `Latchkey's role may not lend the group ${role}. As a superuser: ${lend}`),
    group.canLogin &&
      warning(
        'group_can_login',
        `The group ${role} can log in by itself, past Latchkey. As a superuser: ALTER ROLE ${role} NOLOGIN;`,
      ),
    group.isStrong &&
      !group.isSuperuser &&
      warning(
        'strong_group',
        `The group ${role} may create databases, replicate, or pass row security. If that is not meant: ALTER ROLE ${role} NOCREATEDB NOREPLICATION NOBYPASSRLS;`,
      ),
  ].filter((finding) => finding !== false);
};

type UnfitCreatorRole = { name: string; others: string[] };

const unfitCreatorRole = ({ name: maker, others }: UnfitCreatorRole, self: Self): Finding => {
  const mend = [
    `ALTER ROLE ${name(maker)} NOSUPERUSER NOLOGIN CREATEROLE;`,
    `GRANT ${name(maker)} TO ${name(self.user)} WITH INHERIT FALSE, SET TRUE;`,
    ...others.map((other) => `REVOKE ${name(maker)} FROM ${name(other)};`),
  ];
  return warning(
    'unfit_maker',
    `The role ${name(maker)} is named like a maker of logins and is not used: it must make roles, not log in, and be one that Latchkey's role may act as and nobody else. ` +
      `As a superuser: ${mend.join(' ')}`,
  );
};

const look = async (server: Server, scopes: Record<string, Scope>, signal: AbortSignal): Promise<Finding[]> => {
  const sentAt = new Date();
  const [self] = await server.query<Self>(signal, { text: SELF });
  if (!self) throw new ProviderError('conflict', `Latchkey's own role vanished from ${whereIs(server.settings)}.`);
  const wanted = [...new Set(Object.values(scopes).flatMap((scope) => scope.member_of))];
  const groups = await server.query<Group>(signal, { text: GROUPS, values: [wanted] });
  const unfit = await server.query<UnfitCreatorRole>(signal, { text: UNFIT_MAKERS });
  const missing = wanted.filter((group) => !groups.some((row) => row.name === group));
  return [
    ...selfFindings(self, server, sentAt),
    ...missing.map((group) =>
      error(
        'no_group',
        `The group ${name(group)} does not exist. As a superuser: CREATE ROLE ${name(group)} NOLOGIN; and grant it what the role should allow.`,
      ),
    ),
    ...groups.flatMap((group) => groupFindings(group, self)),
    ...unfit.map((maker) => unfitCreatorRole(maker, self)),
  ];
};

/** A target that cannot be looked over is a finding too, not a failure of the look. */
export const preflight = async (
  server: Server,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  try {
    return await look(server, scopes, signal);
  } catch (failure) {
    if (failure instanceof ProviderError) return [error(failure.kind, failure.message)];
    throw failure;
  }
};
