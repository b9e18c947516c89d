/**
 * Names that events and their fields had in older versions. What was written is never rewritten, since its bytes are hashed: it is read
 * under the names of now.
 */
import type { Json } from '../json.ts';
import { isEventType } from './events.ts';
import type { EventType } from './events.ts';

const TYPES: Readonly<Record<string, EventType>> = {
  'allowance.given': 'pre_approval.given',
  'allowance.refused': 'pre_approval.refused',
  'allowance.revoked': 'pre_approval.withdrawn',
  'review.opened': 'follow_up.opened',
  'review.reminded': 'follow_up.reminded',
  'review.overdue': 'follow_up.overdue',
  'review.closed': 'follow_up.closed',
  'review.refused': 'follow_up.refused',
  'address.doubted': 'email_binding.conflicted',
  'address.confirmed': 'email_binding.confirmed',
  'address.refused': 'email_binding.refused',
  'incident.vouched': 'incident.confirmed',
  'alert.told': 'alert.notified',
  'grant.ended': 'grant.removed',
};

const FIELDS: { readonly [T in EventType]?: Readonly<Record<string, string>> } = {
  'request.refused': { doubts: 'conflicts' },
  'request.approved': { allowances: 'preApprovals' },
  'vote.cast': { inSteadOf: 'onBehalfOf' },
  'pre_approval.given': { allowance: 'preApproval' },
  'pre_approval.refused': { allowance: 'preApproval' },
  'pre_approval.withdrawn': { allowance: 'preApproval' },
  'revocation.started': { allowances: 'preApprovals' },
  'follow_up.opened': { tell: 'notified' },
  'email_binding.conflicted': { doubt: 'conflict' },
  'incident.opened': { isVouched: 'isConfirmed' },
  'incident.reopened': { isVouched: 'isConfirmed', endsCalledOff: 'isEndCancelled' },
  'alert.notified': { told: 'notified' },
  'drift.found': { said: 'description' },
  'drift.repaired': { said: 'description' },
  'drift.failed': { said: 'description' },
};

/** The type of now for a type as it was written; null for one that no version had. */
export const currentType = (written: string): EventType | null => {
  if (isEventType(written)) return written;
  return Object.hasOwn(TYPES, written) ? (TYPES[written] ?? null) : null;
};

export const currentField = (type: EventType, written: string): string => {
  const renamed = FIELDS[type] ?? {};
  return Object.hasOwn(renamed, written) ? (renamed[written] ?? written) : written;
};

/** An event under the names of now, its facts as they were written. A type that no version had stays as it is. */
export const currentEvent = <D extends { [key: string]: Json }>(
  written: string,
  data: D,
): { type: string; data: { [key: string]: Json } } => {
  const type = currentType(written);
  if (type === null) return { type: written, data };
  if (!Object.hasOwn(FIELDS, type)) return { type, data };
  const entries = Object.entries(data).map(([field, value]): [string, Json] => [currentField(type, field), value]);
  return { type, data: Object.fromEntries(entries) };
};
