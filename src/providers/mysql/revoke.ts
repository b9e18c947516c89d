/** Takes access back: lock the login, cut its sessions on every node, drop it, and read its absence back. One or a hundred, in the same steps. */
import { grantNamedIn } from '../kit/login-name.ts';
import { confirmed } from '../kit/read-back.ts';
import type { InUse } from '../provider.ts';
import { dropDeadlines } from './deadline.ts';
import { assertOurs, findLogins, type Login, type Wanted } from './logins.ts';
import { account } from './quote.ts';
import type { Server } from './server.ts';
import { countSessions, endSessions } from './sessions.ts';

type Outcome = 'removed' | 'already_absent';
type Ending = { signal: AbortSignal; onInUse?: ((inUse: InUse) => void) | undefined };

/** A replica has what the primary did only after a moment. */
const REPLICATED_WITHIN_MS = 10_000;

const accounts = (logins: readonly Login[]): string => logins.map(({ user, host }) => account(user, host)).join(', ');

const find = async (server: Server, items: readonly Wanted[], signal: AbortSignal): Promise<Login[]> => {
  const logins = await server.run(signal, async (client) => await findLogins(client, items));
  for (const login of logins) assertOurs(login, items.find(({ grantId }) => grantId === login.grantId)?.user ?? null);
  return logins;
};

/** On the other nodes too: while one still knows a login, somebody may log in there. */
const confirmGone = async (server: Server, items: readonly Wanted[], signal: AbortSignal): Promise<void> =>
  await confirmed({
    read: async () => {
      const left = await server.runOnEach(signal, async (client) => await findLogins(client, items));
      return left.flat().length === 0;
    },
    what: 'on each node that the login is gone',
    everyMs: 50,
    withinMs: REPLICATED_WITHIN_MS,
    signal,
  });

/** Access is gone in the target when this returns. Every step may be repeated: after a crash or a failure it starts over. */
export const revokeAll = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<Outcome[]> => {
  const { signal } = ending;
  const logins = await find(server, items, signal);
  const users = [...new Set([...logins.map(({ user }) => user), ...items.flatMap(({ user }) => user ?? [])])];
  // Before sessions are cut, so that nobody comes back in between.
  if (logins.length > 0)
    await server.run(signal, async (client) => await client.run([`ALTER USER ${accounts(logins)} ACCOUNT LOCK`]));
  const cut = await endSessions(server, users, ending);
  if (logins.length > 0) {
    await server.run(signal, async (client) => await client.run([`DROP USER IF EXISTS ${accounts(logins)}`]));
    await confirmGone(server, items, signal);
    // Again: one that was between password and session when the login was locked is visible only now.
    await endSessions(server, users, ending);
  }
  // Last: as long as there is a login, its own end is there too, and says whose it is.
  await server.run(signal, async (client) => {
    await dropDeadlines(
      client,
      items.map(({ grantId }) => grantId),
    );
  });
  const hadLogin = new Set(logins.map(({ grantId }) => grantId));
  const hadOnlySessions = logins.length === 0 && items.length === 1 && cut > 0;
  return items.map(({ grantId }) => (hadLogin.has(grantId) || hadOnlySessions ? 'removed' : 'already_absent'));
};

/** A session counts: it outlives a login that was dropped by hand. */
export const isPresent = async (server: Server, wanted: Wanted, signal: AbortSignal): Promise<boolean> => {
  const logins = await server.runOnEach(signal, async (client) => await findLogins(client, [wanted]));
  if (logins.flat().some(({ user }) => grantNamedIn(user) === wanted.grantId)) return true;
  return (await countSessions(server, wanted.user === null ? [] : [wanted.user], signal)) > 0;
};
