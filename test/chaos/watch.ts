/** Looks at store and target all the time while things break, and notes each thing that must never be. */
import { GRANT_MOVES, REQUEST_MOVES } from '../../src/domain/lifecycle.ts';
import { findBroken } from '../support/integrity.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { findOtherEnds, findOutlived, findUnended } from './watch-ends.ts';

/** "Within 60 s of recovery after any outage", and while all is well much sooner: a dead process' hold lasts 30 s. */
const LATE_MS = 60_000;
const EVERY_MS = 500;

type States = Map<string, string>;

export type Watcher = {
  findings: string[];
  looks: number;
  /** A fault began, or the last one ended. */
  noteFault(isRunning: boolean): void;
  stop(): Promise<void>;
};

const LATE = `select id from grants where state in ('active', 'ending') and expires_at < now() - $1::double precision * interval '1 millisecond'`;

const reachable = (moves: Record<string, readonly string[]>, from: string): Set<string> => {
  const found = new Set([from]);
  for (const state of found) for (const next of moves[state] ?? []) found.add(next);
  return found;
};

const moved = (moves: Record<string, readonly string[]>, before: States, after: States): string[] =>
  [...before].flatMap(([id, from]) => {
    const to = after.get(id);
    if (to === undefined) return [`${id} was ${from} and is gone`];
    return reachable(moves, from).has(to) ? [] : [`${id} went from ${from} to ${to}`];
  });

export const startWatch = (chaos: ChaosWorld): Watcher => {
  const { world } = chaos;
  let known: Record<'requests' | 'grants', States> = { requests: new Map(), grants: new Map() };
  let wellSinceMs = performance.now();
  let faults = 0;
  let otherEnds: string[] = [];
  let isStopped = false;
  const watcher = { findings: [] as string[], looks: 0 };
  const statesOf = async (table: 'requests' | 'grants'): Promise<States> => {
    const rows = await world.sql<{ id: string; state: string }>(`select id, state from ${table}`);
    return new Map(rows.map(({ id, state }) => [id, state]));
  };
  const late = async (): Promise<string[]> => {
    const wellMs = faults > 0 ? 0 : performance.now() - wellSinceMs;
    if (wellMs < LATE_MS) return [];
    const rows = await world.sql<{ id: string }>(LATE, [LATE_MS]);
    return [
      ...rows.map(({ id }) => `grant ${id} is more than a minute late, and all was well for a minute`),
      ...(await findUnended(world, LATE_MS)),
    ];
  };
  /** Store and target cannot be read at one moment: what moves between the two reads is not so the next time. */
  const twice = async (): Promise<string[]> => {
    const now = await findOtherEnds(world);
    const found = now.filter((finding) => otherEnds.includes(finding));
    otherEnds = now;
    return found;
  };
  const look = async (): Promise<void> => {
    const [requests, grants] = await Promise.all([statesOf('requests'), statesOf('grants')]);
    const found = [
      ...moved(REQUEST_MOVES, known.requests, requests),
      ...moved(GRANT_MOVES, known.grants, grants),
      ...(await findBroken(world)),
      ...(await findOutlived(world)),
      ...(await twice()),
      ...(await late()),
    ];
    known = { requests, grants };
    watcher.looks += 1;
    for (const finding of found) if (!watcher.findings.includes(finding)) watcher.findings.push(finding);
  };
  const looking = (async () => {
    while (!isStopped) {
      await look();
      await new Promise((resolve) => {
        setTimeout(resolve, EVERY_MS);
      });
    }
  })();
  return Object.assign(watcher, {
    noteFault: (isRunning: boolean) => {
      faults += isRunning ? 1 : -1;
      wellSinceMs = performance.now();
    },
    stop: async () => {
      isStopped = true;
      await looking;
    },
  });
};
