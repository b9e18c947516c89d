/** Does one piece of work, and settles the outbox rows it came from. */
import type { Log } from '../lib/log.ts';
import type { Store } from '../application/deps.ts';
import type { TakenWork, WorkKind } from '../application/record/outbox.ts';
import type { Handled, Handler } from './handlers.ts';

const FIRST_RETRY_MS = 1_000;
const RETRY_CAP_MS = 60_000;

export type WorkDeps = {
  store: { outbox: Pick<Store['outbox'], 'done' | 'postpone'> };
  handlers: Record<WorkKind, Handler>;
  log: Log;
  /** Called when a row was put back, so that it is handed out again. */
  onPostponed: () => void;
};

/** All rows are of this kind and subject. */
export type Work = { kind: WorkKind; subjectId: string; rows: TakenWork[] };

const backoffMs = (rows: TakenWork[]): number => {
  const attempt = Math.max(...rows.map(({ dispatches }) => Math.abs(dispatches)));
  return Math.min(RETRY_CAP_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));
};

const run = async (handler: Handler, subjectId: string, onError: (error: unknown) => void): Promise<Handled> => {
  try {
    return await handler.handle(subjectId);
  } catch (error) {
    onError(error);
    return { outcome: 'retry', retryInMs: null, error: String(error) };
  }
};

/** Its rows are gone when it is done, else put back for later. */
export const doWork = async (
  { store, handlers, log, onPostponed }: WorkDeps,
  { kind, subjectId, rows }: Work,
): Promise<void> => {
  const handled = await run(handlers[kind], subjectId, (error) =>
    log.error(
      { err: error, work: rows.map(({ id }) => id), kind, subject: subjectId },
      'work failed; it will be tried again',
    ),
  );
  if (handled.outcome === 'done') return void (await Promise.all(rows.map((row) => store.outbox.done(row))));
  const retryInMs = handled.retryInMs ?? backoffMs(rows);
  await Promise.all(rows.map((row) => store.outbox.postpone(row, handled.error, retryInMs)));
  onPostponed();
};
