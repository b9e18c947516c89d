/** The message with the lines of a review that wait for a person. */
import { expect, test } from 'vitest';
import type { Campaign } from '../../src/domain/reviews/campaign.ts';
import { campaignMessage } from '../../src/slack/messages/render/campaign.ts';

const campaign: Campaign = {
  ...{ id: 'c1', name: 'quarterly reach', what: 'roles', period: '2026-Q3', silence: 'escalate', withinMs: 1 },
  ...{ policySha256: 'a'.repeat(64), state: 'open', reminders: 0, overdueAt: null, closedAt: null },
  ...{ startedAt: new Date('2026-07-01T08:00:00Z'), dueAt: new Date('2026-07-15T08:00:00Z') },
};
const line = {
  ...{ id: 'l1', campaignId: 'c1', position: 1, subject: 'orders-db/read', facts: [], about: [], reviewers: ['dba'] },
  ...{ decision: null, decidedBy: null, decidedAt: null, note: null },
};
const said = (changes: Partial<Campaign>): string =>
  campaignMessage({ campaign: { ...campaign, ...changes }, lines: [line] }).text;

test('names the deadline that is to come, and the one that passed as one that was due', () => {
  expect(said({})).toMatch(/waits for you: 1 line until <!date\^/);
  expect(said({ overdueAt: new Date('2026-07-15T08:10:00Z') })).toMatch(/is overdue, .*: 1 line, due <!date\^/);
});
