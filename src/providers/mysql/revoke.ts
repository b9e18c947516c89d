/**
 * Takes access back in two strokes. Closed: the login is locked on every node and has no session on any, read back. Removed: it is
 * dropped, its absence is read back on every node, and its deadline in the server goes last. One or a hundred, in the same steps.
 */
import { grantNamedIn } from '../kit/login-name.ts';
import { confirmed } from '../kit/read-back.ts';
import type { CloseOutcome, InUse, RevokeOutcome } from '../provider.ts';
import { dropDeadlines } from './deadline.ts';
import { assertOurs, findLogins, type Login, type Wanted } from './logins.ts';
import { account } from './quote.ts';
import type { Server } from './server.ts';
import { countSessions, endSessions } from './sessions.ts';

type Ending = { signal: AbortSignal; onInUse?: ((inUse: InUse) => void) | undefined };

/** A replica has what the primary did only after a moment. */
const REPLICATED_WITHIN_MS = 10_000;

const accounts = (logins: readonly Login[]): string => logins.map(({ user, host }) => account(user, host)).join(', ');

const find = async (server: Server, items: readonly Wanted[], signal: AbortSignal): Promise<Login[]> => {
  const logins = await server.run(signal, async (client) => await findLogins(client, items));
  for (const login of logins) assertOurs(login, items.find(({ grantId }) => grantId === login.grantId)?.user ?? null);
  return logins;
};

type Confirm = { isSo: (logins: readonly Login[]) => boolean; what: string };

/** On the other nodes too: while one still knows a login, or knows it as open, somebody may log in there. */
const confirmOnEach = async (
  server: Server,
  { items, signal }: { items: readonly Wanted[]; signal: AbortSignal },
  { isSo, what }: Confirm,
): Promise<void> =>
  await confirmed({
    read: async () => isSo((await server.runOnEach(signal, async (client) => await findLogins(client, items))).flat()),
    what: `on each node that ${what}`,
    everyMs: 50,
    withinMs: REPLICATED_WITHIN_MS,
    signal,
  });

const hasOthers = ({ settings }: Server): boolean => settings.nodes.length > 1;

const LOCKED: Confirm = { isSo: (logins) => logins.every(({ isLocked }) => isLocked), what: 'the login is locked' };
const GONE: Confirm = { isSo: (logins) => logins.length === 0, what: 'the login is gone' };

type Closed = { logins: Login[]; users: string[]; cut: number };

/**
 * Every step may be repeated: after a crash or a failure it starts over, and what is locked is not locked again. The first node says nothing
 * of the others, so each is read anew.
 */
const close = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<Closed> => {
  const { signal } = ending;
  const logins = await find(server, items, signal);
  const users = [...new Set([...logins.map(({ user }) => user), ...items.flatMap(({ user }) => user ?? [])])];
  const open = logins.filter(({ isLocked }) => !isLocked);
  // Before sessions are cut, so that nobody comes back in between.
  if (open.length > 0)
    await server.run(signal, async (client) => await client.run([`ALTER USER ${accounts(open)} ACCOUNT LOCK`]));
  // At once on each node that answers: one that is down or late keeps no session on another open.
  const [first] = await Promise.allSettled([endSessions(server, users, ending)]);
  if (open.length > 0 || hasOthers(server)) await confirmOnEach(server, { items, signal }, LOCKED);
  if (first.status === 'rejected') throw first.reason;
  // Somebody may have come in where the lock arrived after the cut.
  const again = hasOthers(server) ? await endSessions(server, users, ending) : 0;
  return { logins, users, cut: first.value + again };
};

const hadAccess = (items: readonly Wanted[], { logins, cut }: Closed): boolean[] => {
  const hadLogin = new Set(logins.map(({ grantId }) => grantId));
  const hadOnlySessions = logins.length === 0 && items.length === 1 && cut > 0;
  return items.map(({ grantId }) => hadLogin.has(grantId) || hadOnlySessions);
};

/** The first stroke. A login that was there and locked before counts as closed. */
export const closeAll = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<CloseOutcome[]> =>
  hadAccess(items, await close(server, items, ending)).map((had) => (had ? 'closed' : 'absent'));

/** The second stroke, and the first where that was not made: access is gone in the target when this returns. */
export const revokeAll = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<RevokeOutcome[]> => {
  const { signal } = ending;
  const closed = await close(server, items, ending);
  const { logins, users } = closed;
  if (logins.length > 0)
    await server.run(signal, async (client) => await client.run([`DROP USER IF EXISTS ${accounts(logins)}`]));
  if (logins.length > 0 || hasOthers(server)) {
    await confirmOnEach(server, { items, signal }, GONE);
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
  return hadAccess(items, closed).map((had) => (had ? 'removed' : 'already_absent'));
};

/** A session counts: it outlives a login that was dropped by hand. */
export const isPresent = async (server: Server, wanted: Wanted, signal: AbortSignal): Promise<boolean> => {
  const logins = await server.runOnEach(signal, async (client) => await findLogins(client, [wanted]));
  if (logins.flat().some(({ user }) => grantNamedIn(user) === wanted.grantId)) return true;
  return (await countSessions(server, wanted.user === null ? [] : [wanted.user], signal)) > 0;
};
