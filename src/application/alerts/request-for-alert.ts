/** Requests what an alert was mapped to, with the alert as the reason: by the click of a person, or for the one who is on call where a rule names it. */
import { mappingNamed, reasonOf } from '../../domain/alerts/mapping.ts';
import { DomainError } from '../../domain/errors.ts';
import { requestForClient } from './request-for-client.ts';
import { createRequest } from '../requests/create-request.ts';
import type { Deps } from '../deps.ts';
import type { CreateRequestResult, CreateRequestInput } from '../requests/request-types.ts';

/** The key that a request without a click has: one for each alert, no matter who is on call by then. */
const automaticKey = (alertId: string): string => `alert:${alertId}`;

export const requestForAlert = async (deps: Deps, input: RequestForAlertInput): Promise<CreateRequestResult> => {
  const alert = await deps.store.read.alert(input.alertId);
  const mapping = alert && mappingNamed(deps.policy(), alert.mapping);
  if (!alert || !mapping) throw new DomainError('alert_not_found', { id: input.alertId });
  if (alert.state === 'resolved') throw new DomainError('alert_resolved', { title: alert.title });
  const { target, role, durationMs, client } = mapping;
  if (client !== null) {
    const starter = input.caller.kind === 'person' ? input.caller.person : null;
    return requestForClient(deps, { alert, mapping: { ...mapping, client }, starter }, input.isAutomatic);
  }
  const asked = { caller: input.caller, target, role, durationMs, reason: reasonOf(alert), ticket: null };
  const { isAutomatic, incidentChannelId } = input;
  const idempotencyKey = isAutomatic ? automaticKey(alert.id) : input.idempotencyKey;
  return createRequest(deps, { ...asked, incidentChannelId, idempotencyKey, alert: { id: alert.id, isAutomatic } });
};

export type RequestForAlertInput = Pick<CreateRequestInput, 'caller' | 'idempotencyKey' | 'incidentChannelId'> & {
  alertId: string;
  isAutomatic: boolean;
};
