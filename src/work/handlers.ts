/** What each kind of work does. A new kind is one line here and one in `WORK_KINDS`. */
import type { WorkKind } from '../application/record/outbox.ts';
import type { UseCases } from '../application/verbs.ts';

export type SyncOutcome = { outcome: 'done' | 'retry'; retryInMs?: number; error?: string };

/** Brings the messages of one request up to date. */
export type Notifier = { sync(requestId: string): Promise<SyncOutcome> };

/** Tells admins one piece of news. */
export type AdminNotifier = { announce(announcementId: string): Promise<SyncOutcome> };

/** Tells somebody what they are allowed ahead of time. */
export type PreApprovalNotifier = { tell(allowanceId: string): Promise<SyncOutcome> };

/** Brings the messages of one incident up to date. */
export type IncidentTeller = { sync(incidentId: string): Promise<SyncOutcome> };

/** Shows how far an order to end much has come. */
export type RevocationNotifier = { tell(revocationId: string): Promise<SyncOutcome> };

/** Brings the messages of one alert up to date. */
export type AlertNotifier = { tell(alertId: string): Promise<SyncOutcome> };

export type Messengers = {
  notifier: Notifier;
  announcer: AdminNotifier;
  allowances: PreApprovalNotifier;
  incidents: IncidentTeller;
  revocations: RevocationNotifier;
  alerts: AlertNotifier;
};

/** `retryInMs` null: by the usual back-off. */
export type Handled = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number | null; error: string };

export type Handler = { concurrency: number; handle(subjectId: string): Promise<Handled> };

const DONE: Handled = { outcome: 'done' };

const handled = (synced: SyncOutcome): Handled =>
  synced.outcome === 'retry'
    ? { outcome: 'retry', retryInMs: synced.retryInMs ?? null, error: synced.error ?? 'Slack could not be reached' }
    : DONE;

export const createHandlers = (
  useCases: UseCases,
  { notifier, announcer, allowances, incidents, revocations, alerts }: Messengers,
): Record<WorkKind, Handler> => ({
  activate: { concurrency: 16, handle: (grantId) => useCases.activate({ grantId }).then(() => DONE) },
  end: { concurrency: 16, handle: (grantId) => useCases.completeRevocation({ grantIds: [grantId] }).then(() => DONE) },
  extend: { concurrency: 4, handle: (requestId) => useCases.finishExtension({ requestId }).then(() => DONE) },
  notify: { concurrency: 16, handle: async (requestId) => handled(await notifier.sync(requestId)) },
  announce: { concurrency: 1, handle: async (id) => handled(await announcer.announce(id)) },
  incident: { concurrency: 4, handle: async (id) => handled(await incidents.sync(id)) },
  revocation: { concurrency: 1, handle: async (id) => handled(await revocations.tell(id)) },
  allowance: { concurrency: 2, handle: async (id) => handled(await allowances.tell(id)) },
  alert: {
    concurrency: 8,
    handle: async (alertId) => {
      await useCases.routeAlert({ alertId });
      return handled(await alerts.tell(alertId));
    },
  },
});
