/**
 * The one writer of a project's policy within this process. A policy is one document that everybody writes: it is read, changed and
 * written back with its etag, and where others were quicker, all of that is done again. What comes at once goes into one write.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted } from '../../lib/or-aborted.ts';
import { ProviderError } from '../provider.ts';
import { createPatience } from '../kit/patience.ts';
import { within } from '../kit/time-limit.ts';
import { SET_POLICY, type Api } from './api.ts';
import type { Binding, Policy } from './policy.ts';

export type Edit<T> = {
  /** The grant; two edits of one are never in one write. */
  key: string;
  /** Called again with each fresh policy. Answers the same array where nothing is to change. @throws ProviderError for itself alone */
  apply(bindings: Binding[]): { bindings: Binding[]; outcome: T };
  isDone(bindings: readonly Binding[]): boolean;
  /** Ends the sentence "Google did not say in time …". */
  what: string;
};

export type Writer = {
  /** Once it is written, and read back. */
  write<T>(edit: Edit<T>, signal: AbortSignal): Promise<T>;
  /** One that begins after the call; calls at once share it. */
  read(signal: AbortSignal): Promise<Policy>;
};

type Waiting = Edit<unknown> & {
  signal: AbortSignal;
  settle(result: { outcome: unknown } | { error: unknown }): void;
  isSettled: boolean;
};

const GATHER_MS = 10;
const BATCH_MAX = 500;
const BATCH_MS = 17_000;
const TRIES_MAX = 10;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
/** A read may be older than the last write, so one answer proves little. */
const READS_IN_A_ROW = 2;
const READ_EVERY_MS = 150;
const READ_BACK_MS = 8_000;
const READ_MS = 12_000;

const jittered = (attempt: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + Math.random());

const isLive = ({ isSettled, signal }: Waiting): boolean => !isSettled && !signal.aborted;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

type Applied = { edit: Waiting; outcome: unknown };

const applyAll = (batch: readonly Waiting[], before: Binding[]): { bindings: Binding[]; applied: Applied[] } => {
  let bindings = before;
  const applied = batch.filter(isLive).flatMap((edit): Applied[] => {
    try {
      const { bindings: after, outcome } = edit.apply(bindings);
      bindings = after;
      return [{ edit, outcome }];
    } catch (error) {
      edit.settle({ error });
      return [];
    }
  });
  return { bindings, applied };
};

type Project = { api: Api; project: string };

const readBack = async ({ api, project }: Project, applied: readonly Applied[], signal: AbortSignal): Promise<void> => {
  const patience = createPatience(READ_BACK_MS);
  const inARow = new Map(applied.map((one) => [one, 0]));
  for (;;) {
    const { bindings } = await api.policyOf(project, signal);
    for (const [one, seen] of inARow) {
      const isSeen = one.edit.isDone(bindings);
      if (isSeen && seen + 1 >= READS_IN_A_ROW) {
        one.edit.settle({ outcome: one.outcome });
        inARow.delete(one);
      } else inARow.set(one, isSeen ? seen + 1 : 0);
    }
    if (inARow.size === 0) return;
    if (patience.isOver()) break;
    await delay(READ_EVERY_MS, undefined, { signal });
  }
  for (const { edit } of inARow.keys())
    edit.settle({ error: new ProviderError('unavailable', `Google did not say in time ${edit.what}.`) });
};

const isConflict = (error: unknown): boolean => error instanceof ProviderError && error.kind === 'conflict';
const isDenied = (error: unknown): boolean => error instanceof ProviderError && error.kind === 'denied';
/** Google refuses the whole for what one of them wants, unless Latchkey may write nothing there. */
const isOfOne = async ({ api, project }: Project, error: unknown, signal: AbortSignal): Promise<boolean> => {
  if (!(error instanceof ProviderError)) return false;
  if (error.kind !== 'denied') return error.kind === 'misconfigured';
  return (await api.ownPermissions(project, [SET_POLICY], signal)).permissions.length > 0;
};

/** A condition on Latchkey's own right looks at all that a write changes: a policy that is old seems to change what others wrote. */
const isOvertaken = async ({ api, project }: Project, policy: Policy, signal: AbortSignal): Promise<boolean> =>
  (await api.policyOf(project, signal)).etag !== policy.etag;

/** False where others were quicker. */
const writeOnce = async (at: Project, batch: readonly Waiting[], signal: AbortSignal): Promise<boolean> => {
  const policy = await at.api.policyOf(at.project, signal);
  const { bindings, applied } = applyAll(batch, policy.bindings);
  if (applied.length === 0) return true;
  if (bindings !== policy.bindings)
    try {
      await at.api.setPolicy(at.project, { ...policy, bindings }, signal);
    } catch (error) {
      if (isConflict(error) || (isDenied(error) && (await isOvertaken(at, policy, signal)))) return false;
      if (applied.length < 2 || !(await isOfOne(at, error, signal))) throw error;
      const half = Math.ceil(applied.length / 2);
      const edits = applied.map(({ edit }) => edit);
      for (const part of [edits.slice(0, half), edits.slice(half)]) await writeAll(at, part, signal);
      return true;
    }
  await readBack(at, applied, signal);
  return true;
};

const QUICKER = (project: string): ProviderError =>
  new ProviderError('conflict', `Others change the policy of ${project} so often that Latchkey could not write it.`);

/** Each of the batch that is live is settled when it returns. */
const writeAll = async (at: Project, batch: readonly Waiting[], signal: AbortSignal): Promise<void> => {
  try {
    for (let attempt = 0; batch.some(isLive); attempt += 1) {
      if (attempt >= TRIES_MAX) throw QUICKER(at.project);
      if (await writeOnce(at, batch, signal)) return;
      await delay(jittered(attempt), undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted) throw error;
    for (const edit of batch) edit.settle({ error });
  }
};

const writeInTime = async (at: Project, batch: readonly Waiting[], stopping: AbortSignal): Promise<void> => {
  const sentence = `The policy of ${at.project} was not changed in time.`;
  try {
    await within({ ms: BATCH_MS, sentence, stopping }, async (signal) => await writeAll(at, batch, signal));
  } catch (error) {
    for (const edit of batch) edit.settle({ error });
  }
};

const takeBatch = (queue: Waiting[]): Waiting[] => {
  const keys = new Set<string>();
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  for (const edit of queue.splice(0)) {
    const isNext = batch.length < BATCH_MAX && !keys.has(edit.key);
    keys.add(edit.key);
    if (isLive(edit)) (isNext ? batch : later).push(edit);
  }
  queue.push(...later);
  return batch;
};

const sharedRead = ({ api, project }: Project, stopping: AbortSignal): Writer['read'] => {
  const limit = { ms: READ_MS, sentence: `The policy of ${project} was not read in time.`, stopping };
  let running: Promise<Policy> | null = null;
  let next: Promise<Policy> | null = null;
  const start = async (): Promise<Policy> => {
    next = null;
    running = within(limit, async (signal) => await api.policyOf(project, signal));
    try {
      return await running;
    } finally {
      running = null;
    }
  };
  return async (signal) => {
    if (running === null) return await orAborted(start(), signal);
    // What is under way may have been read before this was wanted.
    next ??= running.then(start, start);
    return await orAborted(next, signal);
  };
};

export const openWriter = (at: Project, stopping: AbortSignal): Writer => {
  const queue: Waiting[] = [];
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    try {
      while (queue.length > 0) {
        await delay(GATHER_MS);
        await writeInTime(at, takeBatch(queue), stopping);
      }
    } finally {
      isRunning = false;
    }
  };
  const enqueue = async <T>(edit: Edit<T>, signal: AbortSignal): Promise<T> =>
    await new Promise<T>((resolve, reject) => {
      const waiting: Waiting = {
        ...edit,
        signal,
        isSettled: false,
        settle: (result) => {
          if (waiting.isSettled) return;
          waiting.isSettled = true;
          if ('error' in result) reject(asError(result.error));
          else resolve(result.outcome as T);
        },
      };
      queue.push(waiting);
      if (isRunning) return;
      run().catch((error: unknown) => {
        for (const left of queue.splice(0)) left.settle({ error });
      });
    });
  return {
    read: sharedRead(at, stopping),
    write: async (edit, signal) => await orAborted(enqueue(edit, signal), signal),
  };
};
