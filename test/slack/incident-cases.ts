/** Every message of an incident: with one target and no one in there, as it is when it is needed most, and with everything at once. */
import type { MessageContent } from '../../src/application/messages/channel.ts';
import type { MessageKindOf } from '../../src/application/messages/message-ports.ts';
import type {
  IncidentBriefing,
  IncidentTimeline,
  IncidentView,
} from '../../src/application/incidents/incident-types.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import type { Incident } from '../../src/domain/incidents/incident.ts';
import { timelineOf } from '../../src/domain/incidents/make-timeline.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import type { Case } from './every-message.ts';
import { grantOf, NOW, personOf, requestOf, viewWith } from './some-view.ts';

const SOON = new Date(NOW.getTime() + 300_000);
const kim = personOf('U0KIM', 'Kim Tanaka');

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
  openedAt: NOW,
  openedBy: kim.id,
  confirmedBy: null,
  confirmedName: 'inc-1-orders',
  confirmedAt: NOW,
  closedAt: null,
  closedBy: null,
  closeCause: null,
  endsAt: null,
  endedAt: null,
  version: 1,
  ...more,
});
const closed: Partial<Incident> = { state: 'closed', closedAt: NOW, closedBy: kim.id, closeCause: 'command' };

const live = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('active'), requester: kim });
const over = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('removed'), requester: kim });
const waits = viewWith(requestOf({ role: 'write' }), { requester: kim });

const viewOf = (of: Incident, requests: RequestView[]): IncidentView => ({
  incident: of,
  openedBy: kim,
  closedBy: of.closedBy === null ? null : kim,
  confirmedBy: null,
  version: 1,
  counts: { live: requests.length, pending: 0, ended: 0 },
  now: NOW,
  targets: [],
  requests,
});

const asked = { isOnlyRequester: false, standIns: [], away: [], unknown: [], quiet: [], conflicts: [] };
const owners = { ...asked, label: 'owners', count: 1, people: [personOf('U0DANA', 'Dana Brandt')] };
const orders = {
  target: 'orders-db',
  title: 'Orders database',
  why: [{ kind: 'name' }],
  roles: [
    { role: 'read', title: 'Read only', decision: 'approve', rule: 'On-call reads', eligible: [] },
    { role: 'write', title: 'Read-write', decision: 'ask', rule: 'Writes', eligible: [owners] },
  ],
  readNow: { role: 'read', durationMs: 1_800_000, reason: 'incident', rule: 'On-call reads' },
} as unknown as IncidentBriefing['targets'][number];
const users = {
  ...orders,
  target: 'users-db',
  title: 'Users database',
  readNow: null,
  why: [{ kind: 'recent', incidents: 2 }],
} as IncidentBriefing['targets'][number];

type Kind = MessageKindOf<'incident'>;
type Shape = {
  of?: Partial<Incident>;
  requests?: RequestView[];
  briefing?: Partial<IncidentBriefing>;
  isOld?: boolean;
  audience?: string;
  refusal?: string | null;
  listed?: number;
};

export const incidentCases = (policy: Policy): Record<Kind, readonly Case[]> => {
  const one = (kind: Kind, state: string, shape: Shape = {}): Case => {
    const {
      of = {},
      requests = [],
      briefing = {},
      isOld = false,
      audience = 'C0INC',
      refusal = null,
      listed = 0,
    } = shape;
    const view = viewOf(incident(of), requests);
    const timeline: IncidentTimeline = {
      view,
      timeline: timelineOf({ ...view, history: [], shownAt: new Map() }),
      json: '',
      markdown: '',
    };
    const content: MessageContent = {
      subject: 'incident',
      kind,
      audience,
      policy,
      briefing: { view, targets: [orders], onCall: [{ group: 'on-call', people: [kim] }], unknown: [], ...briefing },
      missing: new Map(requests.map(({ request }) => [request.id, [{ label: 'owners', count: 1 }]])),
      requestedHere: new Set(),
      isOld,
      refusal,
      timeline,
    };
    return { state, content, listed };
  };
  const ending = { ...closed, endsAt: SOON };
  return {
    prompt: [
      one('prompt', 'just opened'),
      one('prompt', 'no target matches', { briefing: { targets: [], onCall: [] } }),
      one('prompt', 'not confirmed', { of: { confirmedAt: null }, listed: 1 }),
      one('prompt', 'another severity and name', { of: { severity: 'sev2', channelName: 'inc-2' }, listed: 1 }),
      one('prompt', 'everything', {
        requests: [live, over, waits],
        briefing: { targets: [orders, users], onCall: [{ group: 'on-call', people: null }], unknown: ['on-call'] },
        listed: 8,
      }),
      one('prompt', 'closed, access ends soon', { of: ending, requests: [live], listed: 1 }),
      one('prompt', 'closed', { of: { ...closed, endedAt: NOW }, requests: [over] }),
      one('prompt', 'old', { isOld: true }),
    ],
    closing: [
      one('closing', 'access ends soon', { of: ending, requests: [live] }),
      one('closing', 'over', { of: { ...closed, endedAt: NOW }, requests: [over] }),
      one('closing', 'opened again', {}),
      one('closing', 'to a holder', { of: ending, requests: [live], audience: 'U0KIM' }),
    ],
    timeline: [
      one('timeline', 'of one access', { of: { ...closed, endedAt: NOW }, requests: [over] }),
      one('timeline', 'of none, elsewhere', { of: { ...closed, isArchived: true }, audience: 'U0SAM' }),
      one('timeline', 'still open', { requests: [live, over, waits], listed: 3 }),
    ],
    files: [],
    notice: [one('notice', 'to an admin', { audience: 'U0SAM', refusal: 'missing_scope' })],
  };
};
