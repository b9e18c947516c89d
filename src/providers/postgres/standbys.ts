/**
 * Standbys of a target: a login comes in on each of them, and what the primary knows reaches them after a moment. So an end is whole when each
 * has taken it over and has no session of the login.
 */
import { onEachNode } from '../kit/nodes.ts';
import { confirmed } from '../kit/read-back.ts';
import { ProviderError, type Finding } from '../provider.ts';
import type { Settings } from './config.ts';
import { openServer, whereIs, type Server } from './server.ts';
import { countSessions, cutSessions, endSessions, type SessionsOf } from './sessions.ts';

/** A standby that is further behind is tried again later. */
const REPLAYED_WITHIN_MS = 10_000;

/** An oid may be another role's by now. */
const STILL_OPEN = `
  select count(*)::int as open from pg_roles where oid = any($1::oid[]) and starts_with(rolname::text, 'lk_') and ($2::boolean or rolcanlogin)`;

export type Standbys = readonly Server[];

export const openStandbys = (settings: readonly Settings[]): Standbys => settings.map(openServer);

const onEach = async <T>(standbys: Standbys, work: (standby: Server) => Promise<T>): Promise<T[]> =>
  await onEachNode(
    standbys.map((standby) => ({ name: whereIs(standby.settings), standby })),
    async ({ standby }) => await work(standby),
  );

export type Ending = { isDropped: boolean; signal: AbortSignal };

/** Sessions are cut meanwhile too: by a query that runs, a session holds up what its standby takes over. */
const untilTakenOver = async (standby: Server, of: SessionsOf, { isDropped, signal }: Ending): Promise<void> =>
  await confirmed({
    read: async () => {
      const [row] = await standby.query<{ open: number }>(signal, { text: STILL_OPEN, values: [of.oids, isDropped] });
      if (row?.open === 0) return true;
      await cutSessions(standby, of, signal);
      return false;
    },
    what: `on the standby ${whereIs(standby.settings)} that the login is ${isDropped ? 'gone' : 'closed'}`,
    everyMs: 50,
    withinMs: REPLAYED_WITHIN_MS,
    signal,
  });

/** `isDropped`: the primary has dropped the logins, and not only closed them. @returns how many sessions there were. */
export const endOnStandbys = async (standbys: Standbys, of: SessionsOf, ending: Ending): Promise<number> => {
  if (of.oids.length === 0) return 0;
  const counts = await onEach(standbys, async (standby) => {
    const cut = await cutSessions(standby, of, ending.signal);
    await untilTakenOver(standby, of, ending);
    return cut + (await endSessions(standby, of, ending.signal));
  });
  return counts.reduce((sum, count) => sum + count, 0);
};

export const countOnStandbys = async (standbys: Standbys, of: SessionsOf, signal: AbortSignal): Promise<number> => {
  const counts = await onEach(standbys, async (standby) => await countSessions(standby, of, signal));
  return counts.reduce((sum, count) => sum + count, 0);
};

const SELF = `select pg_is_in_recovery() as "isStandby"`;

const NO_STANDBY = (where: string): Finding => ({
  level: 'warning',
  code: 'no_standby',
  message: `The server at ${where} is named in replicas and is no standby: name the standbys of the target there, and the primary in url.`,
});

export const standbyFindings = async (standbys: Standbys, signal: AbortSignal): Promise<Finding[]> => {
  const found = await Promise.all(
    standbys.map(async (standby): Promise<Finding[]> => {
      try {
        const [self] = await standby.query<{ isStandby: boolean }>(signal, { text: SELF });
        return self?.isStandby === true ? [] : [NO_STANDBY(whereIs(standby.settings))];
      } catch (failure) {
        if (!(failure instanceof ProviderError)) throw failure;
        return [{ level: 'error', code: failure.kind, message: failure.message }];
      }
    }),
  );
  return found.flat();
};
