/**
 * Takes access back in two strokes. Closed: the login may not log in, no session is left, nobody else can act by it, all read back.
 * Removed: what was left behind is undone, the login is dropped, and its absence is read back. One or a hundred, in the same steps.
 */
import pg from 'pg';
import { ProviderError, type CloseOutcome, type InUse, type ProviderLog, type RevokeOutcome } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import type { GroupSettings } from './group-settings.ts';
import { cutOthers, type Undo } from './left-behind.ts';
import { assertOurs, explained, findLogins, type Login, type Wanted } from './logins.ts';
import { perCreator } from './creator-roles.ts';
import { dropWithWhatItOwns } from './owned.ts';
import { countSessions, cutBlockers, endSessions, type SessionsOf } from './sessions.ts';
import type { Ended } from './prepared.ts';
import type { Server } from './server.ts';
import { countOnStandbys, endOnStandbys, type Standbys } from './standbys.ts';
import { despiteChanges, unblocking } from './unblock.ts';

/** `groups`: all that were granted; `group`: the one that sessions acted as; `settings`: what the groups had set then, where it was noted. */
export type ToRevoke = Wanted & { group: string; groups: readonly string[]; settings: GroupSettings | null };

const DEPENDENT_OBJECTS = '2BP01';

const name = pg.escapeIdentifier;

type Ending = { signal: AbortSignal; log: ProviderLog; onInUse?: ((inUse: InUse) => void) | undefined };

const sessionsOf = (items: readonly Wanted[], logins: readonly Login[]): SessionsOf => ({
  oids: [...new Set([...logins.map(({ oid }) => oid), ...items.flatMap(({ oid }) => (oid === null ? [] : [oid]))])],
  names: logins.map((login) => login.name),
});

/** The same, and whose sessions they were is reported. */
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
  const sql = perCreator(logins, (made) =>
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

const drop = async (
  server: Server,
  found: { logins: readonly Login[]; items: readonly ToRevoke[] },
  signal: AbortSignal,
): Promise<void> => {
  const { logins, items } = found;
  const sql = perCreator(logins, (made) => [`DROP ROLE ${made.map((login) => name(login.name)).join(', ')};`]);
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

export type Target = { server: Server; standbys: Standbys; undo: Undo };

/** Of the primary first: nobody comes back there meanwhile. */
const endEverywhere = async (
  { server, standbys }: Target,
  sessions: SessionsOf,
  how: { isDropped: boolean; signal: AbortSignal },
): Promise<number> =>
  (await endSessions(server, sessions, how.signal)) + (await endOnStandbys(standbys, sessions, how));

/** What is there of them, closed. `cut`: how many sessions there were. */
type Closed = { ended: Ended; sessions: SessionsOf; cut: number };

const isShut = ({ canLogin, validUntil }: Login): boolean => !canLogin && validUntil === Number.NEGATIVE_INFINITY;

const find = async (server: Server, items: readonly Wanted[], signal: AbortSignal): Promise<Login[]> => {
  const logins = await server.run(signal, async (client) => await findLogins(client, items));
  logins.forEach(assertOurs);
  return logins;
};

const confirmShut = async (server: Server, items: readonly Wanted[], signal: AbortSignal): Promise<void> => {
  const open = (await find(server, items, signal)).find((login) => !isShut(login));
  if (open)
    throw new ProviderError(
      'conflict',
      `The login ${name(open.name)} could log in when it was read back after it was closed.`,
    );
};

/**
 * Every step may be repeated: after a crash or a failure it starts over, and what is shut is not shut again.
 * No advisory locks: anyone who has a session in the target could hold them and keep the access.
 */
const close = async (target: Target, items: readonly ToRevoke[], ending: Ending): Promise<Closed> => {
  const { server } = target;
  const { signal, onInUse } = ending;
  const logins = await find(server, items, signal);
  const sessions = tellingSessionsOf(items, logins, onInUse);
  const noted = items.flatMap(({ settings }) => (settings ? [settings] : []));
  const ended = { logins, groups: groupsOf(items, logins), noted };
  const open = logins.filter((login) => !isShut(login));
  if (open.length > 0) await shutDoors(server, { ...ended, logins: open }, ending);
  const cut = await endEverywhere(target, sessions, { isDropped: logins.length === 0, signal });
  // Also after somebody dropped the login by hand.
  if (logins.length > 0 || items.some(({ oid }) => oid !== null)) await cutOthers(server, ended, signal);
  if (open.length > 0) await confirmShut(server, items, signal);
  return { ended, sessions, cut };
};

/** Which of them had something that could be used: a login, or sessions of one that somebody dropped by hand. */
const hadAccess = (items: readonly ToRevoke[], { ended: { logins }, cut }: Closed): boolean[] => {
  const hadLogin = new Set(logins.map(({ grantId }) => grantId));
  const hadOnlySessions = (item: ToRevoke): boolean =>
    logins.length === 0 && items.length === 1 && cut > 0 && item.oid !== null;
  return items.map((item) => hadLogin.has(item.grantId) || hadOnlySessions(item));
};

/** The first stroke. A login that was there and closed before counts as closed. */
export const closeAll = async (target: Target, items: readonly ToRevoke[], ending: Ending): Promise<CloseOutcome[]> => {
  const closed = await close(target, items, ending);
  return hadAccess(items, closed).map((had) => (had ? 'closed' : 'absent'));
};

/** The second stroke, and the first where that was not made: access is gone in the target when this returns. */
export const revokeAll = async (
  target: Target,
  items: readonly ToRevoke[],
  ending: Ending,
): Promise<RevokeOutcome[]> => {
  const { signal } = ending;
  const { server, undo } = target;
  const closed = await close(target, items, ending);
  const { ended, sessions } = closed;
  const { logins } = ended;
  if (logins.length > 0 || items.some(({ oid }) => oid !== null)) await undo(ended, ending);
  if (logins.length > 0) {
    const dropAll = async (): Promise<void> =>
      await unblocking(server, async () => await drop(server, { logins, items }, signal), { ended, signal });
    // Doors are shut and sessions cut by now, so nobody keeps access for waiting here; one by itself need not wait.
    await (logins.length > 1 ? server.inTurn(dropAll, signal) : dropAll());
    // Again: one that was between password and session when the door was shut is visible only now.
    await endEverywhere(target, sessions, { isDropped: true, signal });
    const [left] = await find(server, items, signal);
    if (left)
      throw new ProviderError('conflict', `The login ${name(left.name)} is still in the target after it was dropped.`);
  }
  return hadAccess(items, closed).map((had) => (had ? 'removed' : 'already_absent'));
};

/** A session counts: it outlives a login that was dropped by hand. */
export const isPresent = async (
  { server, standbys }: Target,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<boolean> => {
  const logins = await server.run(signal, async (client) => await findLogins(client, [wanted]));
  if (logins.length > 0) return true;
  const sessions = sessionsOf([wanted], []);
  if ((await countSessions(server, sessions, signal)) > 0) return true;
  return (await countOnStandbys(standbys, sessions, signal)) > 0;
};
