/** What each kind of work does. A new kind is one line here and one in `WORK_KINDS`. */
import type { MessageSubject, SubjectKind } from '../application/messages/message-ports.ts';
import type { WorkKind } from '../application/record/outbox.ts';
import type { UseCases } from '../application/verbs.ts';

type SyncOutcome = { outcome: 'done' | 'retry'; retryInMs?: number; error?: string };

/** Brings the messages of one subject up to date. */
export type Messenger = { sync(subject: MessageSubject): Promise<SyncOutcome> };

/** What GitHub brought, and what it is sent; null where no App is set. */
export type GithubWorker = { handle(subject: string): Promise<SyncOutcome>; sweep(): Promise<void> };

/** Deployments that wait on GitLab; null where no token is set. `run` gives the milliseconds until the next look. */
export type GitlabWorker = { run(): Promise<number> };

export type Messengers = { messages: Messenger; github: GithubWorker | null };

/** `retryInMs` null: by the usual back-off. */
export type Handled = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number | null; error: string };

export type Handler = { concurrency: number; handle(subjectId: string): Promise<Handled> };

const DONE: Handled = { outcome: 'done' };

const handled = (synced: SyncOutcome): Handled =>
  synced.outcome === 'retry'
    ? { outcome: 'retry', retryInMs: synced.retryInMs ?? null, error: synced.error ?? 'it could not be done now' }
    : DONE;

export const createHandlers = (useCases: UseCases, { messages, github }: Messengers): Record<WorkKind, Handler> => {
  const messagesOf = (kind: SubjectKind, concurrency: number): Handler => ({
    concurrency,
    handle: async (id) => handled(await messages.sync({ kind, id })),
  });
  const alert = messagesOf('alert', 8);
  return {
    activate: { concurrency: 16, handle: (grantId) => useCases.activate({ grantId }).then(() => DONE) },
    end: {
      concurrency: 16,
      handle: (grantId) => useCases.completeRevocation({ grantIds: [grantId] }).then(() => DONE),
    },
    extend: { concurrency: 4, handle: (requestId) => useCases.finishExtension({ requestId }).then(() => DONE) },
    notify: messagesOf('request', 16),
    announce: messagesOf('admin_notification', 1),
    incident: messagesOf('incident', 4),
    revocation: messagesOf('revocation', 1),
    campaign: messagesOf('campaign', 1),
    report: {
      concurrency: 1,
      handle: async (id) =>
        handled(await useCases.makeDueReport({ id, deliver: () => messages.sync({ kind: 'report', id }) })),
    },
    pre_approval: messagesOf('pre_approval', 2),
    alert: { ...alert, handle: (alertId) => useCases.routeAlert({ alertId }).then(() => alert.handle(alertId)) },
    // Without the App there is nobody to notify.
    github: { concurrency: 8, handle: async (subject) => (github ? handled(await github.handle(subject)) : DONE) },
  };
};
