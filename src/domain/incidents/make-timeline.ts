/** Makes the timeline of an incident from what was stored. */
import type { Grant } from '../grants/grant.ts';
import type { Person } from '../principals/person.ts';
import type { Principal } from '../principals/principal.ts';
import type { Requester } from '../principals/requester.ts';
import type { Request } from '../requests/request.ts';
import type { Incident } from './incident.ts';
import { accessEvents, incidentEvents } from './timeline-events.ts';
import type { Tied, Timeline, TimelineAccess, TimelineInput, TimelinePerson } from './timeline.ts';

const iso = (at: Date | null | undefined): string | null => at?.toISOString() ?? null;

const emailOf = (principal: Principal): string | null => (principal.kind === 'person' ? principal.email : null);

const personOf = (principal: Principal | null): TimelinePerson | null =>
  principal && { id: principal.id, name: principal.name, email: emailOf(principal) };

const requesterOf = (requester: Requester): TimelinePerson => ({
  id: requester.id,
  name: requester.name,
  email: emailOf(requester),
  ...(requester.kind === 'client' && { client: { issuer: requester.issuer, job: requester.job } }),
});

const mustPersonOf = ({ id, name, email }: Person): TimelinePerson => ({ id, name, email });

const OUTCOME_OF_GRANT = {
  activating: 'preparing',
  active: 'live',
  ending: 'ending',
  closed: 'ended',
  removed: 'ended',
  failed: 'failed',
} as const satisfies Record<Grant['state'], TimelineAccess['outcome']>;

const outcomeOf = ({ request, grant }: Tied): TimelineAccess['outcome'] => {
  if (grant) return OUTCOME_OF_GRANT[grant.state];
  if (request.state === 'pending') return 'waiting';
  return request.state === 'approved' ? 'preparing' : request.state;
};

const isKept = (grant: Grant | null, { closedAt }: Incident): boolean =>
  grant !== null && grant.keptAt !== null && closedAt !== null && grant.keptAt >= closedAt;

const grantFacts = (grant: Grant | null, input: TimelineInput) => ({
  grantId: grant?.id ?? null,
  startedAt: iso(grant?.activatedAt),
  credentialsShownAt: iso(grant && input.shownAt.get(grant.id)),
  firstUsedAt: iso(grant?.firstUsedAt),
  isUseTold: grant?.reportsUsage ?? false,
  expiresAt: iso(grant?.expiresAt),
  endedAt: iso(grant?.closedAt),
  endCause: grant?.endCause ?? null,
  endReason: grant?.endReason ?? null,
  endOutcome: grant?.endOutcome ?? null,
  isKept: isKept(grant, input.incident),
});

const overrideIn = ({ origin }: Request): Pick<TimelineAccess, 'override'> =>
  origin?.kind === 'override'
    ? { override: { by: origin.by.name, freezes: origin.freezes, reason: origin.reason } }
    : {};

const accessOf = (tied: Tied, input: TimelineInput): TimelineAccess => {
  const { request, votes, decision, review } = tied;
  return {
    requestId: request.id,
    who: requesterOf(tied.requester),
    target: request.target,
    role: request.role,
    reason: request.reason,
    ticket: request.ticket,
    isBreakGlass: request.isBreakGlass,
    askedAt: request.createdAt.toISOString(),
    askedForMs: request.durationMs,
    outcome: outcomeOf(tied),
    decidedAt: iso(decision?.decidedAt ?? request.decidedAt),
    rule: decision ? decision.rule : request.rule,
    policySha256: decision?.policySha256 ?? request.policySha256,
    decidedBy: personOf(tied.decidedBy),
    decisionNote: decision?.reason ?? null,
    votes: votes.map(({ voter, kind, createdAt, reason, inSteadOf }) => ({
      by: mustPersonOf(voter),
      kind,
      at: createdAt.toISOString(),
      reason,
      inSteadOf,
    })),
    ...grantFacts(tied.grant, input),
    endedBy: personOf(tied.endedBy),
    review: review && { outcome: review.outcome, note: review.note },
    ...overrideIn(request),
  };
};

export const timelineOf = (input: TimelineInput): Timeline => {
  const { incident } = input;
  const access = input.requests
    .map((tied) => accessOf(tied, input))
    .sort((a, b) => (a.askedAt < b.askedAt ? -1 : a.askedAt > b.askedAt ? 1 : a.requestId < b.requestId ? -1 : 1));
  const events = [...incidentEvents(input), ...access.flatMap(accessEvents)];
  return {
    version: 1,
    madeAt: input.now.toISOString(),
    incident: {
      id: incident.id,
      channelId: incident.channelId,
      channelName: incident.channelName,
      topic: incident.topic,
      severity: incident.severity,
      state: incident.state,
      openedAt: incident.openedAt.toISOString(),
      openedBy: personOf(input.openedBy),
      how: incident.how,
      confirmedBy: personOf(input.confirmedBy),
      closedAt: iso(incident.closedAt),
      closedBy: personOf(input.closedBy),
      closeCause: incident.closeCause,
      accessEndedAt: iso(incident.endedAt),
    },
    access,
    // Stable: what stands at the same moment keeps the order in which it was written.
    events: events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
  };
};
