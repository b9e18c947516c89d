/** Requests for the client that an alert names: its job finds the request, and gets what was decided. The person who clicked started it, and never approves it. */
import { reasonOf } from '../../domain/alerts/mapping.ts';
import type { Alert } from '../../domain/alerts/types.ts';
import { clientNamed, clientOf, issuerNamed } from '../../domain/clients/named.ts';
import { unbegunJob } from '../../domain/clients/unbegun-job.ts';
import { DomainError } from '../../domain/errors.ts';
import type { AlertMapping } from '../../domain/policy/types.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { AlertOrigin } from '../../domain/requests/origin.ts';
import { callerFromSession } from '../identity/caller.ts';
import type { ClientCaller } from '../identity/caller.ts';
import { mustView } from '../record/must-find.ts';
import type { RequestView } from '../record/request-view.ts';
import { createRequest } from '../requests/create-request.ts';
import type { CreateRequestResult } from '../requests/request-types.ts';
import type { Deps } from '../deps.ts';

export type ForClient = { alert: Alert; mapping: AlertMapping & { client: string }; starter: Person | null };

const callerFor = (deps: Deps, { alert, mapping, starter }: ForClient, key: string): ClientCaller => {
  const policy = deps.policy();
  const entry = clientNamed(policy, mapping.client);
  const issuer = entry && issuerNamed(policy, entry.issuer);
  if (!entry || !issuer) throw new DomainError('alert_not_found', { id: alert.id });
  const startedBy = starter === null ? [] : [starter.userId];
  return callerFromSession({ client: clientOf(entry, issuer), job: unbegunJob(entry, key, alert.url), startedBy });
};

/** What was decided and is over leaves the alert to another request. */
const isWaiting = ({ request: { state, origin }, grant }: RequestView): boolean =>
  state === 'pending' || (state === 'approved' && origin?.isClaimed === false && grant?.state === 'activating');

const known = async (deps: Deps, caller: ClientCaller, { alert, mapping }: ForClient): Promise<RequestView[]> => {
  const { target, role } = mapping;
  const of = { clientId: caller.client.id, target, role };
  const prepared = await deps.store.read.prepared(of);
  const ofAlert = prepared.filter(({ origin }) => origin?.kind === 'alert' && origin.id === alert.id);
  return Promise.all(ofAlert.map(({ id }) => mustView(deps, id)));
};

/** However many people click, one request waits for the job. */
export const requestForClient = async (
  deps: Deps,
  wanted: ForClient,
  isAutomatic: boolean,
): Promise<CreateRequestResult> => {
  const { alert, mapping, starter } = wanted;
  const before = await known(deps, callerFor(deps, wanted, ''), wanted);
  const view = before.find(isWaiting);
  if (view) return { outcome: 'sent', view, isRepeat: true, targetProblem: null };
  const key = JSON.stringify(['alert', alert.id, before.length]);
  const caller = callerFor(deps, wanted, key);
  const startedBy = [...caller.startedBy];
  const { target, role, durationMs } = mapping;
  const origin: AlertOrigin = {
    kind: 'alert',
    id: alert.id,
    isClaimed: false,
    alert: mapping.name,
    title: alert.title,
    url: alert.url,
    startedBy: starter?.name ?? null,
  };
  const asked = { target, role, durationMs, reason: reasonOf(alert), ticket: null };
  return createRequest(deps, {
    ...asked,
    caller,
    idempotencyKey: key,
    alert: { id: alert.id, isAutomatic },
    from: { origin, startedBy },
  });
};
