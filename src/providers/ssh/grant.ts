/** Makes the account of a grant on every host, moves its deadline, and reads both back. */
import { onEachNode } from '../kit/nodes.ts';
import { loginNameOf } from '../kit/login-name.ts';
import { granteeName, ProviderError, type Granted, type ProviderContext } from '../provider.ts';
import { sudoLines, type Handle, type Scope } from './config.ts';
import { ask, base64, type Account } from './questions.ts';
import type { Server } from './server.ts';

/** As long as Linux lets the name of an account be. */
const MAX_NAME = 32;

export const valuesOf = (scope: Scope): Record<string, string> => ({
  forward: scope.forward ? 'yes' : 'no',
  command: base64(scope.command ?? ''),
  sudo: base64(
    sudoLines(scope)
      .map((line) => `${line}\n`)
      .join(''),
  ),
});

export const isAsRequested = (found: Account, scope: Scope, expiresAt: Date): boolean =>
  found.isOpen && found.changed.length === 0 && found.deadlineMs === expiresAt.getTime() && isScope(found, scope);

export const isScope = (found: Account, scope: Scope): boolean =>
  found.canForward === (scope.forward ?? false) &&
  found.command === (scope.command ?? '') &&
  found.sudo ===
    sudoLines(scope)
      .map((line) => `${line}\n`)
      .join('');

export const grant = async (server: Server, scope: Scope, ctx: ProviderContext): Promise<Granted<Handle>> => {
  const account = loginNameOf(ctx.grantId, granteeName(ctx), MAX_NAME);
  const deadline = String(ctx.expiresAt.getTime());
  await onEachNode(server.hosts, async (host) => {
    const values = { account, grant: ctx.grantId, deadline, ...valuesOf(scope) };
    const { accounts } = await ask(host, { verb: 'open', values }, ctx.signal);
    const made = accounts.find((found) => found.account === account);
    if (!made || !isAsRequested(made, scope, ctx.expiresAt))
      throw new ProviderError(
        'conflict',
        `The account ${account} is not as it was requested when read back from ${host.name}.`,
      );
  });
  return { handle: { user: account } };
};

export const extend = async (server: Server, { user }: Handle, ctx: ProviderContext): Promise<void> => {
  await onEachNode(server.hosts, async (host) => {
    const values = { account: user, deadline: String(ctx.expiresAt.getTime()) };
    const { accounts } = await ask(host, { verb: 'move', values }, ctx.signal);
    if (accounts.find((found) => found.account === user)?.deadlineMs !== ctx.expiresAt.getTime())
      throw new ProviderError(
        'conflict',
        `The new deadline of ${user} was not there when read back from ${host.name}.`,
      );
  });
};
