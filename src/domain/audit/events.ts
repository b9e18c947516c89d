/** What goes into the audit log: one type per thing that happened. Data holds facts, never secrets. */
import type { Json } from '../json.ts';

export const EVENT_TYPES = [
  'request.created',
  'request.refused',
  'request.approved',
  'request.denied',
  'request.cancelled',
  'request.cancel_refused',
  'request.lapsed',
  'request.unreachable',
  'request.changed',
  'request.remains_changed',
  'request.reminded',
  'request.escalated',
  'request.discussed',
  'vote.cast',
  'vote.refused',
  'vote.voided',
  'absence.set',
  'absence.ended',
  'grant.activating',
  'grant.activation_retried',
  'grant.active',
  'grant.used',
  'grant.held',
  'grant.rescoped',
  'grant.retry_requested',
  'grant.retry_refused',
  'grant.failed',
  'grant.extending',
  'grant.extension_retried',
  'grant.extension_failed',
  'grant.extended',
  'grant.ending',
  'grant.end_retried',
  'grant.end_refused',
  'grant.ended',
  'credentials.shown',
  'credentials.refused',
  'allowance.given',
  'allowance.refused',
  'allowance.revoked',
  'break_glass.refused',
  'break_glass.allowed',
  'revocation.started',
  'revocation.refused',
  'revocation.finished',
  'drift.found',
  'drift.repaired',
  'drift.failed',
  'drift.decided',
  'drift.refused',
  'review.opened',
  'review.reminded',
  'review.overdue',
  'review.closed',
  'review.refused',
  'address.doubted',
  'address.confirmed',
  'address.refused',
  'user_group.moved',
  'incident.opened',
  'incident.reopened',
  'incident.renamed',
  'incident.topic',
  'incident.purpose',
  'incident.severity',
  'incident.vouched',
  'incident.closed',
  'incident.ended',
  'incident.refused',
  'grant.kept',
  'grant.keep_refused',
  'alert.fired',
  'alert.reopened',
  'alert.resolved',
  'alert.told',
  'policy.loaded',
  'policy.rejected',
  'log.upgraded',
  'key.added',
  'key.retired',
  'checkpoint.refused',
  'evidence.made',
  'evidence.refused',
  'record.erased',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export type Actor = { kind: 'person'; id: string; name: string; email: string | null } | { kind: 'system'; id: string };

export type AuditEntry = {
  type: EventType;
  actor: Actor;
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  data: { [key: string]: Json };
};

/** An entry as it is stored. `at` is the database clock in ISO with microseconds; `data` the exact bytes that were hashed. */
export type AuditRecord = Omit<AuditEntry, 'actor' | 'data'> & {
  id: string;
  at: string;
  actor: string;
  data: string;
};

export type SealedRecord = AuditRecord & { seq: number; prevHash: string; hash: string };

/** Which event this is of its request and of its grant: 1, 2, 3 … without a gap. `total` is in the event that says removed. */
export type Counters = { requestEvent: number | null; grantEvent: number | null; grantEventsTotal: number | null };

export const SYSTEM: Actor = { kind: 'system', id: 'latchkey' };
