/**
 * Work that this process wrote, done by it at once: no hop through Redis stands between a click and what it brings about. Its rows are in
 * the outbox all the while, marked as kept, so that another process does it when this one dies.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WORK_KINDS } from '../application/record/outbox.ts';
import type { TakenWork, WorkKind, Written } from '../application/record/outbox.ts';
import { doWork } from './do-work.ts';
import type { WorkDeps } from './do-work.ts';

/** Beyond this it is handed out, so that processes that are less busy may help. */
const WAITING_MAX = 64;
/** How long the messages of a request wait for access that is being made or taken away: mostly one refresh then shows both. */
const PATIENCE_MS = 250;

export type Local = {
  /** How much more of this kind may be kept. */
  room(kind: WorkKind): number;
  take(kept: Written['kept']): void;
  /** Takes no more, and resolves when what was taken is done. */
  stop(): Promise<void>;
};

/** One piece of work on one subject; what comes for the same subject before it begins is done with it. */
type Task = { kind: WorkKind; subjectId: string; rows: TakenWork[]; begin: () => void; done: Promise<void> };
type Lane = { waiting: Map<string, Task>; running: number; ready: Task[] };
type State = WorkDeps & { lanes: Record<WorkKind, Lane>; isStopped: boolean };

const newLanes = (): Record<WorkKind, Lane> => {
  const lane = (): Lane => ({ waiting: new Map(), running: 0, ready: [] });
  return Object.fromEntries(WORK_KINDS.map((kind) => [kind, lane()])) as Record<WorkKind, Lane>;
};

/** Starts what may be started now. A subject is worked on once at a time: the handlers would only get in each other's way. */
const startReady = (state: State, kind: WorkKind): void => {
  const lane = state.lanes[kind];
  while (lane.running < state.handlers[kind].concurrency) {
    const task = lane.ready.shift();
    if (!task) return;
    lane.running += 1;
    task.begin();
  }
};

const run = async (state: State, task: Task): Promise<void> => {
  const { kind, subjectId, rows } = task;
  const lane = state.lanes[kind];
  // From here on what is written is newer than what is done.
  lane.waiting.delete(subjectId);
  try {
    await doWork(state, { kind, subjectId, rows });
  } catch (error) {
    state.log.error({ err: error, kind, subject: subjectId }, 'work could not be settled; the sweep will find it');
  } finally {
    lane.running -= 1;
    startReady(state, kind);
  }
};

type Busy = Map<string, Promise<void>>;

const add = (state: State, busy: Busy, { after, ...row }: TakenWork & { after: Promise<unknown> | null }): Task => {
  const { kind, subjectId } = row;
  const lane = state.lanes[kind];
  const known = lane.waiting.get(subjectId);
  if (known) {
    known.rows.push(row);
    return known;
  }
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const key = `${kind} ${subjectId}`;
  const task: Task = { kind, subjectId, rows: [row], begin, done: Promise.resolve() };
  lane.waiting.set(subjectId, task);
  const before = Promise.all([after, busy.get(key)]);
  task.done = before
    .then(() => {
      lane.ready.push(task);
      startReady(state, kind);
      return begun;
    })
    .then(() => run(state, task))
    .finally(() => {
      if (busy.get(key) === task.done) busy.delete(key);
    });
  busy.set(key, task.done);
  return task;
};

const isChange = (kind: WorkKind): boolean => kind === 'activate' || kind === 'end' || kind === 'extend';

export const createLocal = (deps: WorkDeps): Local => {
  const state: State = { ...deps, lanes: newLanes(), isStopped: false };
  const busy: Busy = new Map();
  const inHand = (kind: WorkKind): number => state.lanes[kind].waiting.size + state.lanes[kind].running;
  return {
    room: (kind) => (state.isStopped ? 0 : Math.max(0, WAITING_MAX - inHand(kind))),
    take: (kept) => {
      const changes = kept
        .filter(({ kind }) => isChange(kind))
        .map((work) => add(state, busy, { ...work, after: null }));
      const settled = Promise.allSettled(changes.map(({ done }) => done));
      const after = changes.length > 0 ? Promise.race([settled, delay(PATIENCE_MS, null, { ref: false })]) : null;
      for (const work of kept) if (!isChange(work.kind)) add(state, busy, { ...work, after });
    },
    stop: async () => {
      state.isStopped = true;
      while (busy.size > 0) await Promise.all(busy.values());
    },
  };
};
