/** Takes access back: shut the door, cut the sessions, drop the login, and read its absence back. One or a hundred, in the same steps. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ProviderError, type InUse } from '../provider.ts';
import { codeOf } from './errors.ts';
import { assertOurs, explained, findLogins, type Login, type Wanted } from './logins.ts';
import { perMaker } from './creator-roles.ts';
import { dropWithWhatItOwns } from './owned.ts';
import { countSessions, cutBlockers, endSessions, type SessionsOf } from './sessions.ts';
import type { Server } from './server.ts';

export type ToRevoke = Wanted & { group: string };
type Outcome = 'removed' | 'already_absent';

const DEPENDENT_OBJECTS = '2BP01';
/** Longer than any honest ALTER ROLE takes to get its lock. */
const BLOCKED_AFTER_MS = 200;
const CUT_AGAIN_MS = 20;

const name = pg.escapeIdentifier;

type Ending = { signal: AbortSignal; onInUse?: ((inUse: InUse) => void) | undefined };

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

/**
 * Committed before sessions are cut, so that nobody comes back in between. A session can hold its own login's row locked
 * (BEGIN; ALTER ROLE CURRENT_USER …) and keep the door open; so once this waits for a lock, sessions are cut until it has gone through.
 */
const shutDoors = async (server: Server, logins: readonly Login[], { signal, onInUse }: Ending): Promise<void> => {
  const sql = perMaker(logins, (made) =>
    made.map((login) => `ALTER ROLE ${name(login.name)} NOLOGIN VALID UNTIL '-infinity';`),
  );
  const done = new AbortController();
  const shut = server.run(signal, async (client) => await client.query(sql)).finally(() => done.abort());
  const unblock = async (): Promise<void> => {
    const wasBlocked = await waited(BLOCKED_AFTER_MS, done.signal);
    for (let isBlocked = wasBlocked; isBlocked; isBlocked = await waited(CUT_AGAIN_MS, done.signal))
      await cutBlockers(server, tellingSessionsOf([], logins, onInUse), signal);
  };
  try {
    await Promise.all([shut, unblock()]);
  } catch (error) {
    throw explained(error, logins, server.settings.user);
  }
};

/** False when the signal came first. */
const waited = async (durationMs: number, signal: AbortSignal): Promise<boolean> => {
  try {
    return await delay(durationMs, true, { signal });
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
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

/**
 * Access is gone in the target when this returns. Every step may be repeated: after a crash or a failure it starts over.
 * No advisory locks: whoever has a session in the target could hold them and keep the access.
 */
export const revokeAll = async (server: Server, items: readonly ToRevoke[], ending: Ending): Promise<Outcome[]> => {
  const { signal, onInUse } = ending;
  const find = async (): Promise<Login[]> =>
    await server.run(signal, async (client) => await findLogins(client, items));
  const logins = await find();
  logins.forEach(assertOurs);
  const sessions = tellingSessionsOf(items, logins, onInUse);
  if (logins.length > 0) await shutDoors(server, logins, ending);
  const cut = await endSessions(server, sessions, signal);
  if (logins.length > 0) {
    const dropAll = async (): Promise<void> => await drop(server, { logins, items }, signal);
    // Doors are shut and sessions cut by now, so nobody keeps access for waiting here; one by itself need not wait.
    await (logins.length > 1 ? server.inTurn(dropAll, signal) : dropAll());
    // Again: one that was between password and session when the door was shut is visible only now.
    await endSessions(server, sessions, signal);
    const [left] = await find();
    if (left)
      throw new ProviderError('conflict', `The login ${name(left.name)} is still in the target after it was dropped.`);
  }
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
