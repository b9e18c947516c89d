/** Ends the sessions of logins on every node, and waits until each node says they are gone. Lists which are open. */
import { setTimeout as delay } from 'node:timers/promises';
import { LIKE_OURS, grantNamedIn } from '../kit/login-name.ts';
import { createPatience } from '../kit/patience.ts';
import { ProviderError, type InUse } from '../provider.ts';
import { numberOf } from './errors.ts';
import { literal } from './quote.ts';
import type { Client, Server } from './server.ts';

type Session = { id: number; user: string };

const GONE_WITHIN_MS = 5_000;
const FIRST_LOOK_AFTER_MS = 2;
const SLOWEST_LOOK_MS = 100;
/** A session that is gone meanwhile. */
const NO_SUCH_SESSION = 1094;

const sessionsOf = async (client: Client, users: readonly string[]): Promise<Session[]> =>
  users.length === 0
    ? []
    : await client.query<Session>(client.dialect.sessionsSql(`user in (${users.map(literal).join(', ')})`));

const kill = async (client: Client, sessions: readonly Session[]): Promise<void> => {
  for (const user of new Set(sessions.map((session) => session.user))) {
    const ids = sessions.filter((session) => session.user === user).map(({ id }) => id);
    for (const statement of client.dialect.killSql(user, ids))
      await client.query(statement).catch((error: unknown) => {
        if (numberOf(error) !== NO_SUCH_SESSION) throw error;
      });
  }
};

type ToEnd = { users: readonly string[]; onCut: (user: string) => void; signal: AbortSignal };

const endOn = async (client: Client, { users, onCut, signal }: ToEnd): Promise<number> => {
  const patience = createPatience(GONE_WITHIN_MS);
  const found = await sessionsOf(client, users);
  let live = found;
  for (const { user } of found) onCut(user);
  for (let waitMs = FIRST_LOOK_AFTER_MS; live.length > 0; waitMs = Math.min(waitMs * 2, SLOWEST_LOOK_MS)) {
    if (patience.isOver()) throw stillThere(client, live.length, users);
    await kill(client, live);
    await delay(waitMs, undefined, { signal });
    live = await sessionsOf(client, users);
  }
  return found.length;
};

const stillThere = ({ node }: Client, live: number, users: readonly string[]): ProviderError =>
  new ProviderError(
    'unavailable',
    `${live} session(s) of ${users.join(', ')} on ${node.name} did not end within ${GONE_WITHIN_MS / 1000} s of being terminated.`,
  );

type Ending = { signal: AbortSignal; onInUse?: ((inUse: InUse) => void) | undefined };

/** Until none is left on any node. @returns how many there were. */
export const endSessions = async (
  server: Server,
  users: readonly string[],
  { signal, onInUse }: Ending,
): Promise<number> => {
  if (users.length === 0) return 0;
  const onCut = (user: string): void => {
    const grantId = grantNamedIn(user);
    if (grantId !== null) onInUse?.({ grantId, forMs: 0 });
  };
  const counts = await server.runOnEach(signal, async (client) => await endOn(client, { users, onCut, signal }));
  return counts.reduce((sum, count) => sum + count, 0);
};

export const countSessions = async (server: Server, users: readonly string[], signal: AbortSignal): Promise<number> => {
  if (users.length === 0) return 0;
  const found = await server.runOnEach(signal, async (client) => await sessionsOf(client, users));
  return found.flat().length;
};

/** The server reports how long a session has been at what it does, and not how long it has been open. */
export const activity = async (server: Server, signal: AbortSignal): Promise<InUse[]> => {
  const found = await server.runOnEach(
    signal,
    async (client) => await client.query<Session>(client.dialect.sessionsSql(`user like ${literal(LIKE_OURS)}`)),
  );
  const grants = new Set(found.flat().flatMap(({ user }) => grantNamedIn(user) ?? []));
  return [...grants].map((grantId) => ({ grantId, forMs: 0 }));
};
