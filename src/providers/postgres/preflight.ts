/** Looks a target over before it is needed: reachable, allowed to do its work, and allowed no more than that. */
import pg from 'pg';
import { ProviderError, type Finding } from '../provider.ts';
import type { Scope } from './config.ts';
import { findReach } from './group-reach.ts';
import { remainsFindings } from './group-remains.ts';
import { OLDEST_TARGET, oldVersionSentence, riskFindings } from './group-risks.ts';
import { logFindings } from './log-access.ts';
import { UNFIT_CREATOR_ROLES } from './creator-roles.ts';
import { isLoopback } from '../../lib/postgres-tls.ts';
import { whereIs, type Server } from './server.ts';

const MAX_SKEW_MS = 5_000;

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
  maxPrepared: number;
  now: Date;
};

const SELF = `
  select r.rolname as user, current_setting('server_version_num')::int as version, r.rolsuper as "isSuperuser", r.rolcreaterole as "canCreateRole",
    pg_has_role(current_user, 'pg_signal_backend', 'USAGE') as "canSignal", pg_is_in_recovery() as "isStandby",
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as "isEncrypted",
    current_setting('max_prepared_transactions')::int as "maxPrepared", clock_timestamp() as now
  from pg_roles r where r.rolname = current_user`;

const preparedFinding = (roles: string[]): Finding => ({
  ...warning(
    'prepared_transactions',
    'Sessions may leave prepared transactions, which keep locks after they end. If nothing needs them, as a superuser: ALTER SYSTEM SET max_prepared_transactions = 0; and restart the server.',
  ),
  remains: {
    roles,
    sentences: [
      'A prepared transaction of this role outlives its session: Latchkey rolls it back when the last access through the role ends.',
    ],
  },
});

const selfFindings = (self: Self, server: Server, { sentAt, roles }: { sentAt: Date; roles: string[] }): Finding[] => {
  const user = name(self.user);
  const skewMs = Math.abs(self.now.getTime() - sentAt.getTime());
  const isLocal = isLoopback(server.settings.host);
  return [
    self.version < OLDEST_TARGET && error('old_version', oldVersionSentence(self.version)),
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
    self.maxPrepared > 0 && preparedFinding(roles),
    skewMs > MAX_SKEW_MS &&
      warning(
        'clock_skew',
        `The clocks of Latchkey and the target are ${Math.round(skewMs / 1000)} s apart, so its own deadline comes early or late: synchronise them with NTP.`,
      ),
  ].filter((finding) => finding !== false);
};

/** Since Postgres 16 a group is granted by who has ADMIN on it; before, by any role that may create roles. */
const UNGRANTABLE = `
  select g.rolname::text as name from pg_roles g where g.rolname = any($1) and not exists (
    select from pg_auth_members m where m.roleid = g.oid and m.admin_option and pg_has_role(current_user, m.member, 'USAGE'))`;

const ungrantable = (group: string, self: Self): Finding =>
  error(
    'no_admin_option',
    `Latchkey's role may not grant the group ${name(group)}. As a superuser: ` +
      `GRANT ${name(group)} TO ${name(self.user)} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;`,
  );

type UnfitCreatorRole = { name: string; others: string[] };

const unfitCreatorRole = ({ name: creator, others }: UnfitCreatorRole, self: Self): Finding => {
  const fix = [
    `ALTER ROLE ${name(creator)} NOSUPERUSER NOLOGIN CREATEROLE;`,
    `GRANT ${name(creator)} TO ${name(self.user)} WITH INHERIT FALSE, SET TRUE;`,
    ...others.map((other) => `REVOKE ${name(creator)} FROM ${name(other)};`),
  ];
  return warning(
    'unfit_creator_role',
    `The role ${name(creator)} is named like a creator role and is not used: it must make roles, not log in, and be one that Latchkey's role may act as and nobody else. ` +
      `As a superuser: ${fix.join(' ')}`,
  );
};

const look = async (server: Server, scopes: Record<string, Scope>, signal: AbortSignal): Promise<Finding[]> => {
  const sentAt = new Date();
  const [self] = await server.query<Self>(signal, { text: SELF });
  if (!self) throw new ProviderError('conflict', `Latchkey's own role vanished from ${whereIs(server.settings)}.`);
  const findings = selfFindings(self, server, { sentAt, roles: Object.keys(scopes) });
  return self.version < OLDEST_TARGET
    ? findings
    : [...findings, ...(await lookAtGroups(server, self, { scopes, signal }))];
};

const lookAtGroups = async (
  server: Server,
  self: Self,
  { scopes, signal }: { scopes: Record<string, Scope>; signal: AbortSignal },
): Promise<Finding[]> => {
  const wanted = [...new Set(Object.values(scopes).flatMap((scope) => scope.member_of))];
  const [reaches, log, remains] = await Promise.all([
    server.run(signal, async (client) => findReach(client, wanted)),
    server.run(signal, async (client) => logFindings(client, Object.values(scopes))),
    remainsFindings(server, scopes, signal),
  ]);
  const isAdminNeeded = !self.isSuperuser && self.version >= 160_000;
  const unable = isAdminNeeded
    ? await server.query<{ name: string }>(signal, { text: UNGRANTABLE, values: [wanted] })
    : [];
  const unfit = await server.query<UnfitCreatorRole>(signal, { text: UNFIT_CREATOR_ROLES });
  const missing = wanted.filter((group) => !reaches.some((reach) => reach.group === group));
  return [
    ...missing.map((group) =>
      error(
        'no_group',
        `The group ${name(group)} does not exist. As a superuser: CREATE ROLE ${name(group)} NOLOGIN; and grant it what the role should allow.`,
      ),
    ),
    ...riskFindings(reaches),
    ...log,
    ...remains,
    ...unable.map((group) => ungrantable(group.name, self)),
    ...unfit.map((creator) => unfitCreatorRole(creator, self)),
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
