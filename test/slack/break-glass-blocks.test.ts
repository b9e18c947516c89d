import { describe, expect, it } from 'vitest';
import type { Review } from '../../src/domain/break-glass/follow-up.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import { preApprovalMessage } from '../../src/slack/messages/render/pre-approval.ts';
import {
  alarmMessage,
  reviewedMessage,
  reviewMessage,
  reviewOverdueMessage,
} from '../../src/slack/messages/render/break-glass.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import { MESSAGE_TOTAL_MAX } from '../../src/slack/messages/render/limits.ts';
import { requesterMessage } from '../../src/slack/messages/render/requester.ts';
import { breakGlassCopies, isBreakGlassCurrent } from '../../src/application/messages/subjects/break-glass-wanted.ts';
import type { BreakGlassReach } from '../../src/application/messages/subjects/break-glass-reach.ts';
import type { MessageCopy } from '../../src/application/messages/message-ports.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import { buttonsOf, POLICY, policyOf, seen } from './rig.ts';
import { problemsOf } from '../support/card.ts';
import { grantOf, NOW, personOf, requestOf, viewWith } from './some-view.ts';

const policy = policyOf(POLICY);
const facts = factsOf(policy, { target: 'orders-db', role: 'write' });
const later = new Date('2026-11-23T14:00:00Z');

const review = (more: Partial<Review> = {}): Review => ({
  id: 'v1',
  grantId: 'g1',
  requestId: 'r1',
  personId: 'T1:U0OSCAR',
  state: 'open',
  withinMs: 86_400_000,
  openedAt: NOW,
  dueAt: later,
  outcome: null,
  note: null,
  reviewerId: null,
  closedAt: null,
  reminders: 0,
  nextReminderAt: later,
  escalatedAt: null,
  waivedAt: null,
  waivedBy: null,
  ...more,
});

type Shape = { reason?: string; note?: string | null; state?: Grant['state']; review?: Partial<Review>; at?: Date };

const viewOf = ({ reason = 'checkout is down', note = null, state = 'active', at = NOW, ...more }: Shape = {}) => {
  const access = { role: 'write', durationMs: 900_000 };
  const request = requestOf({
    ...access,
    requesterId: 'T1:U0OSCAR',
    reason,
    ticket: reason,
    isBreakGlass: true,
    state: 'approved',
    rule: 'Writes need an owner and an SRE',
    decidedAt: NOW,
  });
  const grant = grantOf(state, { ...access, granteeId: 'T1:U0OSCAR', expiresAt: later });
  const decision = {
    id: 'd1',
    requestId: 'r1',
    outcome: 'approved',
    rule: 'break-glass',
    policySha256: 'x',
    byPersonId: 'T1:U0OSCAR',
    reason: note,
    decidedAt: NOW,
  } as const;
  return viewWith(request, {
    requester: personOf('U0OSCAR'),
    decidedBy: personOf('U0OSCAR'),
    decision,
    grant,
    review: review(more.review),
    reviewer: more.review?.state === 'closed' ? personOf('U0RITA') : null,
    now: at,
  });
};

const closed = { state: 'closed', outcome: 'not_justified', reviewerId: 'T1:U0RITA', closedAt: NOW } as const;
const drawings = [alarmMessage, reviewMessage, reviewOverdueMessage, reviewedMessage, requesterMessage];

const every: [string, RequestView][] = [
  ['in use', viewOf()],
  ['over', viewOf({ state: 'removed' })],
  ['overdue', viewOf({ state: 'removed', at: later, review: { escalatedAt: later, reminders: 5 } })],
  ['closed', viewOf({ state: 'removed', review: closed })],
  ['failed', viewOf({ state: 'failed' })],
];

describe('every message of break-glass', () => {
  it.each(every)('%s is what Slack accepts, and nowhere called approved', (_, view) => {
    for (const draw of drawings) {
      const message = draw(view, facts);
      expect(problemsOf(message)).toEqual([]);
      expect(seen(message)).not.toContain('Approved by');
    }
  });

  it.each([
    ['broadcasts', '<!channel> <@U0SAM> '.repeat(200)],
    ['code fences', '```\n'.repeat(750)],
    ['ampersands', '&'.repeat(3_000)],
    ['markup', '*_~`<https://evil.test|x>'.repeat(120)],
  ])('shows %s as text, inside the limits', (_, text) => {
    const view = viewOf({ reason: text, note: text, state: 'removed', review: { ...closed, note: text } });
    for (const draw of drawings) {
      const message = draw(view, facts);
      expect(problemsOf(message)).toEqual([]);
      expect(seen(message)).not.toMatch(/<!channel|<@U0SAM|<https/);
      expect(JSON.stringify(message).length).toBeLessThan(MESSAGE_TOTAL_MAX * 2);
    }
  });

  it('has buttons for reviewers only while the review is open', () => {
    expect(buttonsOf(reviewMessage(viewOf(), facts))).toEqual(['review_justified', 'review_not_justified']);
    expect(buttonsOf(reviewMessage(viewOf({ review: closed }), facts))).toEqual([]);
    expect(buttonsOf(alarmMessage(viewOf(), facts))).toEqual(['end_now']);
    expect(JSON.stringify(alarmMessage(viewOf(), { ...facts, terms: ['Statements are recorded.'] }))).toContain(
      '*Conditions:* Statements are recorded.',
    );
    expect(buttonsOf(alarmMessage(viewOf({ state: 'removed' }), facts))).toEqual([]);
  });

  it('of a pre-approval shows hostile names as text', () => {
    const target = '<!channel>`x`';
    const ids = { id: 'a1', personId: 'T1:U1', byPersonId: 'T1:U2' };
    const times = { createdAt: NOW, expiresAt: later, revokedAt: null, revokedBy: null };
    const people = { person: personOf('U1'), by: personOf('U2') };
    const message = preApprovalMessage(policy, { ...ids, ...times, ...people, target, role: '<!here>' });
    expect(problemsOf(message)).toEqual([]);
    // The value of a button is read by no one.
    expect(seen(message).replace(/"value":"[^"]*"/g, '')).not.toMatch(/<!(?!date)/);
  });
});

const reach: BreakGlassReach = {
  banner: 'C1',
  notified: ['C2', 'U1'],
  reviewers: ['U2', 'U3'],
  admins: ['U9'],
  isChannelLost: false,
  isComplete: true,
};

const audiences = (
  view: RequestView,
  given: BreakGlassReach = reach,
  copies: MessageCopy<'request'>[] = [],
): string[] =>
  breakGlassCopies(view, given, copies).map(({ kind, audience, part }) => `${kind} ${audience} ${part ?? 0}`);

describe('who is written to', () => {
  it('is everyone named and the reviewers, and the channel; afterwards too, as long as nobody has looked at it', () => {
    const alarms = ['alarm C2 0', 'alarm U1 0'];
    const reviews = ['review U2 0', 'review U3 0'];
    expect(audiences(viewOf())).toEqual(['banner C1 0', ...alarms, ...reviews]);
    expect(audiences(viewOf({ state: 'removed' }))).toEqual(['banner C1 0', ...alarms, ...reviews]);
    expect(audiences(viewOf({ state: 'failed' }))).toEqual([...alarms, ...reviews]);
    expect(audiences(viewOf({ state: 'removed', review: closed }))).not.toContain('banner C1 0');
  });

  it('is the reviewers anew with each reminder, and the admins once it is overdue', () => {
    const view = viewOf({ state: 'removed', at: later, review: { reminders: 4, escalatedAt: later } });
    expect(audiences(view)).toEqual(expect.arrayContaining(['review U2 4', 'review U3 4', 'review_overdue U9 0']));
    expect(isBreakGlassCurrent(view, 3).review).toBe(false);
    expect(isBreakGlassCurrent(view, 4).review).toBe(true);
  });

  it('is whoever took it when the review is closed, and nobody else any more', () => {
    expect(audiences(viewOf({ state: 'removed', review: closed }))).toEqual(['reviewed U0OSCAR 0']);
  });

  it('is the admins where nobody else may review', () => {
    expect(audiences(viewOf(), { ...reach, reviewers: [] })).toContain('review U9 0');
  });

  it('is the admins too where a channel is not there or refuses the message', () => {
    expect(audiences(viewOf(), { ...reach, isChannelLost: true })).toContain('alarm U9 0');
    const copy = { kind: 'alarm', audience: 'C2', part: 0, channel: null, ts: null, rendered: null } as const;
    const failed: MessageCopy<'request'> = { ...copy, renderedVersion: 0, failure: 'not_in_channel' };
    expect(audiences(viewOf(), reach, [failed])).toContain('alarm U9 0');
  });
});
