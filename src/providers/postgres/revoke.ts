/** Takes access back: shut the door, cut the sessions, drop the login, and read its absence back. One or a hundred, in the same steps. */
import pg from 'pg';
import { ProviderError, type InUse, type ProviderLog } from '../provider.ts';
import { codeOf } from './errors.ts';
import type { GroupSettings } from './group-settings.ts';
import type { Undo } from './left-behind.ts';
import { assertOurs, explained, findLogins, type Login, type Wanted } from './logins.ts';
import { perMaker } from './creator-roles.ts';
import { dropWithWhatItOwns } from './owned.ts';
import { countSessions, cutBlockers, endSessions, type SessionsOf } from './sessions.ts';
import type { Ended } from './prepared.ts';
import type { Server } from './server.ts';
import { despiteChanges, unblocking } from './unblock.ts';

/** `groups`: all that were granted; `group`: the one that sessions acted as; `settings`: what the groups had set then, where it was noted. */
export type ToRevoke = Wanted & { group: string; groups: readonly string[]; settings: GroupSettings | null };
type Outcome = 'removed' | 'already_absent';

const DEPENDENT_OBJECTS = '2BP01';

const name = pg.escapeIdentifier;

type Ending = { signal: AbortSignal; log: ProviderLog; onInUse?: ((inUse: InUse) => void) | undefined };

const sessionsOf = (items: readonly Wanted[], logins: readonly Login[]): SessionsOf => ({
  oids: [...new Set([...logins.map(({ oid }) => oid), ...items.flatMap(({ oid }) => (oid === null ? [] : [oid]))])],
  names: logins.map((login) => login.name),
});

/** The same, and whose sessions they were is told. */
const tellingSessionsOf = (
  items: readonly Wanted[],
  logins: readonly Login[],
  onInUse: Ending['onInUse'],
): SessionsOf => {
  const grantOf = new Map([...items, ...logins].map(({ oid, grantId }) => [oid, grantId]));
  const onCut: SessionsOf['onCut'] = ({ oid, forMs }) => {
    const grantId = grantOf.get(oid);
    if (grantId !== undefined) onInUse?.({ grantId, forMs });
  };
  return { ...sessionsOf(items, logins), onCut };
};

/** In the statement before the change of the login, so that none of its sessions can change it in between. */
const endedFirst = (logins: readonly Login[]): string =>
  `SELECT pg_terminate_backend(pid, 100) FROM pg_stat_activity WHERE usesysid = ANY ('{${logins.map(({ oid }) => oid).join(',')}}'::oid[]);\n`;

/**
 * Committed before sessions are cut, so that nobody comes back in between. A session can hold its own login's row locked
 * (BEGIN; ALTER ROLE CURRENT_USER …) and keep the door open; so once this waits for a lock, sessions are cut until it has gone through.
 * Or it changes that row again and again, so that this change comes too late each time; then they are cut just before it.
 */
const shutDoors = async (server: Server, ended: Ended, { signal, onInUse }: Ending): Promise<void> => {
  const { logins } = ended;
  const sql = perMaker(logins, (made) =>
    made.map((login) => `ALTER ROLE ${name(login.name)} NOLOGIN VALID UNTIL '-infinity';`),
  );
  const alsoCut = async (): Promise<unknown> =>
    await cutBlockers(server, tellingSessionsOf([], logins, onInUse), signal);
  const shut = async (): Promise<unknown> =>
    await despiteChanges(server, signal, async (isAgain) => {
      if (isAgain) await alsoCut();
      return await server.run(signal, async (client) => await client.query(isAgain ? endedFirst(logins) + sql : sql));
    });
  try {
    await unblocking(server, shut, { ended, signal, alsoCut });
  } catch (error) {
    throw explained(error, logins, server.settings.user);
  }
};

/** Nobody keeps access because a login cannot be dropped: its door is shut, and once its sessions are looked for again that is said. */
const closedAllTheSame = async (error: ProviderError, endAgain: () => Promise<unknown>): Promise<ProviderError> => {
  await endAgain();
  const { kind, message, cause, isUnknown } = error;
  return new ProviderError(kind, message, { cause, isUnknown, isClosed: true });
};

const drop = async (
  server: Server,
  found: { logins: readonly Login[]; items: readonly ToRevoke[] },
  signal: AbortSignal,
): Promise<void> => {
  const { logins, items } = found;
  const sql = perMaker(logins, (made) => [`DROP ROLE ${made.map((login) => name(login.name)).join(', ')};`]);
  try {
    await server.run(signal, async (client) => await client.query(sql));
  } catch (error) {
    if (!(error instanceof ProviderError) || codeOf(error.cause) !== DEPENDENT_OBJECTS) throw error;
    if (items.length > 1)
      throw new ProviderError(
        'unsupported',
        `One of ${logins.length} logins owns objects, so they must be dropped one by one; all are closed.`,
        { cause: error },
      );
    for (const login of logins) await dropWithWhatItOwns(server, { login, group: items[0]?.group ?? '' }, signal);
  }
};

/** Groups granted, and those that somebody else put the logins in. */
const groupsOf = (items: readonly ToRevoke[], logins: readonly Login[]): string[] =>
  [...new Set([...items.flatMap((item) => item.groups), ...logins.flatMap((login) => login.groups)])].sort();

/**
 * Access is gone in the target when this returns. Every step may be repeated: after a crash or a failure it starts over.
 * No advisory locks: whoever has a session in the target could hold them and keep the access.
 */
export const revokeAll = async (
  { server, undo }: { server: Server; undo: Undo },
  items: readonly ToRevoke[],
  ending: Ending,
): Promise<Outcome[]> => {
  const { signal, onInUse } = ending;
  const find = async (): Promise<Login[]> =>
    await server.run(signal, async (client) => await findLogins(client, items));
  const logins = await find();
  logins.forEach(assertOurs);
  const sessions = tellingSessionsOf(items, logins, onInUse);
  const noted = items.flatMap(({ settings }) => (settings ? [settings] : []));
  const ended = { logins, groups: groupsOf(items, logins), noted };
  if (logins.length > 0) await shutDoors(server, ended, ending);
  const cut = await endSessions(server, sessions, signal);
  // Also after somebody dropped the login by hand.
  if (logins.length > 0 || items.some(({ oid }) => oid !== null)) await undo(ended, ending);
  if (logins.length > 0) {
    const dropAll = async (): Promise<void> =>
      await unblocking(server, async () => await drop(server, { logins, items }, signal), { ended, signal });
    // Doors are shut and sessions cut by now, so nobody keeps access for waiting here; one by itself need not wait.
    try {
      await (logins.length > 1 ? server.inTurn(dropAll, signal) : dropAll());
    } catch (error) {
      if (error instanceof ProviderError)
        throw await closedAllTheSame(error, () => endSessions(server, sessions, signal));
      throw error;
    }
    // Again: one that was between password and session when the door was shut is visible only now.
    await endSessions(server, sessions, signal);
    const [left] = await find();
    if (left)
      throw new ProviderError('conflict', `The login ${name(left.name)} is still in the target after it was dropped.`);
  }
  return outcomes(items, logins, cut);
};

const outcomes = (items: readonly ToRevoke[], logins: readonly Login[], cut: number): Outcome[] => {
  const hadLogin = new Set(logins.map(({ grantId }) => grantId));
  const hadOnlySessions = (item: ToRevoke): boolean =>
    logins.length === 0 && items.length === 1 && cut > 0 && item.oid !== null;
  return items.map((item) => (hadLogin.has(item.grantId) || hadOnlySessions(item) ? 'removed' : 'already_absent'));
};

/** A session counts: it outlives a login that was dropped by hand. */
export const isPresent = async (server: Server, wanted: Wanted, signal: AbortSignal): Promise<boolean> => {
  const logins = await server.run(signal, async (client) => await findLogins(client, [wanted]));
  return logins.length > 0 || (await countSessions(server, sessionsOf([wanted], []), signal)) > 0;
};
