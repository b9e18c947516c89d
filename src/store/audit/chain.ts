/**
 * The chain over the audit log as it was before there was a tree. A hash covers its event, the event's place and the hash before it:
 * sha256, in hex, of `JSON.stringify([seq, prevHash, id, at, type, actor, requestId, grantId, target, role, data])`.
 */
import { hash } from 'node:crypto';
import type { AuditRecord } from '../../domain/audit/events.ts';

/** What the first event has as the hash before it. */
const GENESIS = '0'.repeat(64);

export type Head = { seq: number; hash: string };
export const EMPTY_HEAD: Head = { seq: 0, hash: GENESIS };

export const hashOf = (seq: number, prevHash: string, event: AuditRecord): string => {
  const { id, at, type, actor, requestId, grantId, target, role, data } = event;
  const text = JSON.stringify([seq, prevHash, id, at, type, actor, requestId, grantId, target, role, data]);
  // In one call: for texts as short as these, making a hash object takes longer than hashing.
  return hash('sha256', text, 'hex');
};

/** Columns of `audit_events` (as `e`) in the order of `eventOf`. Postgres writes the time itself: a `Date` would lose the microseconds. */
export const COLUMNS_AFTER_ID = `to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  e.type, e.actor, e.request_id, e.grant_id, e.target, e.role, e.data`;
export const EVENT_COLUMNS = `e.id::text, ${COLUMNS_AFTER_ID}`;

export type EventRow = [
  id: string,
  at: string,
  type: AuditRecord['type'],
  actor: string,
  requestId: string | null,
  grantId: string | null,
  target: string | null,
  role: string | null,
  data: string,
];

export const eventOf = ([id, at, type, actor, requestId, grantId, target, role, data]: EventRow): AuditRecord => ({
  id,
  at,
  type,
  actor,
  requestId,
  grantId,
  target,
  role,
  data,
});
