import { expect, test } from 'vitest';
import { isEventType } from '../../../src/domain/audit/events.ts';
import { currentEvent, currentType } from '../../../src/domain/audit/names.ts';

/** Every type that version 0.1 wrote. What is in a log stays there, so this list never shrinks. */
const WRITTEN_BY_0_1 = [
  ...['request.created', 'request.refused', 'request.approved', 'request.denied', 'request.cancelled'],
  ...['request.cancel_refused', 'request.lapsed', 'request.unreachable', 'request.changed', 'request.reminded'],
  ...['request.escalated', 'request.discussed', 'vote.cast', 'vote.refused', 'vote.voided', 'absence.set'],
  ...['absence.ended', 'grant.activating', 'grant.activation_retried', 'grant.active', 'grant.used', 'grant.held'],
  ...['grant.rescoped', 'grant.retry_requested', 'grant.retry_refused', 'grant.failed', 'grant.extending'],
  ...['grant.extension_retried', 'grant.extension_failed', 'grant.extended', 'grant.ending', 'grant.end_retried'],
  ...['grant.end_refused', 'grant.ended', 'credentials.shown', 'credentials.refused', 'allowance.given'],
  ...['allowance.refused', 'allowance.revoked', 'break_glass.refused', 'break_glass.allowed', 'revocation.started'],
  ...['revocation.refused', 'revocation.finished', 'drift.found', 'drift.repaired', 'drift.failed', 'drift.decided'],
  ...['drift.refused', 'review.opened', 'review.reminded', 'review.overdue', 'review.closed', 'review.refused'],
  ...['address.doubted', 'address.confirmed', 'address.refused', 'user_group.moved', 'incident.opened'],
  ...['incident.reopened', 'incident.renamed', 'incident.topic', 'incident.purpose', 'incident.severity'],
  ...['incident.vouched', 'incident.closed', 'incident.ended', 'incident.refused', 'grant.kept', 'grant.keep_refused'],
  ...['alert.fired', 'alert.reopened', 'alert.resolved', 'alert.told', 'policy.loaded', 'policy.rejected'],
];

test.each(WRITTEN_BY_0_1)('%s of version 0.1 is read under a name of now', (written) => {
  const type = currentType(written);
  expect(type).not.toBeNull();
  expect(isEventType(type ?? '')).toBe(true);
});

test('fields that had another name are read under that of now, and the facts are the same', () => {
  expect(currentEvent('allowance.given', { allowance: 'a1', person: 'T:U1' })).toEqual({
    type: 'pre_approval.given',
    data: { preApproval: 'a1', person: 'T:U1' },
  });
  expect(currentEvent('vote.cast', { kind: 'deny', inSteadOf: 'T:U2' })).toEqual({
    type: 'vote.cast',
    data: { kind: 'deny', onBehalfOf: 'T:U2' },
  });
});

test('an event of now is read as it is', () => {
  const data = { preApprovals: [], decision: 'd1' };
  expect(currentEvent('request.approved', data)).toEqual({ type: 'request.approved', data });
});

test.each(['grant.vanished', 'constructor', 'toString', ''])(
  'a type that no version had stays as it is: %j',
  (type) => {
    expect(currentType(type)).toBeNull();
    expect(currentEvent(type, { constructor: 1 })).toEqual({ type, data: { constructor: 1 } });
  },
);
