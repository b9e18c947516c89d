/**
 * Sessions on their way in. Postgres checks whether a login may come in, sets the role it acts as, and lists the session only then. In
 * between, a client may ask to sleep for 35 minutes (`options=-c post_auth_delay=2147`), or wait for a lock on a database: nothing says
 * whose session it is, and it goes on after the login was dropped. What shows it is the lock that each session has on its database
 * until it is listed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ProviderError } from '../provider.ts';
import { codeOf } from '../kit/network-errors.ts';
import { createPatience } from '../kit/patience.ts';
import type { Server } from './server.ts';

/** `transaction` distinguishes a process from a later one with the same number. */
type Arrival = { pid: number; transaction: string };

/** Far longer than a session is on its way that does not want to be. */
const ENDED_AFTER_MS = 1_000;
const GONE_WITHIN_MS = 5_000;
const FIRST_LOOK_AFTER_MS = 2;
const SLOWEST_LOOK_MS = 100;
const NO_RIGHT = '42501';

/** Whose they are is not known before they are listed, and a prepared transaction has no process. */
const ARRIVING = `
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'object' and l.classid = 'pg_database'::regclass and l.mode = 'RowExclusiveLock' and l.pid is not null and a.usesysid is null`;

const LOOK = { name: 'latchkey_arriving', text: `select l.pid, l.virtualtransaction as transaction ${ARRIVING}` };

const TERMINATE = `select pg_terminate_backend(l.pid) ${ARRIVING} and l.pid = $1 and l.virtualtransaction = $2`;

export const arrivals = async (server: Server, signal: AbortSignal): Promise<Arrival[]> =>
  await server.query<Arrival>(signal, LOOK);

/** One that Latchkey may not end is a superuser's, or the server's own: no grant's. */
const end = async (server: Server, { pid, transaction }: Arrival, signal: AbortSignal): Promise<boolean> => {
  try {
    await server.query(signal, { text: TERMINATE, values: [pid, transaction] });
    return true;
  } catch (error) {
    if (error instanceof ProviderError && codeOf(error.cause) === NO_RIGHT) return false;
    throw error;
  }
};

const stillOf = (waited: readonly Arrival[], now: readonly Arrival[]): Arrival[] =>
  waited.filter(({ pid, transaction }) => now.some((one) => one.pid === pid && one.transaction === transaction));

/**
 * Until each of them is listed or gone: an ordinary one is within a millisecond, and any other is ended after a second.
 * @throws ProviderError `unavailable` when one is still on its way after 5 s.
 */
export const untilArrived = async (server: Server, seen: readonly Arrival[], signal: AbortSignal): Promise<void> => {
  const startedAt = performance.now();
  const patience = createPatience(GONE_WITHIN_MS);
  let left = [...seen];
  for (let waitMs = FIRST_LOOK_AFTER_MS; left.length > 0; waitMs = Math.min(waitMs * 2, SLOWEST_LOOK_MS)) {
    if (patience.isOver())
      throw new ProviderError(
        'unavailable',
        `${left.length} session(s) that may be of this access are on their way into the server and did not end within ${GONE_WITHIN_MS / 1000} s of being terminated.`,
      );
    if (performance.now() - startedAt > ENDED_AFTER_MS) {
      const ended = await Promise.all(left.map(async (arrival) => await end(server, arrival, signal)));
      left = left.filter((_, index) => ended[index]);
    }
    if (left.length === 0) return;
    await delay(waitMs, undefined, { signal });
    left = stillOf(left, await arrivals(server, signal));
  }
};
