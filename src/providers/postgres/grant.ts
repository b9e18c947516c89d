/** Makes the temporary login of a grant, moves its deadline, and reads both back. */
import pg from 'pg';
import { ProviderError, granteeName, type Granted, type ProviderContext } from '../provider.ts';
import { assertGrantable } from './group-risks.ts';
import { groupOf, MAX_NAME_BYTES, type Handle, type Scope } from './config.ts';
import type { GroupSettings } from './group-settings.ts';
import { loginNameOf } from '../kit/login-name.ts';
import { readGroupSettings, writeMark } from './login-name.ts';
import { assertOurs, explained, findLogins, type Login } from './logins.ts';
import { assertKept } from './log-access.ts';
import { readStarts } from './log-reader.ts';
import { loginSettingsSql, maxSessionsOf, missingSetting } from './login-settings.ts';
import { nextSecret } from './scram.ts';
import { secretFor } from './secret.ts';
import { actingAs, chooseCreatorRole } from './creator-roles.ts';
import type { Client, Server } from './server.ts';

const { escapeIdentifier: name, escapeLiteral: literal } = pg;

const optionsOf = (login: { maxSessions: number; verifier: string }, ctx: ProviderContext): string =>
  `LOGIN NOINHERIT CONNECTION LIMIT ${login.maxSessions} PASSWORD ${literal(login.verifier)} VALID UNTIL ${literal(ctx.expiresAt.toISOString())}`;

/** NOINHERIT: rights come only by acting as the group, so even after SET ROLE NONE the login owns next to nothing. */
const createSql = (login: string, options: string): string =>
  `CREATE ROLE ${name(login)} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS ${options};`;

/**
 * Postgres 16+ locks each group until COMMIT: in sorted order, or two grants deadlock, and as the last statements, or they wait for
 * each other longer than they must.
 */
const membershipSql = (login: string, has: readonly string[], wanted: readonly string[]): string[] =>
  [...new Set([...has, ...wanted])]
    .filter((group) => !(has.includes(group) && wanted.includes(group)))
    .sort()
    .map((group) =>
      wanted.includes(group) ? `GRANT ${name(group)} TO ${name(login)};` : `REVOKE ${name(group)} FROM ${name(login)};`,
    );

/** Only what is wrong is named: before Postgres 16 only a superuser may so much as mention NOSUPERUSER, NOREPLICATION or NOBYPASSRLS for a role. */
const repairSql = (login: Login, options: string): string => {
  const takeAway = [
    login.isSuperuser && 'NOSUPERUSER',
    login.canReplicate && 'NOREPLICATION',
    login.canBypassRls && 'NOBYPASSRLS',
    login.canCreateDb && 'NOCREATEDB',
    login.canCreateRole && 'NOCREATEROLE',
  ].filter((word) => word !== false);
  return `ALTER ROLE ${name(login.name)} ${takeAway.join(' ')} ${options}; ALTER ROLE ${name(login.name)} RESET ALL;`;
};

const markOf = (server: Server, ctx: ProviderContext, settings: GroupSettings | undefined): string =>
  writeMark({
    grantId: ctx.grantId,
    database: server.settings.database,
    ...('person' in ctx ? { person: ctx.person.name } : { client: ctx.client.name }),
    until: ctx.expiresAt,
    settings,
  });

const commentSql = (login: string, mark: string): string => `COMMENT ON ROLE ${name(login)} IS ${literal(mark)};`;

const readBack = async (client: Client, grantId: string, login: string): Promise<Login> => {
  const found = (await findLogins(client, [{ grantId, oid: null }])).find((row) => row.name === login);
  if (!found)
    throw new ProviderError(
      'conflict',
      `The login ${name(login)} was removed from the target while it was being made.`,
    );
  return found;
};

const isValidUntil = (login: Login, until: Date): boolean =>
  login.validUntil instanceof Date && login.validUntil.getTime() === until.getTime();

const assertAsRequested = (
  login: Login,
  scope: Scope,
  asked: { mark: string; until: Date; maxSessions: number },
): void => {
  assertOurs(login);
  const wanted = [...scope.member_of].sort();
  const isMemberOfMore = login.groups.some((group) => !wanted.includes(group));
  if (isMemberOfMore)
    throw new ProviderError(
      'denied',
      `Somebody else put the login ${name(login.name)} into other groups than it should be in (${login.groups.join(', ')}), and only they or a superuser can undo it.`,
    );
  const isAsRequested =
    login.canLogin &&
    isValidUntil(login, asked.until) &&
    login.maxSessions === asked.maxSessions &&
    wanted.every((group) => login.groups.includes(group)) &&
    (login.settings ?? []).some((setting) => setting.startsWith('role=')) &&
    missingSetting(login.settings, scope) === null &&
    login.comment === asked.mark &&
    !(login.isSuperuser || login.canCreateDb || login.canCreateRole || login.canReplicate || login.canBypassRls);
  if (!isAsRequested)
    throw new ProviderError(
      'conflict',
      `The login ${name(login.name)} is not as it was requested when read back from the target.`,
    );
};

/**
 * In one transaction, whose COMMIT goes out by itself: if we were stopped meanwhile, it is never sent and the target rolls back.
 * What is read back is sent with the COMMIT and answered after it.
 */
const begin = async (client: Client, statements: readonly string[]): Promise<void> => {
  await client.query(['BEGIN;', ...statements].join('\n'));
};

const actAsSql = (login: string, scope: Scope): string =>
  `ALTER ROLE ${name(login)} SET role = ${literal(groupOf(scope))};`;

type Servers = { server: Server; standbys: readonly Server[] };

export const grant = async (
  { server, standbys }: Servers,
  scope: Scope,
  ctx: ProviderContext,
): Promise<Granted<Handle>> => {
  const groups = [...new Set(scope.member_of)].sort();
  const look = server.run(ctx.signal, async (client) => {
    const [settings, [existing], creator] = await Promise.all([
      assertGrantable(client, groups),
      findLogins(client, [{ grantId: ctx.grantId, oid: null }]),
      chooseCreatorRole(client),
      assertKept(client, scope),
    ]);
    return { existing, creator, settings };
  });
  const [{ existing, creator, settings }, { password, verifier }] = await Promise.all([look, nextSecret()]);
  const starts = scope.record ? await readStarts([server, ...standbys], ctx.signal) : null;
  if (existing) assertOurs(existing);
  const maxSessions = maxSessionsOf(scope, server);
  const login = existing?.name ?? loginNameOf(ctx.grantId, granteeName(ctx), MAX_NAME_BYTES);
  const before = readGroupSettings(existing?.comment ?? null) ?? settings;
  const mark = markOf(server, ctx, before);
  const options = optionsOf({ maxSessions, verifier }, ctx);
  const make = existing ? repairSql(existing, options) : createSql(login, options);
  const join = membershipSql(login, existing?.groups ?? [], groups);
  const alter = [actAsSql(login, scope), ...loginSettingsSql(login, scope)];
  try {
    const own = actingAs(existing ? null : creator, [make, ...alter, commentSql(login, mark)]);
    const made = await server.run(ctx.signal, async (client) => {
      await begin(client, [...own, ...join]);
      const [, read] = await Promise.all([client.query('COMMIT'), readBack(client, ctx.grantId, login)]);
      return read;
    });
    assertAsRequested(made, scope, { mark, until: ctx.expiresAt, maxSessions });
    const handle = { role: made.name, oid: made.oid, settings: before, ...(starts && { starts }) };
    return { handle, ...secretFor(server.settings, { user: made.name, password }) };
  } catch (error) {
    throw existing ? explained(error, [existing], server.settings.user) : error;
  }
};

/** More time is refused where a new grant would be. */
export const extend = async (
  server: Server,
  access: { scope: Scope; handle: Handle },
  ctx: ProviderContext,
): Promise<void> => {
  await server.run(ctx.signal, async (client) => {
    const [[login]] = await Promise.all([
      findLogins(client, [{ grantId: ctx.grantId, oid: access.handle.oid }]),
      assertGrantable(client, access.scope.member_of),
    ]);
    if (login) assertOurs(login);
    if (!login?.canLogin)
      throw new ProviderError(
        'denied',
        `The login of grant ${ctx.grantId} is no longer there or already closed, so its deadline cannot be moved.`,
      );
    const until = `ALTER ROLE ${name(login.name)} VALID UNTIL ${literal(ctx.expiresAt.toISOString())};`;
    await begin(
      client,
      actingAs(login.creator, [until, commentSql(login.name, markOf(server, ctx, readGroupSettings(login.comment)))]),
    );
    const [, moved] = await Promise.all([client.query('COMMIT'), readBack(client, ctx.grantId, login.name)]);
    if (!isValidUntil(moved, ctx.expiresAt))
      throw new ProviderError(
        'conflict',
        `The new deadline of ${name(login.name)} was not there when read back from the target.`,
      );
  });
};
