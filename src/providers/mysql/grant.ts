/** Makes the temporary login of a grant, moves its deadline, and reads both back. */
import { loginNameOf } from '../kit/login-name.ts';
import { ProviderError, granteeName, type Granted, type ProviderContext } from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import { endsAt, SCHEMA, setDeadline } from './deadline.ts';
import { changedLimits } from './dialect.ts';
import { ACCESS_DENIED, numberOf } from './errors.ts';
import { assertKeptOnEach, readStarts } from './log-reader.ts';
import { assertOurs, findLogins, type Login } from './logins.ts';
import { account, name } from './quote.ts';
import { assertGrantable } from './role-risks.ts';
import { newPassword, secretFor } from './secret.ts';
import type { Client, Server } from './server.ts';
import { oldVersion } from './version.ts';

/** MySQL's; MariaDB takes more. */
export const MAX_NAME = 32;

const UNKNOWN_DATABASE = 1049;
const ACCOUNT_LOCKED = 4151;
const ACCOUNT_LOCKED_MYSQL = 3118;

const wanted = (grantId: string, user: string | null = null): { grantId: string; user: string | null }[] => [
  { grantId, user },
];

const only = async (client: Client, ctx: ProviderContext, remembered: string | null = null): Promise<Login | null> => {
  const logins = await findLogins(client, wanted(ctx.grantId, remembered));
  for (const login of logins) assertOurs(login, remembered);
  return logins[0] ?? null;
};

/** First of all: what comes after it never stands without an end. */
const putDeadline = async (
  client: Client,
  login: { user: string; database: string },
  ctx: ProviderContext,
): Promise<void> => {
  const deadline = { ...login, grantId: ctx.grantId, holder: granteeName(ctx), until: ctx.expiresAt };
  try {
    await setDeadline(client, deadline);
  } catch (error) {
    if (numberOf(error) !== UNKNOWN_DATABASE) throw error;
    await client.run([`CREATE DATABASE IF NOT EXISTS ${name(SCHEMA)}`]);
    await setDeadline(client, deadline);
  }
};

type Making = { user: string; password: string; scope: Scope };

/** Locked until all of it is there. What somebody else added to a login that is already there goes. */
const makeLogin = async (client: Client, { user, password, scope }: Making, existing: Login | null): Promise<void> => {
  const { dialect } = client;
  const who = account(user);
  const options = `${dialect.identifiedBy(password)} ${dialect.limits(scope.limits ?? {})} ACCOUNT LOCK`;
  await client.run([
    `CREATE USER IF NOT EXISTS ${who} ${options}`,
    `ALTER USER ${who} ${options}`,
    ...(existing ? [`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${who}`] : []),
    ...[...new Set(scope.roles)].map((role) => dialect.grantRole(role, user)),
  ]);
};

const assertAsRequested = (login: Login | null, scope: Scope, ctx: ProviderContext): void => {
  const roles = [...new Set(scope.roles)].sort();
  const isAsRequested =
    login !== null &&
    endsAt(login.deadline, ctx.expiresAt) &&
    login.more.length === 0 &&
    changedLimits(login.limits, scope.limits).length === 0 &&
    login.roles.length === roles.length &&
    login.roles.every((role) => roles.includes(role));
  if (!isAsRequested)
    throw new ProviderError(
      'conflict',
      `The login of grant ${ctx.grantId} is not as it was requested when read back from the target.`,
    );
};

/** The password that another call gave it meanwhile, or its lock: that call, or the next try, finishes it. */
const explainedRefusal = async (server: Server, error: unknown, signal: AbortSignal): Promise<unknown> => {
  const number = numberOf(error);
  if (number === ACCOUNT_LOCKED || number === ACCOUNT_LOCKED_MYSQL)
    return new ProviderError('conflict', 'The new login was locked again while it was being made.');
  if (number !== ACCESS_DENIED) return error;
  const anonymous = await server.run(
    signal,
    async (client) => await client.query(`select 1 from (${client.dialect.accountsSql}) as a where user = '' limit 1`),
  );
  if (anonymous.length === 0)
    return new ProviderError('conflict', 'The new login got another password while it was being made.');
  return new ProviderError(
    'misconfigured',
    'The new login was refused, because the server has an account without a name, which counts before it. Remove it: `latchkey doctor` has the statement.',
  );
};

/** The log-in proves that the password works. In MariaDB only a login itself may say what it begins as. */
const beginAs = async (server: Server, { user, password, scope }: Making, signal: AbortSignal): Promise<void> => {
  try {
    await server.runAs({ user, password }, signal, async (client) => {
      if (client.dialect.setsOwnDefaultRole) await client.run(client.dialect.defaultRoles(scope.roles, user));
    });
  } catch (error) {
    throw await explainedRefusal(server, error, signal);
  }
};

export const grant = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<Granted<Handle>> => {
  const password = newPassword();
  await assertKeptOnEach(server, scope, ctx.signal);
  const { database } = server.settings;
  const { user, dialect } = await server.run(ctx.signal, async (client) => {
    const tooOld = oldVersion(client.dialect);
    if (tooOld) throw new ProviderError('unsupported', tooOld);
    await assertGrantable(client, scope.roles);
    const existing = await only(client, ctx);
    const making = { user: existing?.user ?? loginNameOf(ctx.grantId, granteeName(ctx), MAX_NAME), password, scope };
    await putDeadline(client, { user: making.user, database }, ctx);
    await makeLogin(client, making, existing);
    assertAsRequested(await only(client, ctx), scope, ctx);
    if (!client.dialect.setsOwnDefaultRole) await client.run(client.dialect.defaultRoles(scope.roles, making.user));
    await client.run([`ALTER USER ${account(making.user)} ACCOUNT UNLOCK`]);
    return { user: making.user, dialect: client.dialect };
  });
  await beginAs(server, { user, password, scope }, ctx.signal);
  const made = await server.run(ctx.signal, async (client) => await only(client, ctx));
  if (!made || made.isLocked)
    throw new ProviderError('conflict', `The login of grant ${ctx.grantId} was closed while it was being made.`);
  const starts = scope.record ? await readStarts(server, user, ctx.signal) : null;
  return {
    handle: { user, ...(starts && { starts }) },
    ...secretFor(server.settings, { user, password, scope, dialect }),
  };
};

/** More time is refused where a new grant would be. */
export const extend = async (
  server: Server,
  access: { scope: Scope; handle: Handle },
  ctx: ProviderContext,
): Promise<void> => {
  await server.run(ctx.signal, async (client) => {
    await assertGrantable(client, access.scope.roles);
    const login = await only(client, ctx, access.handle.user);
    if (!login || login.isLocked)
      throw new ProviderError(
        'denied',
        `The login of grant ${ctx.grantId} is no longer there or already closed, so its deadline cannot be moved.`,
      );
    await putDeadline(client, { user: login.user, database: server.settings.database }, ctx);
    const moved = await only(client, ctx);
    if (!endsAt(moved?.deadline ?? null, ctx.expiresAt))
      throw new ProviderError('conflict', `The new deadline of grant ${ctx.grantId} was not there when read back.`);
  });
};
