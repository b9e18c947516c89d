/** Reviews whose deadline passed are exceptions of a report, with the answer that the log has. */
import { expect, test } from 'vitest';
import { logExceptions } from '../../../src/domain/reports/exceptions.ts';
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
