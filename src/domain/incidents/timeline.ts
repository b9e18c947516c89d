/** What is told of an incident afterwards: who had what, when, why, who agreed, and how it ended. Made of what was stored; says what is not known. */
import type { EventType } from '../audit/events.ts';
import type { Review } from '../break-glass/follow-up.ts';
import type { Grant } from '../grants/grant.ts';
import type { Json } from '../json.ts';
import type { ClientJob } from '../principals/client.ts';
import type { Person } from '../principals/person.ts';
import type { Principal } from '../principals/principal.ts';
import type { Requester } from '../principals/requester.ts';
import type { Decision } from '../requests/decision.ts';
import type { Request } from '../requests/request.ts';
import type { Vote } from '../requests/vote.ts';
import type { Incident } from './incident.ts';

/** `client`: of a machine that requested, its issuer and the job; left out for people. */
export type TimelinePerson = {
  id: string;
  name: string;
  email: string | null;
  client?: { issuer: string; job: ClientJob };
};

/** One request and what came of it. Times are ISO in UTC; null is "did not happen" unless said otherwise. */
export type TimelineAccess = {
  requestId: string;
  grantId: string | null;
  who: TimelinePerson;
  target: string;
  role: string;
  reason: string;
  ticket: string | null;
  isBreakGlass: boolean;
  askedAt: string;
  askedForMs: number;
  outcome: 'waiting' | 'denied' | 'cancelled' | 'lapsed' | 'failed' | 'preparing' | 'live' | 'ending' | 'ended';
  decidedAt: string | null;
  /** `break-glass` where nobody was asked; null where no rule matched. */
  rule: string | null;
  policySha256: string;
  /** Who made the decision; null is the rule itself. */
  decidedBy: TimelinePerson | null;
  decisionNote: string | null;
  votes: {
    by: TimelinePerson;
    kind: 'approve' | 'deny';
    at: string;
    reason: string | null;
    inSteadOf: string | null;
  }[];
  startedAt: string | null;
  /** When its owner first looked at the credentials. */
  credentialsShownAt: string | null;
  /**
   * When what was first seen in use had begun. Null: not seen in use where `isUseTold`, which is not the same as not used; otherwise
   * not known, since its target does not tell it.
   */
  firstUsedAt: string | null;
  isUseTold: boolean;
  expiresAt: string | null;
  endedAt: string | null;
  endCause: string | null;
  endedBy: TimelinePerson | null;
  endReason: string | null;
  /** What was found when it was taken away. */
  endOutcome: string | null;
  /** Its owner kept it beyond the close. */
  isKept: boolean;
  review: { outcome: string | null; note: string | null } | null;
  /** A freeze denied it, and a person overrode that for it. */
  override?: { by: string; freezes: string[]; reason: string };
};

export type TimelineEvent = {
  at: string;
  what: string;
  who: string | null;
  detail: string | null;
  requestId: string | null;
};

export type Timeline = {
  version: 1;
  madeAt: string;
  incident: {
    id: string;
    channelId: string;
    channelName: string;
    topic: string;
    severity: string;
    state: Incident['state'];
    openedAt: string;
    openedBy: TimelinePerson | null;
    how: string;
    /** By whose word the rules took it for an incident. */
    confirmedBy: TimelinePerson | null;
    closedAt: string | null;
    closedBy: TimelinePerson | null;
    closeCause: string | null;
    accessEndedAt: string | null;
  };
  access: TimelineAccess[];
  /** Oldest first. */
  events: TimelineEvent[];
};

type Tied = {
  request: Request;
  requester: Requester;
  votes: readonly (Vote & { voter: Person })[];
  decision: Decision | null;
  decidedBy: Person | null;
  grant: Grant | null;
  endedBy: Principal | null;
  review: Review | null;
};

export type TimelineInput = {
  now: Date;
  incident: Incident;
  openedBy: Person | null;
  closedBy: Person | null;
  confirmedBy: Person | null;
  requests: readonly Tied[];
  history: readonly { type: EventType; at: Date; by: Person | null; data: { [key: string]: Json } }[];
  /** By grant. */
  shownAt: ReadonlyMap<string, Date>;
};

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
  isUseTold: grant?.isUseTold ?? false,
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

const said = (data: { [key: string]: Json }, key: string): string | null => {
  const value = data[key];
  return typeof value === 'string' && value !== '' ? value : null;
};

/** What happened to the incident itself, in a few words. */
const CHANGES: Partial<Record<EventType, (data: { [key: string]: Json }) => [what: string, detail: string | null]>> = {
  'incident.opened': (data) => ['incident opened', said(data, 'name')],
  'incident.reopened': () => ['incident reopened', null],
  'incident.renamed': (data) => ['channel renamed', said(data, 'after')],
  'incident.topic': (data) => ['topic changed', said(data, 'after')],
  'incident.purpose': (data) => ['purpose changed', said(data, 'after')],
  'incident.severity': (data) => ['severity changed', said(data, 'after') ?? 'unknown'],
  'incident.confirmed': () => ['incident confirmed', null],
  'incident.closed': (data) => ['incident closed', said(data, 'cause')],
  'incident.ended': () => ['access of the incident ended', null],
};

const incidentEvents = ({ history }: TimelineInput): TimelineEvent[] =>
  history.flatMap(({ type, at, by, data }) => {
    const words = CHANGES[type]?.(data);
    if (!words) return [];
    const [what, detail] = words;
    return [{ at: at.toISOString(), what, who: by?.name ?? said(data, 'user'), detail, requestId: null }];
  });

/** All whose votes made it, not only the last. */
const approversOf = ({ votes, decidedBy }: TimelineAccess): string | null => {
  if (!decidedBy) return null;
  const names = votes.filter(({ kind }) => kind === 'approve').map(({ by }) => by.name);
  return [...new Set([...names, decidedBy.name])].join(', ');
};

const overrodeWords = ({ override }: TimelineAccess): string => `overrode freeze ${override?.freezes.join(', ') ?? ''}`;

const accessEvents = (access: TimelineAccess): TimelineEvent[] => {
  const { requestId, who, decidedBy, endedBy } = access;
  const detail = `${access.target}/${access.role}`;
  const isDenied = access.outcome === 'denied';
  const isAgreed = access.grantId !== null;
  const steps: [at: string | null, what: string, who: string | null][] = [
    [access.askedAt, access.isBreakGlass ? 'broke glass' : 'asked', who.name],
    [access.override ? access.askedAt : null, overrodeWords(access), access.override?.by ?? null],
    ...access.votes.map(({ at, kind, by }): [string, string, string] => [
      at,
      kind === 'approve' ? 'agreed' : 'refused',
      by.name,
    ]),
    [isDenied ? access.decidedAt : null, 'denied', decidedBy?.name ?? null],
    [isAgreed && !access.isBreakGlass ? access.decidedAt : null, 'approved', approversOf(access)],
    [access.startedAt, 'access began', who.name],
    [access.credentialsShownAt, 'credentials first shown', who.name],
    [access.firstUsedAt, 'first seen in use', who.name],
    [access.endedAt, 'access ended', endedBy?.name ?? null],
  ];
  return steps.flatMap(([at, what, by]) => (at === null ? [] : [{ at, what, who: by, detail, requestId }]));
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
