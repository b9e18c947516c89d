/** Makes the ACL user of a grant on every node, moves its deadline, and reads both back. */
import { createHash, randomBytes } from 'node:crypto';
import { loginNameOf } from '../kit/login-name.ts';
import { ProviderError, granteeName, type Granted, type ProviderContext } from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import { openUsersProblem } from './open-users.ts';
import { prove } from './prove.ts';
import { refusalOf } from './refusal.ts';
import { secretFor } from './secret.ts';
import type { Client, Server } from './client.ts';
import { assertOurs, findUsers, markRule, saveUsers, scopeRules, type User } from './users.ts';

export const MAX_NAME = 63;

/** @throws ProviderError where somebody could keep something by the role on this server. */
const assertGrantable = async (client: Client, scope: Scope): Promise<void> => {
  const refusal = refusalOf(scope.commands, await client.catalog());
  if (refusal !== null) throw new ProviderError('misconfigured', `${refusal}.`);
  const open = await openUsersProblem(client);
  if (open !== null) throw new ProviderError('misconfigured', open);
};

const only = async (client: Client, ctx: ProviderContext, remembered: string | null = null): Promise<User | null> => {
  const found = await findUsers(client, [{ grantId: ctx.grantId, user: remembered }]);
  for (const user of found) assertOurs(user, remembered);
  return found[0] ?? null;
};

type Making = { user: string; hash: string; scope: Scope };

const dropUser = async (client: Client, user: string): Promise<void> => {
  await client.call('ACL', 'DELUSER', user);
  await saveUsers(client);
};

/** Off until the server has shown that it may do what the role says, and nothing more. */
const makeOn = async (client: Client, { user, hash, scope }: Making, ctx: ProviderContext): Promise<void> => {
  await only(client, ctx);
  await assertGrantable(client, scope);
  const mark = markRule({ grantId: ctx.grantId, expiresAt: ctx.expiresAt, hash, begunAt: new Date() });
  await client.call('ACL', 'SETUSER', user, 'reset', `#${hash}`, ...scopeRules(scope), mark);
  const catalog = await client.catalog();
  const { names } = catalog.expand(scope.commands);
  const { missing, surplus } = await prove(client, { user, names, catalog });
  if (missing.length + surplus.length > 0) {
    await dropUser(client, user);
    const less = missing.length > 0 ? ` It may not run ${missing.slice(0, 10).join(', ')}.` : '';
    const more = surplus.length > 0 ? ` It may also run ${surplus.slice(0, 10).join(', ')}.` : '';
    throw new ProviderError(
      'misconfigured',
      `The server at ${client.node.name} understands the commands of the role in another way than they say, so nothing was granted.${less}${more}`,
    );
  }
  await client.call('ACL', 'SETUSER', user, 'on');
  const made = await only(client, ctx);
  const isAsRequested =
    made !== null &&
    made.isOn &&
    !made.isOpen &&
    made.hashes.join() === hash &&
    made.selectors.length === 0 &&
    made.mark?.expiresAt.getTime() === ctx.expiresAt.getTime();
  if (!isAsRequested)
    throw new ProviderError(
      'conflict',
      `The user of grant ${ctx.grantId} is not as it was requested when read back from ${client.node.name}.`,
    );
  await saveUsers(client);
};

export const grant = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<Granted<Handle>> => {
  const password = randomBytes(32).toString('base64url');
  const hash = createHash('sha256').update(password).digest('hex');
  const user = loginNameOf(ctx.grantId, granteeName(ctx), MAX_NAME);
  await server.runOnEach(ctx.signal, async (client) => await makeOn(client, { user, hash, scope }, ctx));
  return { handle: { user }, ...secretFor(server.settings, { user, password }) };
};

/** Changes a user that is there. SETUSER would make one that is gone, without a password and off: such a one goes again. */
export const change = async (client: Client, user: string, rules: readonly string[]): Promise<User> => {
  await client.call('ACL', 'SETUSER', user, ...rules);
  const [after] = (await findUsers(client, null)).filter((found) => found.user === user);
  if (after?.isOn && after.hashes.length > 0) return after;
  if (after && after.hashes.length === 0) await dropUser(client, user);
  throw new ProviderError('conflict', `The user ${user} was closed or removed on ${client.node.name} meanwhile.`);
};

const moveOn = async (
  client: Client,
  { scope, handle }: { scope: Scope; handle: Handle },
  ctx: ProviderContext,
): Promise<void> => {
  await assertGrantable(client, scope);
  const found = await only(client, ctx, handle.user);
  const [hash] = found?.hashes ?? [];
  if (!found?.isOn || hash === undefined)
    throw new ProviderError(
      'denied',
      `The user of grant ${ctx.grantId} is no longer there or already closed on ${client.node.name}, so its deadline cannot be moved.`,
    );
  const { grantId, expiresAt } = ctx;
  const begunAt = found.mark?.begunAt ?? null;
  const mark = markRule({ grantId, expiresAt, hash: found.mark?.hash ?? hash, begunAt });
  const after = await change(client, found.user, ['clearselectors', mark]);
  if (after.mark?.expiresAt.getTime() !== ctx.expiresAt.getTime())
    throw new ProviderError('conflict', `The new deadline of grant ${ctx.grantId} was not there when read back.`);
  await saveUsers(client);
};

/** More time is refused where a new grant would be. */
export const extend = async (
  server: Server,
  access: { scope: Scope; handle: Handle },
  ctx: ProviderContext,
): Promise<void> => {
  await server.runOnEach(ctx.signal, async (client) => await moveOn(client, access, ctx));
};
