/** Ends the connections of users on a node, and waits until the node says they are gone. Lists which are open. */
import { setTimeout as delay } from 'node:timers/promises';
import { grantNamedIn } from '../kit/login-name.ts';
import { createPatience } from '../kit/patience.ts';
import { ProviderError, type InUse } from '../provider.ts';
import type { Client, Server } from './client.ts';
import { allUsers } from './users.ts';

/** `subscriptions`: to channels and patterns. `isTracking`: it is notified which keys change (CLIENT TRACKING). */
export type Session = { id: string; user: string; forMs: number; subscriptions: number; isTracking: boolean };

const GONE_WITHIN_MS = 5_000;
const FIRST_LOOK_AFTER_MS = 2;
const SLOWEST_LOOK_MS = 100;

const field = (line: string, name: string): string => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? '';

/** `age` is in whole seconds, and may be one too many. No value in a line can hold a space. */
const sessionOf = (line: string): Session => ({
  id: field(line, 'id'),
  user: field(line, 'user'),
  forMs: Math.max(0, Number(field(line, 'age')) - 1) * 1000,
  subscriptions: ['sub', 'psub', 'ssub'].reduce((sum, name) => sum + Number(field(line, name)), 0),
  isTracking: field(line, 'flags').includes('t'),
});

export const allSessionsOn = async (client: Client): Promise<Session[]> =>
  String(await client.call('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => line !== '')
    .map(sessionOf);

export const sessionsOn = async (client: Client): Promise<Session[]> =>
  (await allSessionsOn(client)).filter(({ user }) => grantNamedIn(user) !== null);

export type Ending = { signal: AbortSignal; onInUse?: ((inUse: InUse) => void) | undefined };

/** Of every login of a grant at once, by name: needs no list of what is open, which may be too long to be read. Honest clients connect again. */
export const cutLogins = async (client: Client): Promise<void> => {
  const logins = (await allUsers(client)).filter(({ user }) => grantNamedIn(user) !== null);
  await client.all(logins.map(({ user }) => ['CLIENT', 'KILL', 'USER', user]));
};

/** By number: that also works where the user is gone already. `first`: what was found; `find` looks again. */
export const cutOn = async (
  client: Client,
  first: readonly Session[],
  { find, signal }: { find: () => Promise<Session[]>; signal: AbortSignal },
): Promise<void> => {
  const patience = createPatience(GONE_WITHIN_MS);
  const users = [...new Set(first.map(({ user }) => user))];
  let live = first;
  for (let waitMs = FIRST_LOOK_AFTER_MS; live.length > 0; waitMs = Math.min(waitMs * 2, SLOWEST_LOOK_MS)) {
    if (patience.isOver())
      throw new ProviderError(
        'unavailable',
        `${live.length} connection(s) of ${users.join(', ')} on ${client.node.name} did not end within ${GONE_WITHIN_MS / 1000} s of being closed.`,
      );
    await client.all(live.map(({ id }) => ['CLIENT', 'KILL', 'ID', id]));
    await delay(waitMs, undefined, { signal });
    live = await find();
  }
};

/** @returns the users that had connections. */
export const endSessionsOn = async (
  client: Client,
  users: ReadonlySet<string>,
  { signal, onInUse }: Ending,
): Promise<Set<string>> => {
  const find = async (): Promise<Session[]> => (await sessionsOn(client)).filter(({ user }) => users.has(user));
  const first = await find();
  for (const { user, forMs } of first) onInUse?.({ grantId: grantNamedIn(user) ?? '', forMs });
  await cutOn(client, first, { find, signal });
  return new Set(first.map(({ user }) => user));
};

export const activity = async (server: Server, signal: AbortSignal): Promise<InUse[]> => {
  const found = (await server.runOnEach(signal, sessionsOn)).flat();
  const longest = new Map<string, number>();
  for (const { user, forMs } of found) {
    const grantId = grantNamedIn(user) ?? '';
    longest.set(grantId, Math.max(longest.get(grantId) ?? 0, forMs));
  }
  return [...longest].map(([grantId, forMs]) => ({ grantId, forMs }));
};
