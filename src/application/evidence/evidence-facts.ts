/** What the events of one grant say, for people. Only the texts that are proved are read. */
import { completenessOf, withRecordEvent } from '../../domain/grants/recording.ts';
import type { Completeness } from '../../domain/grants/recording.ts';
import type { Json } from '../../domain/json.ts';

export type ProvedPart = { text: string; salt: Buffer };
export type ProvedEvent = { seq: number; open: ProvedPart; personal: ProvedPart | { commitment: Buffer } };

export type OpenFacts = {
  at: string;
  type: string;
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  grantEventsTotal?: number;
  data: { [key: string]: Json };
};
type PersonalFacts = { actor: { id?: Json; name?: Json; email?: Json }; data: { [key: string]: Json } };
export type ReadEvent = { seq: number; open: OpenFacts; personal: PersonalFacts | null };

export type Person = { id: string; name: string; email: string | null };
export type Line = { seq: number; at: string; type: string; by: string };
/** `people` is null in a redacted bundle, and where personal parts were erased. */
export type GrantFacts = {
  grant: string;
  request: string;
  /** As it was given: an approver may have made the role smaller and the time shorter than requested. */
  target: string;
  role: string;
  requestedAt: string;
  approvedAt: string | null;
  activeAt: string | null;
  removedAt: string;
  lateMs: number;
  cause: string | null;
  durationMs: number | null;
  isBreakGlass: boolean;
  rule: string | null;
  policySha256: string;
  /** What was done, in how many statements, and whether that is all; null where it was not recorded. */
  statements: string | null;
  people: {
    requester: Person;
    reason: string | null;
    ticket: string | null;
    votes: (Person & { vote: string; at: string })[];
  } | null;
  events: Line[];
};

export const readEvent = ({ seq, open, personal }: ProvedEvent): ReadEvent => ({
  seq,
  open: JSON.parse(open.text) as OpenFacts,
  personal: 'text' in personal ? (JSON.parse(personal.text) as PersonalFacts) : null,
});

const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
const number = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);

const personOf = ({ personal }: ReadEvent): Person => ({
  id: text(personal?.actor.id) ?? '',
  name: text(personal?.actor.name) ?? '',
  email: text(personal?.actor.email),
});

const peopleOf = (created: ReadEvent, events: readonly ReadEvent[]): GrantFacts['people'] =>
  events.some(({ personal }) => personal === null)
    ? null
    : {
        requester: personOf(created),
        reason: text(created.personal?.data['reason']),
        ticket: text(created.personal?.data['ticket']),
        votes: events
          .filter(({ open }) => open.type === 'vote.cast')
          .map((event) => ({ ...personOf(event), vote: text(event.personal?.data['kind']) ?? '', at: event.open.at })),
      };

const lineOf = (event: ReadEvent): Line => ({
  seq: event.seq,
  at: event.open.at,
  type: event.open.type,
  by: event.personal === null ? 'not shown' : personOf(event).name || personOf(event).id,
});

const statementsOf = (grantId: string, events: readonly ReadEvent[]): string | null => {
  const done = events
    .filter(({ open }) => open.grantId === grantId)
    .reduce<Completeness | null>((before, { open }) => withRecordEvent(before, open), null);
  return done && completenessOf(done);
};

/** What is wanted has been given and removed; null where the events do not say so. */
export const factsOf = (ids: { grant: string; request: string }, events: readonly ReadEvent[]): GrantFacts | null => {
  const last = (type: string): ReadEvent | undefined =>
    events.findLast(({ open }) => open.type === type && open.requestId === ids.request);
  const [created, approved, active] = [last('request.created'), last('request.approved'), last('grant.active')];
  const removed = events.find(({ open }) => open.grantEventsTotal !== undefined);
  const given = last('grant.activating') ?? created;
  const decision = approved ?? created;
  const policySha256 = text(decision?.open.data['policy']);
  if (!created || !removed || policySha256 === null) return null;
  return {
    ...ids,
    target: removed.open.target ?? '',
    role: removed.open.role ?? '',
    requestedAt: created.open.at,
    approvedAt: approved?.open.at ?? null,
    activeAt: active?.open.at ?? null,
    removedAt: removed.open.at,
    lateMs: number(removed.open.data['lateMs']) ?? 0,
    cause: text(removed.open.data['cause']),
    durationMs: number(given?.open.data['durationMs']),
    isBreakGlass: created.open.data['isBreakGlass'] === true,
    rule: text(decision?.open.data['rule']),
    policySha256,
    statements: statementsOf(ids.grant, events),
    people: peopleOf(created, events),
    events: events.map(lineOf),
  };
};
