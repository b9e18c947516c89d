/** Looks a target over before it is needed: reachable, allowed to do its work, and allowed no more than that. */
import { isLoopback } from '../../lib/postgres-tls.ts';
import { ProviderError, type Finding } from '../provider.ts';
import type { Scope } from './config.ts';
import { SCHEMA } from './deadline.ts';
import { isRecorded, recordFindings } from './log-access.ts';
import { mayCreateSchema, ownRightFindings } from './own-rights.ts';
import { account, literal, name } from './quote.ts';
import { showGrants, type Rights } from './rights.ts';
import { notAdmin, roleRisks } from './role-risks.ts';
import type { Client, Server } from './server.ts';
import { oldVersion } from './version.ts';

const MAX_SKEW_MS = 5_000;

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

type Self = { isReadOnly: number; now: Date; events: string };

const SELF = `select @@global.read_only as isReadOnly, utc_timestamp(3) as now, @@global.event_scheduler as events`;

const SCHEDULER_OFF =
  'The server runs no events, so it has no deadline of its own and only Latchkey ends access. As an administrator: SET GLOBAL event_scheduler = ON; ' +
  'and event_scheduler = ON in the configuration of the server, or it is off again after a restart.';

const selfFindings = (self: Self, server: Server, sentAt: Date): Finding[] => {
  const skewMs = Math.abs(self.now.getTime() - sentAt.getTime());
  const { tls, nodes } = server.settings;
  const isEncrypted = tls.sslmode !== null && tls.sslmode !== 'disable';
  return [
    self.isReadOnly !== 0 &&
      error('read_only', 'This server is read-only: point the url of the target at the primary.'),
    self.events.toUpperCase() !== 'ON' && warning('events_off', SCHEDULER_OFF),
    !isEncrypted &&
      !isLoopback(nodes[0].host) &&
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

const ANONYMOUS = (accounts: string): string =>
  `select user, host from (${accounts}) as accounts where user = '' order by host`;

/** They count before every account that may come from anywhere, and let in anyone who knows no password. */
const anonymousFindings = async (client: Client): Promise<Finding[]> => {
  const found = await client.query<{ user: string; host: string }>(ANONYMOUS(client.dialect.accountsSql));
  if (found.length === 0) return [];
  const drop = found.map(({ user, host }) => `DROP USER ${account(user, host)};`).join(' ');
  return [
    warning(
      'anonymous',
      `The server has accounts without a name, which keep the logins of grants out where they count. As an administrator: ${drop}`,
    ),
  ];
};

const schemaFindings = async (client: Client, own: Rights): Promise<Finding[]> => {
  const [row] = await client.query<object>(
    `select 1 from information_schema.SCHEMATA where SCHEMA_NAME = ${literal(SCHEMA)}`,
  );
  if (row || mayCreateSchema(own)) return [];
  return [
    error(
      'no_database',
      `The database ${name(SCHEMA)} for the deadlines of logins does not exist. As an administrator: CREATE DATABASE ${name(SCHEMA)};`,
    ),
  ];
};

const ungrantable = (own: Rights, roles: readonly string[], who: string): Finding[] => {
  const admin = new Set(own.roles.filter(({ isAdmin }) => isAdmin).map(({ role }) => role));
  return [...new Set(roles)].filter((role) => !admin.has(role)).map((role) => notAdmin(role, who));
};

const MERGED =
  'Where tables are MyISAM, a MERGE table that was made over them goes on reaching them, for everybody who may read that table.';

const mergeFindings = (byName: Record<string, Scope>, merging: readonly string[]): Finding[] => {
  const roles = Object.keys(byName).filter((role) => byName[role]?.roles.some((one) => merging.includes(one)));
  if (roles.length === 0) return [];
  const message = `${roles.join(', ')} may make MERGE tables, through which MyISAM tables are reached when the access has ended. Keep CREATE and ALTER from the role, or tables in InnoDB.`;
  return [{ ...warning('merge_tables', message), remains: { roles, sentences: [MERGED] } }];
};

const look = async (client: Client, server: Server, byName: Record<string, Scope>): Promise<Finding[]> => {
  const scopes = Object.values(byName);
  const roles = scopes.flatMap((scope) => scope.roles);
  const tooOld = oldVersion(client.dialect);
  if (tooOld) return [error('old_version', tooOld)];
  const sentAt = new Date();
  const [self] = await client.query<Self>(SELF);
  if (!self) throw new ProviderError('conflict', `The server at ${client.node.name} does not answer.`);
  const own = await showGrants(client);
  const needing = { id: client.dialect.id, who: client.who, isRecorded: isRecorded(scopes) };
  const rights = ownRightFindings(own, needing);
  const findings = [...selfFindings(self, server, sentAt), ...rights];
  // Without its rights it sees nothing of roles, accounts and its own database.
  if (rights.some(({ level }) => level === 'error')) return findings;
  const { blocked, findings: risks, merging } = await roleRisks(client, roles);
  const there = client.dialect.id === 'mariadb' ? roles.filter((role) => !blocked.includes(role)) : [];
  return [
    ...findings,
    ...(await schemaFindings(client, own)),
    ...risks,
    ...mergeFindings(byName, merging),
    ...ungrantable(own, there, client.who),
    ...(await anonymousFindings(client)),
    ...(await recordFindings(client, scopes)),
  ];
};

const nodeFindings = async (server: Server, scopes: readonly Scope[], signal: AbortSignal): Promise<Finding[]> => {
  const [first, ...others] = server.settings.nodes;
  if (others.length === 0) return [];
  try {
    const found = await server.runOnEach(signal, async (client) => {
      await showGrants(client);
      return client.node.name === first.name ? [] : await recordFindings(client, scopes);
    });
    return found.flat();
  } catch (failure) {
    if (failure instanceof ProviderError) return [error(failure.kind, failure.message)];
    throw failure;
  }
};

/** A target that cannot be looked over is a finding too, not a failure of the look. */
export const preflight = async (
  server: Server,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const all = Object.values(scopes);
  try {
    const findings = await server.run(signal, async (client) => await look(client, server, scopes));
    return [...findings, ...(await nodeFindings(server, all, signal))];
  } catch (failure) {
    if (failure instanceof ProviderError) return [error(failure.kind, failure.message)];
    throw failure;
  }
};
