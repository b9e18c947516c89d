import { describe, expect, it } from 'vitest';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Incident } from '../../src/domain/incidents/incident.ts';
import type { Request } from '../../src/domain/requests/request.ts';
import { closingMessage, keepMessage, timelineMessage } from '../../src/slack/messages/render/incident-close.ts';
import { incidentSubject, readSubject } from '../../src/slack/messages/render/incident-subject.ts';
import { afterClose, noticeMessage, promptMessage } from '../../src/slack/messages/render/incident.ts';
import type { PromptDrawing } from '../../src/slack/messages/render/incident.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import { liveLine } from '../../src/slack/messages/render/incident-lines.ts';
import { warningMessage } from '../../src/slack/messages/render/more-time.ts';
import { status } from '../../src/slack/messages/render/status.ts';
import { grantedMessage, requesterMessage } from '../../src/slack/messages/render/requester.ts';
import { date } from '../../src/slack/messages/render/text.ts';
import { MESSAGE_TOTAL_MAX } from '../../src/slack/messages/render/limits.ts';
import { timelineOf } from '../../src/domain/incidents/make-timeline.ts';
import type { Message } from '../../src/slack/messages/render/text.ts';
import type { IncidentBriefing, IncidentView } from '../../src/application/incidents/incident-types.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import { readMessage } from '../../src/slack/incident-channels/channel-messages.ts';
import { POLICY, policyOf, seen } from './rig.ts';
import { problemsOf } from '../support/card.ts';
import { grantOf, personOf, requestOf, viewWith } from './some-view.ts';

const policy = policyOf(POLICY);
const now = new Date('2026-11-22T03:00:00Z');
const later = new Date('2026-11-22T03:30:00Z');
const EVIL = '<!channel> <@U0EVIL> `*_~ & </b> \u202e <https://evil.test|here> ';

const incident = (more: Partial<Incident> = {}): Incident => ({
  purpose: '',
  confirmedSeverity: 'sev1',
  confirmedSeverityAt: null,
  id: 'i1',
  teamId: 'T1',
  channelId: 'C0INC',
  channelName: 'inc-1-orders',
  topic: 'checkout is down',
  isPrivate: false,
  isArchived: false,
  channelUpdatedMs: 0,
  severity: 'sev1',
  state: 'open',
  how: 'created',
  openedAt: now,
  openedBy: null,
  confirmedBy: null,
  confirmedName: 'inc-1-orders',
  confirmedAt: now,
  closedAt: null,
  closedBy: null,
  closeCause: null,
  endsAt: null,
  endedAt: null,
  version: 1,
  ...more,
});

type Shape = { grant?: Partial<Grant> | null; state?: Request['state']; reason?: string };

const request = (id: string, { grant = {}, state = 'approved', reason }: Shape = {}): RequestView =>
  viewWith(requestOf({ id, state, reason: reason ?? 'look', ticket: null, createdAt: now, decidedAt: now }), {
    requester: personOf(`U${id}`, reason === undefined ? `name-${id}` : EVIL.repeat(5)),
    grant: grant && grantOf('active', { id: `g${id}`, activatedAt: now, expiresAt: later, ...grant }),
    now,
  });

const viewOf = (of: Incident, requests: RequestView[] = []): IncidentView => ({
  incident: of,
  openedBy: null,
  closedBy: null,
  confirmedBy: null,
  version: 1,
  counts: {
    live: requests.filter(({ grant }) => grant?.state === 'active').length,
    pending: requests.filter(({ request: { state } }) => state === 'pending').length,
    ended: requests.filter(({ grant }) => grant?.state === 'removed').length,
  },
  now,
  targets: [],
  requests,
});

const drawing = (view: IncidentView, briefing: Partial<IncidentBriefing> = {}): PromptDrawing => ({
  briefing: { view, targets: [], onCall: [], unknown: [], ...briefing },
  policy,
  missing: new Map(),
  askedHere: new Set(),
  isOld: false,
  detour: null,
});

const lengthOf = ({ text, blocks }: Message): number => text.length + JSON.stringify(blocks).length;
const textIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(textIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    key === 'text' && typeof one === 'string' ? [one] : textIn(one),
  );
};

describe('access whose incident was closed', () => {
  const closedAt = new Date('2026-11-22T02:58:00Z');
  const endsAt = new Date('2026-11-22T03:05:00Z');
  const viewWith = (of: Partial<Incident> | null, grant: object = {}): RequestView => ({
    ...request('1', { grant: { extensions: 0, ...grant } }),
    incident: of && incident({ state: 'closed', closedAt, endsAt, ...of }),
  });
  const facts = factsOf(policy, request('1').request);
  const shown = (view: RequestView): string[] => [
    seen(grantedMessage(view, facts)),
    seen(warningMessage(view, facts, 0)),
    status(view),
    ...(view.incident ? [liveLine(policy, view, view.incident)] : []),
  ];

  it('shows the end that comes with it everywhere, and the way to its own end', () => {
    const view = viewWith({});
    for (const text of shown(view)) expect(text).toContain(`${date(endsAt, now)}, with the incident`);
    const granted = seen(requesterMessage(view, facts));
    expect(granted).toContain('*Keep mine*');
    expect(granted).toContain(date(later, now));
    expect(problemsOf(grantedMessage(view, facts))).toEqual([]);
  });

  it.each<[string, Partial<Incident> | null, object]>([
    ['none was tied to it', null, {}],
    ['it is open again', { state: 'open', closedAt: null, endsAt: null }, {}],
    ['what was given for it is kept', { endsAt: null }, {}],
    ['its holder kept it', {}, { keptAt: now }],
    ['its own end comes first', { endsAt: new Date('2026-11-22T03:45:00Z') }, {}],
  ])('shows its own end where %s', (...[, of, grant]) => {
    for (const text of shown(viewWith(of, grant))) {
      expect(text).not.toContain('with the incident');
      expect(text).not.toContain('Keep mine');
      expect(text).toContain(date(later, now));
    }
  });

  it('says that what a policy with on_close: keep lets run is not being ended', () => {
    const kept = incident({ state: 'closed', closedAt, endsAt: null });
    const said = afterClose(drawing(viewOf(kept, [request('1')])));
    expect(said).toBe('Access that is still live runs to its own expiry.');
  });

  it('that was kept at an earlier close ends with a later one', () => {
    const kept = viewWith({}, { keptAt: new Date('2026-11-22T01:00:00Z') });
    for (const text of shown(kept)) expect(text).toContain('with the incident');
  });
});

describe('the largest incident there can be', () => {
  const many = (count: number, more: Parameters<typeof request>[1]): RequestView[] =>
    Array.from({ length: count }, (_, index) => request(`${index}`, { reason: EVIL.repeat(60), ...more }));
  const asked = { label: EVIL, count: 2, people: Array.from({ length: 30 }, (_, at) => personOf(`P${at}`, EVIL)) };
  const roles = ['a', 'b', 'c'].map((role) => ({
    role,
    title: EVIL.repeat(9),
    decision: 'ask',
    rule: EVIL,
    eligible: [{ ...asked, away: [], unknown: [EVIL], standIns: [], isOnlyRequester: false }],
  }));
  const targets = Array.from({ length: 5 }, (_, at) => ({
    target: `t${at}`,
    title: EVIL.repeat(9),
    why: [{ kind: 'name' }, { kind: 'recent', incidents: 4 }],
    roles,
    readNow: { role: 'a', durationMs: 1, rule: 'r' },
  }));
  const onCall = Array.from({ length: 9 }, (_, at) => ({ group: `${EVIL}${at}`, people: asked.people }));
  const hostile = incident({ topic: EVIL.repeat(9), channelName: EVIL, severity: EVIL, confirmedAt: null });
  const requests = [...many(60, {}), ...many(40, { grant: null, state: 'pending' })];
  const closed = { ...hostile, state: 'closed', closedAt: now, closeCause: 'archived', endsAt: later } as Incident;
  const briefing = { targets, onCall, unknown: [EVIL.repeat(9)] } as unknown as IncidentBriefing;
  const full = { ...drawing(viewOf(hostile, requests), briefing), detour: 'Latchkey cannot post in <#C0INC>.' };
  const ended = viewOf(closed, requests);
  const timeline = timelineOf({ ...ended, history: [], shownAt: new Map() });

  it.each([
    ['the prompt', promptMessage({ ...full, briefing: { ...briefing, view: viewOf(hostile, requests) } })],
    ['the prompt after the close', promptMessage(drawing(ended))],
    ['an old prompt', promptMessage({ ...full, isOld: true })],
    ['the notice', noticeMessage(full)],
    ['the warning', closingMessage({ view: ended, policy })],
    ['the warning to a holder', keepMessage({ view: ended, policy }, 'U0')],
    ['the timeline', timelineMessage({ view: ended, timeline, json: '', markdown: '' }, policy)],
  ] as const)('stays inside every limit of Slack in %s', (_what, message) => {
    expect(problemsOf(message)).toEqual([]);
    expect(textIn(message.blocks).join('').length).toBeLessThan(MESSAGE_TOTAL_MAX);
    expect(lengthOf(message)).toBeGreaterThan(50);
    const shown = textIn(message.blocks.filter(({ type }) => type !== 'header' && type !== 'actions')).join('\n');
    expect(shown).not.toMatch(/<!channel>|<@U0EVIL>|<https:|\u202e/);
  });
});

describe('what is said of an incident', () => {
  it('mentions nobody: it is there for everyone, and edited often', () => {
    const view = viewOf(incident(), [request('1'), request('2', { grant: null, state: 'pending' })]);
    const onCall = [{ group: 'on-call', people: [personOf('U1', 'kim')] }];
    const message = promptMessage(drawing(view, { onCall }));
    expect(seen(message)).not.toMatch(/<@/);
    expect(seen(message)).toContain('kim (on-call)');
  });

  it('says until when access lasts that ends with the incident', () => {
    const endsAt = new Date('2026-11-22T03:02:00Z');
    const closed = incident({ state: 'closed', closedAt: now, closeCause: 'command', endsAt });
    const kept = request('2', { grant: { keptAt: now } });
    const words = seen(closingMessage({ view: viewOf(closed, [request('1'), kept]), policy }));
    expect(words).toContain('2026-11-22 03:02 UTC>, with the incident');
    expect(words).toContain('kept until <!date^1795318200');
  });

  it('says that a look-up failed instead of naming nobody', () => {
    const onCall = [{ group: 'on-call', people: null }];
    const words = seen(promptMessage(drawing(viewOf(incident()), { onCall, unknown: ['on-call'] })));
    expect(words).toContain('*could not be looked up* at');
    expect(words).toContain('Approvers decide where that matters');
  });
});

it('reads back what a button is about', () => {
  for (const subject of [
    { incidentId: 'i' },
    { incidentId: 'i', target: 't' },
    { incidentId: 'i', target: 't', role: 'r' },
  ])
    expect(readSubject(incidentSubject(subject))).toMatchObject(subject);
});

describe('a message in a channel', () => {
  const event = {
    type: 'message',
    channel: 'C0INC',
    ts: '1795316400.000100',
    text: 'Incident resolved',
    channel_type: 'channel',
  };

  it('is read with every id it came with, and with what stands in its attachments', () => {
    const said = readMessage({
      ...event,
      text: '',
      subtype: 'bot_message',
      bot_id: 'B1',
      attachments: [{ title: 'Incident resolved' }],
    });
    expect(said).toMatchObject({ authorIds: ['B1'], text: 'Incident resolved', change: null });
    expect(said?.postedAt.toISOString()).toBe('2026-11-22T03:00:00.000Z');
  });

  it('is not read when it is direct, edited, or another notice', () => {
    expect(readMessage({ ...event, channel_type: 'im' })).toBeNull();
    expect(readMessage({ ...event, subtype: 'message_changed' })).toBeNull();
    expect(readMessage({ ...event, subtype: 'channel_join' })).toBeNull();
    expect(readMessage({ ...event, subtype: 'channel_topic' })).toMatchObject({ change: {} });
  });
});
