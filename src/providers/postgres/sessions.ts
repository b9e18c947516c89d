/** Ends the sessions of logins, and waits until the target says they are gone. */
import { setTimeout as delay } from 'node:timers/promises';
import { createPatience } from '../kit/patience.ts';
import { ProviderError } from '../provider.ts';
import { arrivals, untilArrived } from './arrivals.ts';
import type { Server } from './server.ts';

/**
 * Names as well as oids: an oid that another role has taken over is not ours to end, one that no role has any more is. `onCut` hears of
 * each session that is terminated, and of its age.
 */
export type SessionsOf = { oids: number[]; names: string[]; onCut?: (cut: Cut) => void };

type Cut = { oid: number; forMs: number };

const GONE_WITHIN_MS = 5_000;
const FIRST_LOOK_AFTER_MS = 2;
const SLOWEST_LOOK_MS = 100;

/** Who may not read others' statistics is not shown when a session began, only that it is there: null, which `greatest` passes over. */
export const AGE_MS = `greatest(extract(epoch from clock_timestamp() - backend_start) * 1000, 0)::double precision`;

/**
 * A statement of its own, so that pg_stat_activity is read anew each time. Not by backend_type: without pg_read_all_stats it is null.
 * The second look, of a session that is on its way out already, does no harm. Its age comes with the signal: it costs no further look.
 */
const TERMINATE = {
  name: 'latchkey_terminate',
  text: `
  select usesysid as oid, ${AGE_MS} as "forMs", pg_terminate_backend(pid) from pg_stat_activity
  where usesysid = any($1::oid[]) and (usename is null or usename = any($2::name[]))`,
};

const COUNT = `
  select count(*)::int as live from pg_stat_activity
  where usesysid = any($1::oid[]) and (usename is null or usename = any($2::name[]))`;

type Ask = Server['query'];

const cut = async (ask: Ask, of: SessionsOf, signal: AbortSignal): Promise<number> => {
  if (of.oids.length === 0) return 0;
  const sessions = await ask<Cut>(signal, { ...TERMINATE, values: [of.oids, of.names] });
  for (const { oid, forMs } of sessions) of.onCut?.({ oid, forMs });
  return sessions.length;
};

/** Sends the signal once. @returns how many there were. */
export const cutSessions = async (server: Server, of: SessionsOf, signal: AbortSignal): Promise<number> =>
  await cut(server.query, of, signal);

/** The same over the spare connection. */
export const cutBlockers = async (server: Server, of: SessionsOf, signal: AbortSignal): Promise<number> =>
  await cut(server.querySpare, of, signal);

export const countSessions = async (server: Server, of: SessionsOf, signal: AbortSignal): Promise<number> => {
  if (of.oids.length === 0) return 0;
  const [row] = await server.query<{ live: number }>(signal, { text: COUNT, values: [of.oids, of.names] });
  return row?.live ?? 0;
};

/** @returns how many there were. @throws ProviderError `unavailable` when some are still there after 5 s. */
const endListed = async (server: Server, of: SessionsOf, signal: AbortSignal): Promise<number> => {
  const patience = createPatience(GONE_WITHIN_MS);
  const found = await cut(server.query, of, signal);
  let live = found;
  for (let waitMs = FIRST_LOOK_AFTER_MS; live > 0; waitMs = Math.min(waitMs * 2, SLOWEST_LOOK_MS)) {
    if (patience.isOver())
      throw new ProviderError(
        'unavailable',
        `${live} session(s) of ${of.names.join(', ')} did not end within ${GONE_WITHIN_MS / 1000} s of being terminated.`,
      );
    await delay(waitMs, undefined, { signal });
    live = await cut(server.query, of, signal);
  }
  return found;
};

/**
 * Until none is left, and none is on its way in that came before the door was shut. Those are looked for first: in the other order, one
 * that is listed in between would be in neither. @returns how many there were. @throws ProviderError `unavailable`
 */
export const endSessions = async (server: Server, of: SessionsOf, signal: AbortSignal): Promise<number> => {
  if (of.oids.length === 0) return 0;
  const arriving = await arrivals(server, signal);
  const found = await endListed(server, of, signal);
  if (arriving.length === 0) return found;
  await untilArrived(server, arriving, signal);
  return found + (await endListed(server, of, signal));
};
