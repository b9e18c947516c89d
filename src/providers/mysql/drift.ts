/** What exists in the server against what was made: our logins as they are, what only looks like ours, and the way back. */
import { z } from 'zod';
import { grantNamedIn } from '../kit/login-name.ts';
import {
  ProviderError,
  granteeName,
  type Difference,
  type Lookalike,
  type Ours,
  type ProviderContext,
} from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import { deadlineOf, endsAt, isOfDatabase, setDeadline } from './deadline.ts';
import { changedLimits } from './dialect.ts';
import { numberOf } from './errors.ts';
import { assertOurs, findLogins, type Login } from './logins.ts';
import { account } from './quote.ts';
import type { Client, Server } from './server.ts';

const foundSchema = z.object({
  isLocked: z.boolean(),
  host: z.string(),
  roles: z.array(z.string()),
  more: z.array(z.string()),
  limits: z.record(z.string(), z.number()),
});

const isOurs = ({ user, grantId, deadline }: Login): boolean => deadline !== null && grantNamedIn(user) === grantId;

const findAll = async (server: Server, signal: AbortSignal): Promise<Login[]> =>
  await server.run(signal, async (client) => await findLogins(client, null));

export const listOurs = async (server: Server, signal: AbortSignal): Promise<Ours<Handle>[]> =>
  (await findAll(server, signal))
    .filter((login) => isOurs(login) && isOfDatabase(login.deadline, server.settings.database))
    .map(({ grantId, user, deadline, isLocked, host, roles, more, limits }) => ({
      grantId,
      handle: { user },
      expiresAt: deadlineOf(deadline),
      name: user,
      found: { isLocked, host, roles, more, limits },
    }));

export const listLookalikes = async (server: Server, signal: AbortSignal): Promise<Lookalike[]> =>
  (await findAll(server, signal))
    .filter((login) => !isOurs(login))
    .map(({ user, host }) => ({
      kind: 'lookalike',
      name: account(user, host),
      why: "it is named like a login of Latchkey and has no event of Latchkey's that ends it.",
    }));

const deadlineSaid = (found: Date | null, expiresAt: Date): string =>
  found === null
    ? `its event does not end it any more (it should at ${expiresAt.toISOString()})`
    : `its deadline in the target is ${found.toISOString()} instead of ${expiresAt.toISOString()}`;

export const differences = (scope: Scope, ours: Ours<Handle>, expiresAt: Date): Difference[] => {
  const found = foundSchema.parse(ours.found);
  // The one who shut it wanted it shut; its deadline and width do not matter any more.
  if (found.isLocked) return [{ kind: 'closed', message: 'it was closed by hand' }];
  const surplus = found.roles.filter((role) => !scope.roles.includes(role));
  const changed = changedLimits(found.limits, scope.limits);
  const missing = scope.roles.filter((role) => !found.roles.includes(role));
  const all: (Difference | false)[] = [
    ours.expiresAt?.getTime() !== expiresAt.getTime() && {
      kind: 'deadline',
      message: deadlineSaid(ours.expiresAt, expiresAt),
    },
    surplus.length > 0 && { kind: 'wider', message: `it was given more roles: ${surplus.join(', ')}` },
    found.more.length > 0 && { kind: 'wider', message: `it was given rights of its own: ${found.more.join(', ')}` },
    changed.length > 0 && { kind: 'wider', message: `its limits were changed: ${changed.join(', ')}` },
    missing.length > 0 && { kind: 'narrower', message: `it lost ${missing.join(', ')}` },
  ];
  return all.filter((difference) => difference !== false);
};

const find = async (client: Client, grantId: string): Promise<Login | undefined> =>
  (await findLogins(client, [{ grantId, user: null }]))[0];

const surplusOf = (login: Login, scope: Scope): string[] => login.roles.filter((role) => !scope.roles.includes(role));

/** Rights that it was given go all together, its roles among them; those it should have are given again at once. */
const narrow = (client: Client, login: Login, scope: Scope): string[] => {
  const { dialect } = client;
  if (login.more.length === 0) return surplusOf(login, scope).map((role) => dialect.revokeRole(role, login.user));
  const kept = scope.roles.filter((role) => login.roles.includes(role));
  return [
    `REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account(login.user, login.host)}`,
    ...login.roles.map((role) => dialect.revokeRole(role, login.user)),
    ...kept.map((role) => dialect.grantRole(role, login.user)),
  ];
};

const NO_SUCH_MEMBERSHIP = 1962;

export const restore = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<void> => {
  await server.run(ctx.signal, async (client) => {
    const login = await find(client, ctx.grantId);
    if (!login || login.isLocked)
      throw new ProviderError(
        'conflict',
        `The login of grant ${ctx.grantId} is gone or closed, so nothing was put back.`,
      );
    assertOurs(login, null);
    if (changedLimits(login.limits, scope.limits).length > 0)
      await client.run([`ALTER USER ${account(login.user, login.host)} ${client.dialect.limits(scope.limits ?? {})}`]);
    for (const statement of narrow(client, login, scope)) await ignoring(client, statement, NO_SUCH_MEMBERSHIP);
    await setDeadline(client, {
      grantId: ctx.grantId,
      user: login.user,
      holder: granteeName(ctx),
      until: ctx.expiresAt,
      database: server.settings.database,
    });
    const after = await find(client, ctx.grantId);
    const isRestored =
      after !== undefined &&
      endsAt(after.deadline, ctx.expiresAt) &&
      after.more.length === 0 &&
      changedLimits(after.limits, scope.limits).length === 0 &&
      surplusOf(after, scope).length === 0;
    if (!isRestored)
      throw new ProviderError('conflict', `The login ${login.user} was not as it should be when read back.`);
  });
};

/** REVOKE ALL takes the roles in MariaDB, and leaves them in MySQL. */
const ignoring = async (client: Client, statement: string, number: number): Promise<void> => {
  await client.query(statement).catch((error: unknown) => {
    if (numberOf(error) !== number) throw error;
  });
};
