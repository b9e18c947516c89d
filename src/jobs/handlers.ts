/** What each kind of work does. A new kind is one line here and one in `WORK_KINDS`. */
import type { WorkKind } from '../usecases/ports.ts';
import type { UseCases } from '../usecases/types.ts';

export type SyncOutcome = { outcome: 'done' | 'retry'; retryInMs?: number; error?: string };

/** Brings the messages of one request up to date. */
export type Notifier = { sync(requestId: string): Promise<SyncOutcome> };

/** `retryInMs` null: by the usual back-off. */
export type Handled = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number | null; error: string };

export type Handler = { concurrency: number; handle(subjectId: string): Promise<Handled> };

const DONE: Handled = { outcome: 'done' };

export const createHandlers = (useCases: UseCases, notifier: Notifier): Record<WorkKind, Handler> => ({
  activate: { concurrency: 16, handle: (grantId) => useCases.activate({ grantId }).then(() => DONE) },
  end: { concurrency: 16, handle: (grantId) => useCases.finishEnd({ grantIds: [grantId] }).then(() => DONE) },
  notify: {
    concurrency: 16,
    handle: async (requestId) => {
      const synced = await notifier.sync(requestId);
      if (synced.outcome === 'done') return DONE;
      return {
        outcome: 'retry',
        retryInMs: synced.retryInMs ?? null,
        error: synced.error ?? 'Slack could not be reached',
      };
    },
  },
});
