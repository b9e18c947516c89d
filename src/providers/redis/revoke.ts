/**
 * Takes access back on every node, in two strokes. Closed: the user is off, saved as that, and has no connection, read back. Removed: it
 * is deleted, that is saved, and its absence is read back. One or a hundred, in the same steps.
 */
import { ProviderError, type CloseOutcome, type RevokeOutcome } from '../provider.ts';
import { endCarriedOver } from './carried-over.ts';
import type { Client, Server } from './client.ts';
import { endSessionsOn, sessionsOn, type Ending } from './sessions.ts';
import { assertOurs, findUsers, saveUsers, type User, type Wanted } from './users.ts';

const find = async (client: Client, items: readonly Wanted[]): Promise<User[]> => {
  const users = await findUsers(client, items);
  for (const found of users) assertOurs(found, items.find(({ grantId }) => grantId === found.grantId)?.user ?? null);
  return users;
};

/** `had`: the grants that had something here. */
type Closed = { users: User[]; names: Set<string>; had: Set<string> };

const readBackAs = async (client: Client, what: string, isLeft: () => Promise<boolean>): Promise<void> => {
  if (await isLeft())
    throw new ProviderError('conflict', `A user was ${what} again on ${client.node.name} when that was read back.`);
};

const closeOn = async (client: Client, items: readonly Wanted[], ending: Ending): Promise<Closed> => {
  const users = await find(client, items);
  const names = new Set([...users.map(({ user }) => user), ...items.flatMap(({ user }) => user ?? [])]);
  // Before connections are cut, so that no client comes back in between.
  await client.all(users.map(({ user }) => ['ACL', 'SETUSER', user, 'off']));
  const cut = await endSessionsOn(client, names, ending);
  // Before the users go: only they say which channels it was about.
  await endCarriedOver(client, users, ending.signal);
  // Or the next ACL LOAD or start would let its client in again. Also one that was off: an end that failed before this is repeated by it.
  if (users.length > 0) {
    await saveUsers(client);
    await readBackAs(client, 'on', async () => (await find(client, items)).some(({ isOn }) => isOn));
  }
  const had = items.filter(({ user }) => user !== null && cut.has(user)).map(({ grantId }) => grantId);
  return { users, names, had: new Set([...users.map(({ grantId }) => grantId), ...had]) };
};

const removeOn = async (client: Client, items: readonly Wanted[], ending: Ending): Promise<Closed> => {
  const closed = await closeOn(client, items, ending);
  const { users, names } = closed;
  if (users.length > 0) await client.call('ACL', 'DELUSER', ...users.map(({ user }) => user));
  // Again: one that was between password and connection when the user was closed is visible only now.
  if (users.length > 0) await endSessionsOn(client, names, ending);
  // Also where nothing was found: an end that failed before its save is repeated by this.
  await saveUsers(client);
  await readBackAs(client, 'there', async () => (await find(client, items)).length > 0);
  return closed;
};

type OnNode = (client: Client, items: readonly Wanted[], ending: Ending) => Promise<Closed>;

/** On each node; which of the grants had something on any. */
const onEach = async (
  server: Server,
  { items, work }: { items: readonly Wanted[]; work: OnNode },
  ending: Ending,
): Promise<boolean[]> => {
  if (items.length === 0) return [];
  const each = await server.runOnEach(ending.signal, async (client) => await work(client, items, ending));
  return items.map(({ grantId }) => each.some(({ had }) => had.has(grantId)));
};

/** The first stroke. A user that was there and off before counts as closed. */
export const closeAll = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<CloseOutcome[]> =>
  (await onEach(server, { items, work: closeOn }, ending)).map((had) => (had ? 'closed' : 'absent'));

/** The second stroke, and the first where that was not made. Every step may be repeated: after a crash or a failure it starts over. */
export const revokeAll = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<RevokeOutcome[]> =>
  (await onEach(server, { items, work: removeOn }, ending)).map((had) => (had ? 'removed' : 'already_absent'));

export const isPresent = async (server: Server, wanted: Wanted, signal: AbortSignal): Promise<boolean> => {
  const there = await server.runOnEach(signal, async (client) => {
    if ((await findUsers(client, [wanted])).length > 0) return true;
    return (await sessionsOn(client)).some(({ user }) => user === wanted.user);
  });
  return there.includes(true);
};
