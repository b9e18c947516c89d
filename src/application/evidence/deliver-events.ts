/**
 * Brings every sealed event to each sink, in the order of the numbers, at least once. A sink that fails holds up no other. An event that
 * a sink will never take is parked, and what comes after it goes on.
 */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { SealedRecord } from '../../domain/audit/events.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../deps.ts';

/** `refused`: these events, and trying again is of no use. `closed`: our credentials are refused, or no more is wanted. */
export type Outcome =
  | { kind: 'taken' }
  | { kind: 'refused'; why: string }
  | { kind: 'closed'; why: string }
  | { kind: 'later'; why: string; afterMs: number | null };

/** `oldestMs`: events that are older are never taken; null where age does not matter. */
export type Sink = {
  name: string;
  batch: number;
  oldestMs: number | null;
  /** Until so many are there, or the first is so old, events wait for more; 0 where each goes at once. */
  gatherMs: number;
  startsAt: 'now' | 'beginning';
  send(events: readonly SealedRecord[]): Promise<Outcome>;
};

export type SinkState = { cursor: number; failures: number; isClosed: boolean; waitMs: number };
export type ParkedRange = { from: number; to: number; why: string };

export type SinkStore = {
  /** Runs `work` unless another process serves this sink. */
  alone(name: string, work: () => Promise<void>): Promise<void>;
  /** A sink that is new begins with the next event, or with the first. */
  state(name: string, startsAt: Sink['startsAt']): Promise<SinkState>;
  /** Sealed events after this number, oldest first, with how old each is. */
  eventsAfter(cursor: number, limit: number): Promise<{ event: SealedRecord; ageMs: number }[]>;
  took(name: string, cursor: number): Promise<void>;
  failed(name: string, failure: { why: string; isClosed: boolean; waitMs: number }): Promise<void>;
  park(name: string, range: ParkedRange): Promise<void>;
};

export type DeliveryDeps = { store: Pick<Store, 'transaction'>; sinks: SinkStore; log: Log };

const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 600_000;
/** Then others have their turn. */
const BATCHES_AT_ONCE = 50;

/** Ever longer, and not for all processes at the same moment. */
const waitOf = (failures: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 20)) * (0.75 + Math.random() / 4);

type Serving = { deps: DeliveryDeps; sink: Sink; state: SinkState };

/** Events about sinks are parked without a further event: a sink that takes none would otherwise never come to an end. */
const parkAll = async ({ deps, sink }: Serving, events: readonly SealedRecord[], why: string): Promise<void> => {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) return;
  const { name } = sink;
  await deps.sinks.park(name, { from: first.seq, to: last.seq, why });
  const about = { sink: name, from: first.seq, to: last.seq, why };
  deps.log.warn(about, 'audit events were parked: the sink does not take them');
  if (events.every(({ type }) => type.startsWith('sink.'))) return;
  const data = { sink: name, fromSeq: first.seq, toSeq: last.seq, why };
  await deps.store.transaction((tx) => tx.audit.append({ ...NOWHERE, type: 'sink.parked', data }));
};

type Failure = Exclude<Outcome, { kind: 'taken' }>;

const stopped = async ({ deps, sink, state }: Serving, outcome: Failure): Promise<void> => {
  const { why } = outcome;
  const isClosed = outcome.kind === 'closed';
  const afterMs = outcome.kind === 'later' ? outcome.afterMs : null;
  const waitMs = isClosed ? LONGEST_WAIT_MS : Math.min(LONGEST_WAIT_MS, afterMs ?? waitOf(state.failures));
  await deps.sinks.failed(sink.name, { why, isClosed, waitMs });
  const about = { sink: sink.name, error: why, waitMs: Math.round(waitMs) };
  deps.log.warn(about, 'audit events could not be delivered; they are sent again');
  if (!isClosed || state.isClosed) return;
  const data = { sink: sink.name, why };
  await deps.store.transaction((tx) => tx.audit.append({ ...NOWHERE, type: 'sink.paused', data }));
};

/** Halves what is refused until the event that is meant stands alone. False where the sink wants no more now. */
const sendSome = async (serving: Serving, events: readonly SealedRecord[]): Promise<boolean> => {
  const { deps, sink } = serving;
  const last = events.at(-1);
  if (!last) return true;
  const outcome = await sink.send(events);
  if (outcome.kind === 'refused' && events.length > 1) {
    const half = Math.ceil(events.length / 2);
    return (await sendSome(serving, events.slice(0, half))) && sendSome(serving, events.slice(half));
  }
  if (outcome.kind === 'refused') await parkAll(serving, events, outcome.why);
  else if (outcome.kind !== 'taken') {
    await stopped(serving, outcome);
    return false;
  }
  await deps.sinks.took(sink.name, last.seq);
  return true;
};

type Found = Awaited<ReturnType<SinkStore['eventsAfter']>>;

/** What is too old for this sink comes first, and is parked as one. */
const parkOld = async (serving: Serving, found: Found): Promise<boolean> => {
  const { sink, deps } = serving;
  const oldestMs = sink.oldestMs ?? Number.POSITIVE_INFINITY;
  const firstYoung = found.findIndex(({ ageMs }) => ageMs <= oldestMs);
  const old = (firstYoung === -1 ? found : found.slice(0, firstYoung)).map(({ event }) => event);
  const last = old.at(-1);
  if (!last) return false;
  await parkAll(serving, old, 'they are older than the sink takes');
  await deps.sinks.took(sink.name, last.seq);
  return true;
};

const serve = async (deps: DeliveryDeps, sink: Sink): Promise<void> => {
  for (let batch = 0; batch < BATCHES_AT_ONCE; batch += 1) {
    const state = await deps.sinks.state(sink.name, sink.startsAt);
    if (state.waitMs > 0) return;
    const found = await deps.sinks.eventsAfter(state.cursor, sink.batch);
    if (found.length === 0) return;
    if (found.length < sink.batch && (found[0]?.ageMs ?? 0) < sink.gatherMs) return;
    const serving = { deps, sink, state };
    if (await parkOld(serving, found)) continue;
    const events = found.map(({ event }) => event);
    if (!(await sendSome(serving, events))) return;
  }
};

export const deliverEvents = async (deps: DeliveryDeps, sinks: readonly Sink[]): Promise<void> => {
  await Promise.all(
    sinks.map((sink) =>
      deps.sinks
        .alone(sink.name, () => serve(deps, sink))
        .catch((error: unknown) =>
          deps.log.error({ sink: sink.name, err: error }, 'a sink could not be served; the next pass tries again'),
        ),
    ),
  );
};
