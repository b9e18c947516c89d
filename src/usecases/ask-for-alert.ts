/** Asks for what an alert was mapped to, with the alert as the reason: by the click of a person, or for whoever is on call where a rule names it. */
import { mappingNamed, reasonOf } from '../core/alerts/mapping.ts';
import { DomainError } from '../core/errors.ts';
import { ask } from './ask.ts';
import type { Deps } from './ports.ts';
import type { AskForAlertInput, AskResult } from './types.ts';

/** The key that an ask without a click has: one for each alert, whoever is on call by then. */
const automaticKey = (alertId: string): string => `alert:${alertId}`;

export const askForAlert = async (deps: Deps, input: AskForAlertInput): Promise<AskResult> => {
  const alert = await deps.store.read.alert(input.alertId);
  const mapping = alert && mappingNamed(deps.policy(), alert.mapping);
  if (!alert || !mapping) throw new DomainError('alert_not_found', { id: input.alertId });
  if (alert.state === 'resolved') throw new DomainError('alert_resolved', { title: alert.title });
  const { target, role, durationMs } = mapping;
  const asked = { userId: input.userId, target, role, durationMs, reason: reasonOf(alert), ticket: null };
  const { isAutomatic, incidentChannelId } = input;
  const idempotencyKey = isAutomatic ? automaticKey(alert.id) : input.idempotencyKey;
  return ask(deps, { ...asked, incidentChannelId, idempotencyKey, alert: { id: alert.id, isAutomatic } });
};
