/** What exists in the server against what was made: our logins as they are, what only looks like ours, and the way back. */
import pg from 'pg';
import { z } from 'zod';
import { ProviderError, type Difference, type Lookalike, type Ours, type ProviderContext } from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import { LIKE_OURS, prefixOf } from '../kit/login-name.ts';
import { OWN_SETTINGS_OF } from './group-settings.ts';
import { changedLocks, maxSessionsOf, setSql } from './login-settings.ts';
import { grantOfLogin, readGroupSettings, readMark } from './login-name.ts';
import { assertOurs, explained, findLogins, type Login } from './logins.ts';
import type { Client, Server } from './server.ts';
import { listLeft } from './left-over.ts';
import { listStrays } from './strays.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

/** Attributes that no login of ours has, as ALTER ROLE names them. */
const ATTRIBUTES = ['SUPERUSER', 'CREATEDB', 'CREATEROLE', 'REPLICATION', 'BYPASSRLS'] as const;

const foundSchema = z.object({
  canLogin: z.boolean(),
  groups: z.array(z.string()),
  attributes: z.array(z.string()),
  maxSessions: z.number(),
  settings: z.array(z.string()).nullable(),
});
type Found = z.infer<typeof foundSchema>;

type Row = Found & { oid: number; role: string; comment: string | null; expiresAt: Date | null };

/** An endless or closed login has no deadline; pg reads those as infinite numbers, not as dates. */
const LIST = `
  select r.oid, r.rolname as role, shobj_description(r.oid, 'pg_authid') as comment,
    case when isfinite(r.rolvaliduntil) then r.rolvaliduntil end as "expiresAt",
    r.rolcanlogin and r.rolvaliduntil is distinct from '-infinity' as "canLogin",
    array_remove(array[case when r.rolsuper then 'SUPERUSER' end, case when r.rolcreatedb then 'CREATEDB' end,
      case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolreplication then 'REPLICATION' end,
      case when r.rolbypassrls then 'BYPASSRLS' end], null) as attributes,
    r.rolconnlimit as "maxSessions",
    ${OWN_SETTINGS_OF} as settings,
    array(select distinct g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1) as groups
  from pg_roles r where r.rolname like $1 order by r.rolname`;

const list = (server: Server, signal: AbortSignal): Promise<Row[]> =>
  server.query<Row>(signal, { text: LIST, values: [LIKE_OURS] });

/** Roles belong to the whole server: a login whose mark names another database is another target's. */
export const listOurs = async (server: Server, signal: AbortSignal): Promise<Ours<Handle>[]> =>
  (await list(server, signal)).flatMap(({ oid, role, comment, expiresAt, ...found }) => {
    const grantId = grantOfLogin(role, comment, server.settings.database);
    if (grantId === null) return [];
    const settings = readGroupSettings(comment);
    return [{ grantId, handle: { role, oid, ...(settings && { settings }) }, expiresAt, name: role, found }];
  });

const listNamedLikeOurs = async (server: Server, signal: AbortSignal): Promise<Lookalike[]> =>
  (await list(server, signal)).flatMap(({ role, comment }): Lookalike[] => {
    const mark = readMark(comment);
    if (mark && role.startsWith(`lk_${mark.grantId}_`)) return [];
    const why = mark
      ? `it carries the comment of grant ${mark.grantId} and is named after another.`
      : "it is named like a login of Latchkey and does not carry Latchkey's comment.";
    return [{ kind: 'lookalike', name: role, why }];
  });

export const listLookalikes = async (
  server: Server,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Lookalike[]> => {
  const groups = [...new Set(Object.values(scopes).flatMap((scope) => scope.member_of))];
  const looks = [
    listNamedLikeOurs(server, signal),
    listStrays(server, groups, signal),
    listLeft(server, groups, signal),
  ];
  return (await Promise.all(looks)).flat();
};

const deadlineSaid = (found: Date | null, expiresAt: Date): string =>
  found === null
    ? `it has no deadline in the target any more (it should be ${expiresAt.toISOString()})`
    : `its deadline in the target is ${found.toISOString()} instead of ${expiresAt.toISOString()}`;

/** Below zero is without a limit. */
const isMore = (maxSessions: number, limit: number): boolean => maxSessions < 0 || maxSessions > limit;

export const differences = (scope: Scope, ours: Ours<Handle>, expiresAt: Date): Difference[] => {
  const found = foundSchema.parse(ours.found);
  // The one who shut it wanted it shut; its deadline and width do not matter any more.
  if (!found.canLogin) return [{ kind: 'closed', message: 'it was closed by hand' }];
  const more = found.groups.filter((group) => !scope.member_of.includes(group));
  const missing = scope.member_of.filter((group) => !found.groups.includes(group));
  const { attributes, maxSessions } = found;
  const changed = changedLocks(found.settings, scope).map(([setting]) => setting);
  const all: (Difference | false)[] = [
    ours.expiresAt?.getTime() !== expiresAt.getTime() && {
      kind: 'deadline',
      message: deadlineSaid(ours.expiresAt, expiresAt),
    },
    more.length > 0 && { kind: 'wider', message: `it was put into more groups: ${more.join(', ')}` },
    attributes.length > 0 && { kind: 'wider', message: `it was given ${attributes.join(', ')}` },
    isMore(maxSessions, scope.connection_limit) && {
      kind: 'wider',
      message: `it may have ${maxSessions < 0 ? 'any number of' : maxSessions} sessions at once instead of ${scope.connection_limit}`,
    },
    changed.length > 0 && { kind: 'wider', message: `what was set on it was changed: ${changed.join(', ')}` },
    missing.length > 0 && { kind: 'narrower', message: `it was taken out of ${missing.join(', ')}` },
  ];
  return all.filter((difference) => difference !== false);
};

const HELD = {
  SUPERUSER: (login: Login) => login.isSuperuser,
  CREATEDB: (login: Login) => login.canCreateDb,
  CREATEROLE: (login: Login) => login.canCreateRole,
  REPLICATION: (login: Login) => login.canReplicate,
  BYPASSRLS: (login: Login) => login.canBypassRls,
} satisfies Record<(typeof ATTRIBUTES)[number], (login: Login) => boolean>;

type Surplus = {
  groups: string[];
  attributes: string[];
  isOverLimit: boolean;
  changed: ReturnType<typeof changedLocks>;
};

const surplusOf = (login: Login, scope: Scope): Surplus => ({
  groups: login.groups.filter((group) => !scope.member_of.includes(group)).sort(),
  attributes: ATTRIBUTES.filter((attribute) => HELD[attribute](login)),
  isOverLimit: isMore(login.maxSessions, scope.connection_limit),
  changed: changedLocks(login.settings, scope),
});

const isUntil = (login: Login, until: Date): boolean =>
  login.validUntil instanceof Date && login.validUntil.getTime() === until.getTime();

const find = async (client: Client, grantId: string): Promise<Login | undefined> =>
  (await findLogins(client, [{ grantId, oid: null }])).find((login) => login.name.startsWith(prefixOf(grantId)));

type Wanted = { until: Date; maxSessions: number };

/** Only what is wrong is named: before Postgres 16 only a superuser may so much as mention some attributes. */
const statements = (login: Login, scope: Scope, { until, maxSessions }: Wanted): string[] => {
  const surplus = surplusOf(login, scope);
  const options = [
    ...surplus.attributes.map((attribute) => `NO${attribute}`),
    ...(surplus.isOverLimit ? [`CONNECTION LIMIT ${maxSessions}`] : []),
    ...(isUntil(login, until) ? [] : [`VALID UNTIL ${literal(until.toISOString())}`]),
  ];
  return [
    ...(options.length > 0 ? [`ALTER ROLE ${name(login.name)} ${options.join(' ')};`] : []),
    ...setSql(login.name, surplus.changed),
    ...surplus.groups.map((group) => `REVOKE ${name(group)} FROM ${name(login.name)};`),
  ];
};

export const restore = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<void> => {
  const login = await server.run(ctx.signal, (client) => find(client, ctx.grantId));
  if (!login?.canLogin)
    throw new ProviderError(
      'conflict',
      `The login of grant ${ctx.grantId} is gone or closed, so nothing was put back.`,
    );
  assertOurs(login);
  const sql = statements(login, scope, { until: ctx.expiresAt, maxSessions: maxSessionsOf(scope, server) });
  if (sql.length === 0) return;
  const after = await server
    .run(ctx.signal, async (client) => {
      await client.query(['BEGIN;', ...sql].join('\n'));
      await client.query('COMMIT');
      return find(client, ctx.grantId);
    })
    .catch((error: unknown) => {
      throw explained(error, [login], server.settings.user);
    });
  if (after) assertRestored(after, scope, ctx.expiresAt);
};

/** Since Postgres 16 a membership is taken back by who gave it or a superuser: REVOKE by others is a warning and nothing else. */
const assertRestored = (login: Login, scope: Scope, until: Date): void => {
  const { groups, attributes, isOverLimit, changed } = surplusOf(login, scope);
  if (groups.length > 0)
    throw new ProviderError(
      'denied',
      `Somebody else put the login ${name(login.name)} into ${groups.map(name).join(', ')}, and only they or a superuser can undo it: ` +
        groups.map((group) => `REVOKE ${name(group)} FROM ${name(login.name)};`).join(' '),
    );
  if (attributes.length > 0 || isOverLimit || changed.length > 0 || !isUntil(login, until))
    throw new ProviderError('conflict', `The login ${name(login.name)} was not as it should be when read back.`);
};
