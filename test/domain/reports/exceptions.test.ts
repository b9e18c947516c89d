/** Exceptions of a report that are about no single request: what each concerns, and the answer that the log has. */
import { expect, test } from 'vitest';
import { logExceptions } from '../../../src/domain/reports/log-exceptions.ts';
import type { LogEvent } from '../../../src/domain/reports/register.ts';

const SYSTEM = { kind: 'system', id: 'latchkey', name: 'Latchkey', email: null };

let last = 0;
const event = (type: string, at: string, data: LogEvent['data']): LogEvent => {
  last += 1;
  const ids = { requestId: null, grantId: null, target: null, role: null };
  return { ...ids, seq: last, at, type, actor: SYSTEM, data, isErased: false };
};

const OVERDUE = event('campaign.overdue', '2026-07-15T08:00:00.000Z', {
  ...{ campaign: 'c1', name: 'quarterly reach', dueAt: '2026-07-15T07:59:30.000Z', reminders: 2 },
});
const closed = (campaign: string, bySilence: number): LogEvent =>
  event('campaign.closed', '2026-07-17T09:30:00.000Z', {
    campaign,
    name: 'durations',
    undecided: bySilence,
    bySilence,
  });

test('one that is still open has no answer', () => {
  expect(logExceptions([OVERDUE, closed('c2', 0)])).toMatchObject([
    {
      kind: 'review_overdue',
      at: OVERDUE.at,
      concerns: 'review c1',
      what: expect.stringContaining(
        '"quarterly reach" had lines without a decision at its deadline, 2026-07-15 07:59:30',
      ),
      answer: null,
    },
  ]);
});

test('one that was closed later has the last decision as its answer', () => {
  expect(logExceptions([OVERDUE, closed('c1', 0)])).toMatchObject([
    { kind: 'review_overdue', answer: 'Each line was decided, 2026-07-17 09:30:00 UTC' },
  ]);
});

test('what answers it may come after the period', () => {
  const later = closed('c1', 0);
  expect(logExceptions([OVERDUE], [later])).toEqual(logExceptions([OVERDUE, later]));
  const revoked = event('key.revoked', OVERDUE.at, { vkey: 'log.test+1a2b3c4d+AV8=', from: OVERDUE.at, size: 3 });
  const added = event('key.added', '2026-10-01T08:00:00.000Z', { vkey: 'log.test+5e6f7a8b+AV8=' });
  expect(logExceptions([revoked], [added])).toMatchObject([{ answer: 'Another key signs, 2026-10-01 08:00:00 UTC' }]);
});

test('lines that silence kept are an exception, too, which names the setting', () => {
  expect(logExceptions([closed('c3', 2)])).toMatchObject([
    {
      kind: 'review_overdue',
      what: 'The review "durations" had 2 lines without a decision at its deadline.',
      answer: expect.stringContaining('"silence: keep"'),
    },
  ]);
});

test('where the name was erased, or never written, the id stands', () => {
  const { name: _name, ...data } = OVERDUE.data;
  expect(logExceptions([{ ...OVERDUE, data }])).toMatchObject([
    { what: expect.stringContaining('The review "c1" had') },
  ]);
});

test.each([
  ['drift.found', { finding: 'f1', kind: 'unknown_login', description: 'a login nobody granted' }, 'finding f1'],
  ['revocation.started', { revocation: 'v1', grants: 2, requests: 0, reason: null }, 'revocation v1'],
  ['campaign.closed', { campaign: 'c9', name: 'durations', undecided: 1, bySilence: 1 }, 'review c9'],
  ['key.revoked', { vkey: 'log.test/prod+1a2b3c4d+AV8=', from: OVERDUE.at, size: 3 }, 'key log.test/prod+1a2b3c4d'],
])('%s says what it is about, since it is about no grant', (type, data, concerns) => {
  expect(logExceptions([event(type, OVERDUE.at, data)])).toMatchObject([{ concerns, grant: null }]);
});

test('what has no id of its own is found by the number of its event, and a finding about a grant by the grant', () => {
  const refused = event('policy.rejected', OVERDUE.at, { kept: 'a'.repeat(64), problems: ['rule 2 matches nothing'] });
  const found = { ...event('drift.found', OVERDUE.at, { finding: 'f2', kind: 'gone' }), grantId: 'g7' };
  expect(logExceptions([found, refused]).map(({ concerns }) => concerns)).toEqual(['grant g7', `event ${refused.seq}`]);
});

test.each([
  [{ grants: 1, requests: 0, reason: 'It was stolen.' }, '1 grant and 0 requests. Reason: “It was stolen.”'],
  [{ grants: 2, requests: 1, reason: 'stolen laptop' }, '2 grants and 1 request. Reason: “stolen laptop”.'],
])('a revocation is said in whole sentences: %o', (data, what) => {
  const started = event('revocation.started', OVERDUE.at, { revocation: 'v1', ...data });
  expect(logExceptions([started])).toMatchObject([{ what }]);
});
