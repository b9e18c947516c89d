/** Every kind of message, in every state that a person may read it in. A kind without a case does not compile. */
import { MESSAGES } from '../../src/application/messages/message-ports.ts';
import type { ReportFacts } from '../../src/application/reports/report-run-ports.ts';
import type { MessageKind, MessageKindOf, SubjectKind } from '../../src/application/messages/message-ports.ts';
import type { MessageContent } from '../../src/application/messages/channel.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import type { MessageFacts } from '../../src/application/messages/facts.ts';
import { ANNOUNCEMENT_KINDS } from '../../src/application/record/admin-notification-ports.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import type { RevocationView } from '../../src/application/revocations/revocation-ports.ts';
import type { Alert } from '../../src/domain/alerts/types.ts';
import type { Review } from '../../src/domain/break-glass/follow-up.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Campaign, CampaignLine } from '../../src/domain/reviews/campaign.ts';
import { clientViews } from './client-cases.ts';
import { incidentCases } from './incident-cases.ts';
import { POLICY, policyOf } from './some-policy.ts';
import { grantOf, NOW, personOf, requestOf, viewWith } from './some-view.ts';

/** `listed`: things it lists to be decided on or looked up, each of which may have a line of its own beside the six. */
export type Case = { state: string; content: MessageContent; listed?: number };
type Cases = { [S in SubjectKind]: { [K in MessageKindOf<S>]: readonly Case[] } };

const policy = policyOf(POLICY);
const LATER = new Date(NOW.getTime() + 3_600_000);
const dana = personOf('U0DANA', 'Dana Brandt');

const facts: MessageFacts = {
  ...factsOf(policy, { target: 'orders-db', role: 'write' }),
  face: 'https://avatars.slack-edge.com/local/U0ADA_48.png',
  groups: ['sre'],
  eligible: [{ label: 'owners', count: 1, people: [personOf('U0OLGA', 'olga')] }],
  missing: [{ label: 'owners', count: 1 }],
  waitingFor: ['U0OLGA'],
  offerMs: 1_800_000,
  byHand: { name: 'lk_ada_1', enforcedBy: 'VALID UNTIL', statements: ['ALTER ROLE "lk_ada_1" NOLOGIN;'] },
  fallback: { label: 'security', count: 1, people: [personOf('U0SAM', 'sam')] },
};

const review: Review = {
  id: 'b1',
  grantId: 'g1',
  requestId: 'r1',
  personId: 'T1:U0ADA',
  state: 'open',
  withinMs: 86_400_000,
  openedAt: NOW,
  dueAt: LATER,
  outcome: null,
  note: null,
  reviewerId: null,
  closedAt: null,
  reminders: 0,
  nextReminderAt: LATER,
  escalatedAt: null,
  waivedAt: null,
  waivedBy: null,
};

type Drawn = [state: string, view: RequestView];

const inEach = (kind: MessageKind, states: readonly Drawn[], more: Partial<MessageFacts> = {}): Case[] =>
  states.map(([state, view]) => ({
    state,
    content: { subject: 'request', kind, part: 1, view, facts: { ...facts, ...more } },
  }));

const approved = (state: Grant['state'], grant: Partial<Grant> = {}): RequestView =>
  viewWith(requestOf({ state: 'approved' }), { grant: grantOf(state, grant), decidedBy: dana });
const stuck = { attempts: 4, lastError: 'connect ECONNREFUSED', nextAttemptAt: LATER } as const;
const waiting = ['pending', 'denied', 'cancelled', 'lapsed'] as const;
const begun = ['activating', 'active', 'ending', 'closed', 'removed', 'failed'] as const;
const views: Drawn[] = [
  ...waiting.map((state): Drawn => [state, viewWith(requestOf({ state }))]),
  ...begun.map((state): Drawn => [state, approved(state)]),
  ['not ending', approved('ending', stuck)],
];
/** Of each the living message and, where there is one, the ping beside it. */
export const OVER: readonly Drawn[] = [
  ...(['denied', 'cancelled', 'lapsed'] as const).map((state): Drawn => [state, viewWith(requestOf({ state }))]),
  ['ended', approved('removed')],
  ['failed', approved('failed')],
  [
    'given back',
    viewWith(requestOf({ state: 'approved' }), {
      grant: grantOf('removed', { endCause: 'done' }),
      endedBy: personOf('U0ADA'),
    }),
  ],
];
const glass: Drawn[] = (['active', 'removed'] as const).flatMap((state) => {
  const view = viewWith(requestOf({ state: 'approved', isBreakGlass: true }), { grant: grantOf(state) });
  const closed: Review = { ...review, state: 'closed', outcome: 'justified', note: 'It was down.', closedAt: NOW };
  return [
    [`${state}, to be reviewed`, { ...view, review }],
    [`${state}, overdue`, { ...view, review: { ...review, dueAt: NOW, reminders: 1, escalatedAt: NOW } }],
    [`${state}, reviewed`, { ...view, review: closed, reviewer: dana }],
  ] satisfies Drawn[];
});
const change = {
  byPersonId: 'T1:U0OLGA',
  at: NOW.toISOString(),
  before: { role: 'write', durationMs: 3_600_000 },
  after: { role: 'read', durationMs: 1_800_000 },
  note: 'The replica will do.',
};
const talk = { changes: [change], discussedBy: 'T1:U0OLGA', escalatedAt: NOW, escalateAfterMs: 900_000, reminders: 1 };
const talks: Drawn[] = [
  ['pending', viewWith(requestOf(talk))],
  ['over', viewWith(requestOf({ ...talk, state: 'denied' }), { decidedBy: dana })],
];

const alert = (more: Partial<Alert> = {}): Alert => ({
  id: 'a1',
  mapping: 'orders-slow',
  source: 'pagerduty',
  title: 'p99 of checkout over 3 s',
  url: 'https://runbooks.acme.test/checkout',
  severity: 'critical',
  state: 'firing',
  firing: 1,
  signals: 3,
  route: 'on_call',
  notified: ['U0KIM'],
  version: 1,
  createdAt: NOW,
  resolvedAt: null,
  ...more,
});
const alertPolicy = {
  ...policy,
  alerts: [
    {
      name: 'orders-slow',
      source: 'pagerduty' as const,
      match: { service: null, title: null, severity: null, labels: {} },
      target: 'orders-db',
      role: 'read',
      durationMs: null,
      client: null as string | null,
      to: 'on-call',
      channel: 'dm' as const,
    },
  ],
};
const three = ['ada', 'kim', 'omar'].map((name) => ({
  requestId: 'r1',
  person: personOf(`U0${name.toUpperCase()}`, name),
  isAutomatic: name === 'omar',
}));
const alertCase = (state: string, one: Alert, { askedBy = [] as typeof three, audience = 'U0KIM' } = {}): Case => ({
  state,
  content: { subject: 'alert', policy: alertPolicy, view: { alert: one, askedBy, forClient: [], now: NOW }, audience },
});
const repair = { requestId: 'r1', client: 'remediate', startedBy: 'Sam Ott', isWaiting: true };
const repairCase = (state: string, forClient: readonly (typeof repair)[]): Case => ({
  state,
  content: {
    subject: 'alert',
    policy: { ...alertPolicy, alerts: alertPolicy.alerts.map((one) => ({ ...one, client: 'remediate' })) },
    view: { alert: alert(), askedBy: [], forClient: [...forClient], now: NOW },
    audience: 'U0KIM',
  },
});

const revocation = (state: string, more: Partial<RevocationView>): Case => ({
  state,
  content: {
    subject: 'revocation',
    policy,
    view: {
      id: 'x1',
      personId: 'T1:U0ADA',
      targets: ['orders-db'],
      byPersonId: dana.id,
      reason: 'The laptop was stolen',
      createdAt: NOW,
      finishedAt: null,
      requests: 1,
      preApprovals: 2,
      by: dana,
      person: personOf('U0ADA', 'ada'),
      closed: 3,
      alreadyAbsent: 1,
      ending: 0,
      stuck: [],
      stuckCount: 0,
      now: NOW,
      ...more,
    },
  },
});
const stuckGrants = ['ada', 'kim', 'omar'].map((name) => ({
  grantId: 'g1',
  target: 'orders-db',
  role: 'read',
  grantee: personOf(`U0${name.toUpperCase()}`, name),
  lastError: 'connect ECONNREFUSED',
}));

const preApproval = (state: string, revokedAt: Date | null): Case => ({
  state,
  content: {
    subject: 'pre_approval',
    policy,
    preApproval: {
      id: 'p1',
      personId: 'T1:U0ADA',
      target: 'orders-db',
      role: 'read',
      byPersonId: dana.id,
      createdAt: NOW,
      expiresAt: LATER,
      revokedAt,
      revokedBy: revokedAt && dana.id,
      person: personOf('U0ADA', 'ada'),
      by: dana,
    },
  },
});

const manyLines = Array.from({ length: 30 }, (_, at) => `Orders database: difference ${at}`);
const OFFER_SHOWN = 15;
const notices: Case[] = ANNOUNCEMENT_KINDS.flatMap((kind) => {
  const offer = kind === 'drift_asked' ? { kind: 'drift' as const, id: 'd1', count: 30 } : null;
  const base = { id: 'n1', kind, lines: manyLines, createdAt: NOW, offer, closing: null, closedAt: null, version: 1 };
  const settled = { ...base, closing: 'All of it has ended.', closedAt: LATER };
  return [
    { state: kind, content: { subject: 'admin_notification', notification: base }, listed: offer ? OFFER_SHOWN : 0 },
    { state: `${kind}, settled`, content: { subject: 'admin_notification', notification: settled } },
  ] satisfies Case[];
});

const campaign: Campaign = {
  id: 'c1',
  name: 'quarterly reach',
  what: 'roles',
  period: '2026-Q4',
  silence: 'escalate',
  withinMs: 86_400_000,
  policySha256: 'x',
  state: 'open',
  startedAt: NOW,
  dueAt: LATER,
  overdueAt: null,
  closedAt: null,
  reminders: 0,
};
const lineOf = (at: number): CampaignLine => ({
  id: `l${at}`,
  campaignId: 'c1',
  position: at,
  subject: 'orders-db/write',
  facts: [
    ['Gives', 'member of app_write'],
    ['Used', '3 times by 2 people'],
  ],
  about: [],
  reviewers: [],
  decision: null,
  decidedBy: null,
  decidedAt: null,
  note: null,
});
const LINES_SHOWN = 10;
const campaignCase = (state: string, count: number, more: Partial<Campaign> = {}): Case => ({
  state,
  listed: Math.min(count, LINES_SHOWN),
  content: {
    subject: 'campaign',
    campaign: { ...campaign, ...more },
    lines: Array.from({ length: count }, (_, at) => lineOf(at)),
  },
});

const adviceCase = (state: string, count: number): Case => ({
  state,
  content: {
    subject: 'advice',
    kind: 'advice',
    campaign,
    advice: {
      days: 90,
      advice: Array.from({ length: count }, (_, at) => ({
        ...{ kind: 'cap_above_need', target: `db-${at}`, role: 'read', field: 'max', to: '15m', path: null },
        text: 'max: 15m would do: 95 % of 24 grants were over within 10m.',
      })),
      insufficient: [{ role: 'orders-db/write', data: 'INSUFFICIENT_DATA: 0 of 20 grants' }],
    },
    files: [],
  },
});

const reportCase = (state: string, facts: ReportFacts): Case => ({
  state,
  content: {
    subject: 'report',
    kind: 'report',
    files: [],
    run: {
      ...{ id: 'k3m9x2', name: 'quarter', period: '2026-Q3', state: 'made', ageMs: 1_000, facts },
      ...{ manifest: 'a'.repeat(64), delivered: [] },
    },
  },
});

const cases: Cases = {
  request: {
    approval: inEach('approval', [...views, ...clientViews]),
    requester: [
      ...inEach('requester', [...views, ...glass]),
      ...inEach('requester', talks, { unreachable: 'away' }),
      ...inEach('requester', [['pending, with break-glass', viewWith(requestOf())]], { mayBreakGlass: true }),
    ],
    granted: inEach('granted', views),
    warning: inEach('warning', views),
    outcome: inEach('outcome', views),
    stuck: inEach('stuck', views).map((one) => ({ ...one, listed: 2 })),
    alarm: inEach('alarm', [...views, ...glass]),
    banner: inEach('banner', [...views, ...glass]),
    review: inEach('review', glass),
    review_overdue: inEach('review_overdue', glass),
    reviewed: inEach('reviewed', glass),
    changed: inEach('changed', talks),
    reminder: inEach('reminder', talks),
    escalation: inEach('escalation', talks),
    discussion: inEach('discussion', talks),
  },
  incident: incidentCases(policy),
  alert: {
    alert: [
      alertCase('firing', alert()),
      alertCase('firing, in a channel', alert({ firing: 2, route: 'nobody' }), { askedBy: three, audience: 'C0INC' }),
      alertCase('firing, with no one on call', alert({ route: 'nobody', notified: ['U0OLGA'] }), {
        audience: 'U0OLGA',
      }),
      alertCase('requested', alert(), { askedBy: three }),
      repairCase('firing, for a job', []),
      repairCase('requested for a job', [repair]),
      alertCase('resolved', alert({ state: 'resolved', firing: 0, resolvedAt: LATER }), { askedBy: three }),
    ],
  },
  pre_approval: { pre_approval: [preApproval('given', null), preApproval('withdrawn', NOW)] },
  revocation: {
    progress: [
      revocation('in progress', { ending: 2 }),
      revocation('stuck', { ending: 3, stuck: stuckGrants, stuckCount: 9 }),
      revocation('done', { finishedAt: LATER }),
      revocation('of all', { personId: null, person: null, targets: null, reason: null }),
    ],
  },
  admin_notification: { notice: notices },
  campaign: {
    lines: [
      campaignCase('one line', 1),
      campaignCase('many lines', 30, { reminders: 1 }),
      campaignCase('overdue', 2, { overdueAt: NOW }),
      campaignCase('decided', 0),
    ],
    advice: [adviceCase('a few roles', 2), adviceCase('many roles', 20)],
    advice_files: [],
  },
  report: {
    report: [
      reportCase('in order', { rows: 214, exceptions: 3, unanswered: 0, disagreeing: 0 }),
      reportCase('with open exceptions', { rows: 214, exceptions: 9, unanswered: 4, disagreeing: 0 }),
      reportCase('that does not agree', { rows: 1, exceptions: 1, unanswered: 1, disagreeing: 2 }),
    ],
    files: [],
  },
};

/** Files have no text of their own. */
export const NO_MESSAGE: readonly string[] = ['incident files', 'campaign advice_files', 'report files'];

export const KINDS: string[] = Object.entries(MESSAGES).flatMap(([subject, kinds]) =>
  kinds.map((kind) => `${subject} ${kind}`),
);

export const EVERY: [kind: string, one: Case][] = Object.entries(cases).flatMap(([subject, kinds]) =>
  Object.entries(kinds).flatMap(([kind, list]: [string, readonly Case[]]) =>
    list.map((one): [string, Case] => [`${subject} ${kind}`, one]),
  ),
);
