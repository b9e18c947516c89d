/** The messages and the form of approving, with hostile text and at their longest: Slack takes each of them. */
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { RequestChange } from '../../src/domain/requests/request.ts';
import { checkView } from '../../sandbox/src/slack/blocks/validate.ts';
import { announcementMessage } from '../../src/slack/messages/render/admin-notification.ts';
import { approvalMessage } from '../../src/slack/messages/render/approval.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import type { EligibleShown, MessageFacts } from '../../src/application/messages/facts.ts';
import { MESSAGE_TOTAL_MAX } from '../../src/slack/messages/render/limits.ts';
import { oneOf } from '../../src/slack/messages/render/phrases.ts';
import { discussionReply, escalationReply, reminderReply } from '../../src/slack/messages/render/replies.ts';
import { changedMessage, requesterMessage } from '../../src/slack/messages/render/requester.ts';
import { changesForm } from '../../src/slack/door/views/approve-changes.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import type { Person } from '../../src/domain/principals/person.ts';
import { POLICY, policyOf, seen, startRig } from './rig.ts';
import { problemsOf } from '../support/card.ts';
import type { Rig } from './rig.ts';

const HOSTILE = `<!channel> <@U0SAM> \`\`\` *bold* & "quoted" ${'x'.repeat(3_000)}`;
const policy = policyOf(POLICY);

let rig: Rig;
let view: RequestView;
beforeAll(async () => {
  rig = await startRig();
  const input = { userId: 'U0ADA', target: 'orders-db', role: 'write', durationMs: 3_600_000, ticket: 'OPS-12' };
  const asked = await rig.useCases.createRequest({ ...input, reason: HOSTILE.slice(0, 1_900), idempotencyKey: null });
  if (asked.outcome !== 'sent') throw new Error(asked.outcome);
  view = asked.view;
});
afterAll(() => rig.stop());

const person = (index: number): Person => ({
  kind: 'person',
  id: `T1:U${index}`,
  teamId: 'T1',
  userId: `U${index}`,
  name: index % 2 === 0 ? HOSTILE : `person ${index}`,
  email: null,
  timezone: null,
  isActive: true,
});
const people = Array.from({ length: 40 }, (_, index) => person(index));

const eligible: EligibleShown = {
  label: HOSTILE,
  count: 3,
  people,
  away: people.slice(0, 3).map((one) => ({ personId: one.id, until: new Date(), delegate: person(90), person: one })),
  standIns: people.slice(0, 3).map((absent) => ({ absent, delegate: person(90), isAway: false })),
};

const change: RequestChange = {
  byPersonId: 'T1:U0OLGA',
  at: '2026-11-22T14:00:00.000Z',
  before: { role: 'write', durationMs: 3_600_000 },
  after: { role: HOSTILE, durationMs: 60_000 },
  note: HOSTILE,
};

const drawn = (): { view: RequestView; facts: MessageFacts } => ({
  view: {
    ...view,
    request: {
      ...view.request,
      changes: Array.from({ length: 9 }, () => change),
      escalatedAt: new Date(),
      escalateAfterMs: 900_000,
      escalateTo: { kind: 'group', name: HOSTILE },
      discussedBy: 'T1:U0OLGA',
      reminders: 3,
    },
  },
  facts: {
    ...factsOf(policy, view.request),
    groups: Array.from({ length: 50 }, () => HOSTILE),
    eligible: Array.from({ length: 8 }, () => eligible),
    missing: Array.from({ length: 8 }, () => ({ label: HOSTILE, count: 3 })),
    waitingFor: people.map(({ userId }) => userId),
    fallback: eligible,
    unreachable: 'away',
  },
});

describe('what approvers and requesters are shown', () => {
  it.each([
    ['the approval', approvalMessage],
    ['the requester’s message', requesterMessage],
    ['the change', (one: RequestView, facts: MessageFacts) => changedMessage(one, facts, 9)],
    ['the reminder', (one: RequestView, facts: MessageFacts) => reminderReply(one, facts, one.request.reminders)],
    ['the escalation', escalationReply],
    ['the discussion', discussionReply],
  ])('%s is within every limit, and no text of anybody pings', (_, draw) => {
    const { view: shown, facts } = drawn();
    const message = draw(shown, facts);
    expect(problemsOf(message)).toEqual([]);
    expect(seen(message).length).toBeLessThan(MESSAGE_TOTAL_MAX);
    expect(seen(message)).not.toContain('<!channel>');
    expect(seen(message)).not.toContain('<@U0SAM>');
  });

  it('is a form that Slack takes, with nothing in it that is more than was asked', () => {
    const form = changesForm(policy, { ...view, request: { ...view.request, role: 'read' } }, {});
    expect(checkView(form)).toEqual([]);
    expect(JSON.stringify(form)).not.toContain('"write"');
    const odd = changesForm(policy, { ...view, request: { ...view.request, durationMs: 61_000 } }, {});
    expect(checkView(odd)).toEqual([]);
    expect(JSON.stringify(odd)).toContain('1m1s (as requested)');
    expect(JSON.stringify(odd)).not.toContain('"value":"5m"');
  });

  it('mentions five people at most, and nobody who is away', () => {
    const words = oneOf({ ...eligible, label: 'owners' });
    expect(words.match(/<@/g)).toHaveLength(5);
    expect(words).toContain('others may too');
    expect(words).not.toMatch(/<@U[012]>/);
    expect(oneOf({ label: 'owners', count: 1, people: people.slice(0, 2) })).toBe('one of owners (<@U0>, <@U1>)');
  });
});

it('news of a policy is within every limit, and quotes the file without obeying it', () => {
  for (const kind of ['policy_adopted', 'policy_rejected'] as const) {
    const lines = Array.from({ length: 50 }, () => HOSTILE);
    const message = announcementMessage({
      id: 'a',
      kind,
      lines,
      createdAt: new Date(),
      offer: null,
      closing: null,
      closedAt: null,
      version: 1,
    });
    expect(problemsOf(message)).toEqual([]);
    expect(seen(message)).not.toContain('<!channel>');
  }
});
