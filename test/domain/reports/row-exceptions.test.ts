/** Exceptions of one request: access that was approved and came to nothing, and what may be left of it. */
import { expect, test } from 'vitest';
import { exceptionsOf } from '../../../src/domain/reports/exceptions.ts';
import { foldRequest } from '../../../src/domain/reports/register.ts';
import type { LogEvent } from '../../../src/domain/reports/register.ts';

let seq = 0;
const event = (type: string, data: LogEvent['data'] = {}): LogEvent => {
  seq += 1;
  const at = `2026-07-01T09:00:${String(seq).padStart(2, '0')}.000000Z`;
  const actor = { kind: 'person', id: 'T1:UADA', name: 'Ada', email: null };
  return {
    seq,
    at,
    type,
    requestId: 'r1',
    grantId: 'g1',
    target: 'orders-db',
    role: 'read',
    actor,
    data,
    isErased: false,
  };
};

const APPROVED = [event('request.created', { durationMs: 60_000 }), event('request.approved', { rule: 'One' })];
const RETRIED = event('grant.activation_retried', {
  kind: 'unavailable',
  message: 'connect ECONNREFUSED 10.0.3.7:5432',
});
const GIVEN_UP = event('grant.ending', { cause: 'abandoned' });
const REMOVED = (answer: string | null): LogEvent =>
  event('grant.removed', { cause: 'abandoned', lateMs: 0, attempts: 1, ...(answer && { readback: { answer } }) });

const found = (events: readonly LogEvent[]) => {
  const row = foldRequest(events);
  if (!row) throw new Error('no row');
  return exceptionsOf(row, '2026-10-01T00:00:00.000Z');
};

test('access that was given up says why it could not be made, and that nothing is left', () => {
  expect(found([...APPROVED, RETRIED, GIVEN_UP, REMOVED('absent')])).toMatchObject([
    {
      kind: 'activation_failed',
      concerns: 'grant g1',
      what: 'The target could not make the access: connect ECONNREFUSED 10.0.3.7:5432.',
      answer: expect.stringMatching(/^Nothing is left in the target, read back 2026-07-01 09:00:\d\d UTC$/),
    },
  ]);
});

test('of access that was never given it is said, where it was closed late', () => {
  const late = event('grant.removed', { cause: 'abandoned', lateMs: 3_600_000, readback: { answer: 'absent' } });
  expect(found([...APPROVED, RETRIED, GIVEN_UP, late])).toMatchObject([
    { kind: 'late_removal', what: 'Closed 1h after it was due. It was never given.' },
    { kind: 'activation_failed' },
  ]);
});

test('what was not read back is not said to be gone', () => {
  expect(found([...APPROVED, RETRIED, GIVEN_UP, REMOVED(null)])).toMatchObject([
    { kind: 'activation_failed', answer: null },
  ]);
});

test('while it is not confirmed that nothing is there, a login may be possible, though there was no expiry', () => {
  expect(found([...APPROVED, RETRIED, GIVEN_UP])).toMatchObject([{ kind: 'not_removed', answer: null }]);
});

test('a try that failed and one that went well is no exception', () => {
  const active = event('grant.active', { expiresAt: '2026-07-01T10:00:00.000Z' });
  const removed = event('grant.removed', { cause: 'expired', lateMs: 5, attempts: 1, readback: { answer: 'absent' } });
  expect(found([...APPROVED, RETRIED, active, removed])).toEqual([]);
});
