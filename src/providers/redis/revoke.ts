/** Takes access back on every node: off, cut, delete, save, and read the absence back. One or a hundred, in the same steps. */
import { ProviderError } from '../provider.ts';
import type { Client, Server } from './server.ts';
import { endSessionsOn, sessionsOn, type Ending } from './sessions.ts';
import { assertOurs, findUsers, saveUsers, type Wanted } from './users.ts';

type Outcome = 'removed' | 'already_absent';

const find = async (client: Client, items: readonly Wanted[]): Promise<{ user: string; grantId: string }[]> => {
  const users = await findUsers(client, items);
  for (const found of users) assertOurs(found, items.find(({ grantId }) => grantId === found.grantId)?.user ?? null);
  return users;
};

/** @returns the grants that had something here. */
const endOn = async (client: Client, items: readonly Wanted[], ending: Ending): Promise<Set<string>> => {
  const users = await find(client, items);
  const names = new Set([...users.map(({ user }) => user), ...items.flatMap(({ user }) => user ?? [])]);
  // Before connections are cut, so that no client comes back in between.
  await client.all(users.map(({ user }) => ['ACL', 'SETUSER', user, 'off']));
  const cut = await endSessionsOn(client, names, ending);
  if (users.length > 0) await client.call('ACL', 'DELUSER', ...users.map(({ user }) => user));
  // Again: one that was between password and connection when the user was closed is visible only now.
  if (users.length > 0) await endSessionsOn(client, names, ending);
  // Also where nothing was found: an end that failed before its save is repeated by this.
  await saveUsers(client);
  if ((await find(client, items)).length > 0)
    throw new ProviderError(
      'conflict',
      `A user was there again on ${client.node.name} when its absence was read back.`,
    );
  const had = items.filter(({ user }) => user !== null && cut.has(user)).map(({ grantId }) => grantId);
  return new Set([...users.map(({ grantId }) => grantId), ...had]);
};

/** Access is gone on each node when this returns. Every step may be repeated: after a crash or a failure it starts over. */
export const revokeAll = async (server: Server, items: readonly Wanted[], ending: Ending): Promise<Outcome[]> => {
  if (items.length === 0) return [];
  const ended = await server.runOnEach(ending.signal, async (client) => await endOn(client, items, ending));
  return items.map(({ grantId }) => (ended.some((had) => had.has(grantId)) ? 'removed' : 'already_absent'));
};

export const isPresent = async (server: Server, wanted: Wanted, signal: AbortSignal): Promise<boolean> => {
  const there = await server.runOnEach(signal, async (client) => {
    if ((await findUsers(client, [wanted])).length > 0) return true;
    return (await sessionsOn(client)).some(({ user }) => user === wanted.user);
  });
  return there.includes(true);
};
