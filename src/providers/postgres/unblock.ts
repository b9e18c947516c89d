/** Frees Latchkey's own statements from the locks of borrowers: of their sessions, and of what they prepared and left. */
import { setTimeout as delay } from 'node:timers/promises';
import { ProviderError } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import { clearTheWay, type Ended } from './prepared.ts';
import type { Server } from './server.ts';

/** Longer than any honest change of a role takes to get its lock. */
const BLOCKED_AFTER_MS = 200;
const AGAIN_MS = 20;

const IS_OUR_LOGIN = `b.usename like 'lk\\_%' and starts_with(shobj_description(b.usesysid, 'pg_authid'), '{"latchkey":')`;

/** Sessions of any of our logins, not only of the ended ones: an honest one holds no lock that the change of a role waits for. */
const CUT_OUR_BLOCKERS = `
  select count(pg_terminate_backend(b.pid))::int as cut
  from pg_stat_activity w cross join lateral unnest(pg_blocking_pids(w.pid)) as blocking(pid) join pg_stat_activity b on b.pid = blocking.pid
  where w.usesysid = (select oid from pg_roles where rolname = session_user) and w.wait_event_type = 'Lock'
    and ${IS_OUR_LOGIN}`;

/** Those that change a role at this moment. An honest one hardly ever does: its own password at most. */
const CUT_OUR_CHANGERS = `
  select count(pg_terminate_backend(b.pid))::int as cut from pg_stat_activity b
  where ${IS_OUR_LOGIN} and exists (select from pg_locks l where l.pid = b.pid and l.granted and l.mode = 'RowExclusiveLock'
    and l.relation in ('pg_authid'::regclass, 'pg_db_role_setting'::regclass))`;

/** "Tuple concurrently updated", and what else says that somebody changed the same entry first. */
const CHANGED_MEANWHILE = ['XX000', '40001', '40P01'];
/** Each takes a few milliseconds, or 200 where it waits for a lock first. */
const TRIES = 100;

/** False when the signal came first. */
const waited = async (durationMs: number, signal: AbortSignal): Promise<boolean> => {
  try {
    return await delay(durationMs, true, { signal });
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
};

/**
 * Waits for `work`, and once that takes as long as only a lock can make it, clears the way again and again until it has gone through.
 * What cannot be cleared is said at once, not when a statement times out.
 */
export const unblocking = async <T>(
  server: Server,
  work: () => Promise<T>,
  { ended, signal, alsoCut }: { ended: Ended; signal: AbortSignal; alsoCut?: () => Promise<unknown> },
): Promise<T> => {
  const done = new AbortController();
  const running = work().finally(() => done.abort());
  const clear = async (): Promise<void> => {
    const wasBlocked = await waited(BLOCKED_AFTER_MS, done.signal);
    for (let isBlocked = wasBlocked; isBlocked; isBlocked = await waited(AGAIN_MS, done.signal)) {
      await alsoCut?.();
      await server.querySpare(signal, { text: CUT_OUR_BLOCKERS });
      await clearTheWay(server, ended, signal);
    }
  };
  const [result] = await Promise.all([running, clear()]);
  return result;
};

/**
 * Tries again at once while others change the same entries. Another process of Latchkey does so once; a session that does it again and
 * again, so that no change but its own goes through, is cut. `isAgain`: not for the first time.
 */
export const despiteChanges = async <T>(
  server: Server,
  signal: AbortSignal,
  work: (isAgain: boolean) => Promise<T>,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt > 1);
    } catch (error) {
      const hasCollided = error instanceof ProviderError && CHANGED_MEANWHILE.includes(codeOf(error.cause));
      if (!hasCollided || attempt === TRIES) throw error;
      await server.querySpare(signal, { text: CUT_OUR_CHANGERS });
    }
  }
};
