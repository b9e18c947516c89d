/**
 * What a connection began as one user and goes on with as another: AUTH ends no subscription and no CLIENT TRACKING, and Redis reports it to nobody
 * which channels they are. So connections that may have begun so are closed: of users that could not have begun it themselves.
 */
import type { Catalog } from './catalog.ts';
import type { Client } from './client.ts';
import { allSessionsOn, cutOn, type Session } from './sessions.ts';
import { allUsers, type User } from './users.ts';

type Rights = Pick<User, 'channels' | 'commands' | 'selectors'>;

const NOBODY: Rights = { channels: [], commands: [], selectors: [] };
const TRACKING = 'client|tracking';
/** The clocks of processes, and the whole seconds of `age`. */
const LEEWAY_MS = 60_000;

/** Where it is not plain that one pattern covers another, it does not. */
const covers = (wide: string, narrow: string): boolean =>
  wide === narrow || (/^&[^*?[\\]*\*$/.test(wide) && narrow.startsWith(wide.slice(0, -1)));

const mayTrack = ({ commands }: Rights, catalog: Catalog): boolean => catalog.expand(commands).names.has(TRACKING);

/** Since when the earliest of them could begin anything; null where a mark does not say it. */
const begunAtOf = (ended: readonly User[]): number | null =>
  ended.reduce<number | null>((earliest, { mark }) => {
    const begun = mark?.begunAt?.getTime();
    return earliest === null || begun === undefined ? null : Math.min(earliest, begun);
  }, Number.POSITIVE_INFINITY);

const isOfTheirTime = ({ forMs }: Session, begunAt: number | null): boolean =>
  begunAt === null || forMs <= Date.now() - begunAt + LEEWAY_MS;

const find = async (client: Client, ended: readonly User[]): Promise<Session[]> => {
  const catalog = await client.catalog();
  const channels = [...new Set(ended.flatMap((user) => user.channels))];
  const couldTrack = ended.some((user) => mayTrack(user, catalog));
  if (channels.length === 0 && !couldTrack) return [];
  const [sessions, users] = [await allSessionsOn(client), await allUsers(client)];
  const begunAt = begunAtOf(ended);
  const names = new Set(ended.map(({ user }) => user));
  return sessions.filter((session) => {
    if (names.has(session.user) || !isOfTheirTime(session, begunAt)) return false;
    const own: Rights = users.find(({ user }) => user === session.user) ?? NOBODY;
    const isOwn = channels.every((channel) => own.channels.some((wide) => covers(wide, channel)));
    return (session.subscriptions > 0 && !isOwn) || (session.isTracking && couldTrack && !mayTrack(own, catalog));
  });
};

/** Once the users are closed and cut: what is found then is all that there will be. Clients of others that are met connect again. */
export const endCarriedOver = async (client: Client, ended: readonly User[], signal: AbortSignal): Promise<void> => {
  const found = await find(client, ended);
  const ids = new Set(found.map(({ id }) => id));
  const again = async (): Promise<Session[]> => (await allSessionsOn(client)).filter(({ id }) => ids.has(id));
  await cutOn(client, found, { find: again, signal });
};
