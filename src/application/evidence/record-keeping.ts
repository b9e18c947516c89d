/** What is done to the log itself once a day. Each step is an event first, and is done again where it was cut short. */
import { setTimeout as delay } from 'node:timers/promises';
import { SYSTEM } from '../../domain/audit/events.ts';
import { LAST_OF_GRANT } from '../../domain/audit/last-of-grant.ts';
import { rootOfTexts } from '../../lib/transparency/tree.ts';
import type { Store } from '../deps.ts';

/** Personal parts up to `through` are older than the retention; those up to `recorded` an event says are erased. */
export type ErasureDue = { recorded: number; through: number; before: Date; events: number };

/** The next day that is over and not closed. `openBefore`: null for the first, where `eventsBefore` counts what stood before the tree. */
export type NextDay = {
  day: string;
  firstSeq: number;
  lastSeq: number;
  events: Record<string, number>;
  grants: string[];
  openBefore: number | null;
  eventsBefore: Record<string, number>;
};

export type RecordKeeping = {
  /** Runs `work` unless another process does the same; null then. */
  alone<T>(work: () => Promise<T>): Promise<T | null>;
  nextDay(): Promise<NextDay | null>;
  erasureDue(retentionMs: number): Promise<ErasureDue>;
  /** Erases so many of the parts that sealed events say are erased, and answers how many there were. */
  eraseBatch(atMost: number): Promise<number>;
};

export type RecordDeps = { store: Pick<Store, 'transaction' | 'audit'>; keeping: RecordKeeping };

const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;
const SEAL_BATCH = 1_000;
const ERASE_BATCH = 1_000;
/** A log that was left alone for long is closed day by day, and not all of it at once. */
const DAYS_AT_ONCE = 50;

const openIn = (events: Record<string, number>): number =>
  (events['grant.activating'] ?? 0) - [...LAST_OF_GRANT].reduce((sum, type) => sum + (events[type] ?? 0), 0);

const closeDay = async ({ store }: RecordDeps, next: NextDay): Promise<void> => {
  const { day, firstSeq, lastSeq, events, grants, openBefore, eventsBefore } = next;
  const openGrants = (openBefore ?? openIn(eventsBefore)) + openIn(events);
  const grantsRoot = rootOfTexts(grants).toString('hex');
  const data = { day, firstSeq, lastSeq, events, openGrants, grants: grants.length, grantsRoot };
  await store.transaction((tx) => tx.audit.append({ ...NOWHERE, type: 'day.closed', data }));
};

/** Writes what each day held that is over by now, in UTC; answers how many it closed. */
export const closeDays = async (deps: RecordDeps): Promise<number> =>
  (await deps.keeping.alone(async () => {
    let closed = 0;
    for (; closed < DAYS_AT_ONCE; closed += 1) {
      const next = await deps.keeping.nextDay();
      if (!next) break;
      await closeDay(deps, next);
    }
    return closed;
  })) ?? 0;

const SEALED_WITHIN_MS = 10_000;
const SEAL_POLL_MS = 100;

/** Another process may be sealing just now. False where it took too long: the next pass goes on. */
const untilRecorded = async (
  { store, keeping }: RecordDeps,
  retentionMs: number,
  through: number,
): Promise<boolean> => {
  const untilMs = performance.now() + SEALED_WITHIN_MS;
  for (;;) {
    while ((await store.audit.seal(SEAL_BATCH)) > 0);
    if ((await keeping.erasureDue(retentionMs)).recorded >= through) return true;
    if (performance.now() > untilMs) return false;
    await delay(SEAL_POLL_MS);
  }
};

/** `statements`: how many recorded segments went with them. */
export type Erased = { through: number; erased: number; statements: number };

/** What was recorded of targets. The event says so in the same transaction, and the digests of other events stay. */
const eraseStatements = ({ store }: RecordDeps, retentionMs: number): Promise<number> =>
  store.transaction(async (tx) => {
    const { segments, grants, before } = await tx.recordings.eraseSegments(retentionMs);
    if (segments > 0) {
      const data = { before: before.toISOString(), retentionMs, segments, grants };
      await tx.audit.append({ ...NOWHERE, type: 'statements.erased', data });
    }
    return segments;
  });

const eraseNow = async (deps: RecordDeps, retentionMs: number): Promise<Erased> => {
  const { keeping, store } = deps;
  const statements = await eraseStatements(deps, retentionMs);
  const due = await keeping.erasureDue(retentionMs);
  if (due.through > due.recorded && due.events > 0) {
    const data = { throughSeq: due.through, ground: 'retention', before: due.before.toISOString(), retentionMs };
    await store.transaction((tx) => tx.audit.append({ ...NOWHERE, type: 'record.erased', data }));
    if (!(await untilRecorded(deps, retentionMs, due.through))) return { through: due.recorded, erased: 0, statements };
  }
  let erased = 0;
  for (let batch = ERASE_BATCH; batch === ERASE_BATCH; erased += batch) batch = await keeping.eraseBatch(ERASE_BATCH);
  return { through: Math.max(due.recorded, due.events > 0 ? due.through : 0), erased, statements };
};

/**
 * Erases personal parts that are older than the retention. The event that says so is sealed first, so that at no moment a part is gone
 * that no event names. null where another process does the same.
 */
export const erasePersonal = (deps: RecordDeps, retentionMs: number): Promise<Erased | null> =>
  deps.keeping.alone(() => eraseNow(deps, retentionMs));
