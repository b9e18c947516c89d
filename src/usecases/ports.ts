/** What use cases need from outside, as they see it; `app.ts` gives them the real ones. */
import type { Actor, AuditEntry } from '../core/events.ts';
import type { Policy } from '../core/policy/types.ts';
import type {
  Absence,
  Allowance,
  Decision,
  Extension,
  Grant,
  Incident,
  Person,
  Request,
  Review,
  Source,
  Vote,
} from '../core/types.ts';
import type { Log } from '../lib/log.ts';
import type { AddressReads, AddressWrites, DoubtedAddress, GroupsRead } from './ports-addresses.ts';
import type { ExtensionReads, ExtensionWrites, MoreTimeAsked } from './ports-extensions.ts';
import type { DriftReads, DriftWrites } from './ports-drift.ts';
import type { LeaverWrites } from './ports-leavers.ts';
import type { UseReads, UseWrites } from './ports-use.ts';
import type { ReviewWrites } from './ports-review.ts';
import type { RevocationReads, RevocationWrites, SetRevocationDrawn } from './ports-revocation.ts';
import type { AnnouncementStore, AnnouncementWrites, OverdueTarget, OverdueWrites } from './ports-news.ts';
import type { AlertReads, AlertStore, AlertWrites } from './ports-alerts.ts';
import type { IncidentMessages, IncidentReads, IncidentWrites } from './ports-incidents.ts';
import type { AskedThen, RequestWrites } from './ports-requests.ts';
import type { Access } from './ports-access.ts';
import type { GrantWrites } from './ports-grants.ts';
import type { Holdings, LimitWrites } from './ports-limits.ts';

export const WORK_KINDS = [
  'activate',
  'end',
  'extend',
  'notify',
  'announce',
  'allowance',
  'incident',
  'revocation',
  'alert',
] as const;
/** Outgoing work: activate or end a grant, move its end, bring the Slack messages of a request or of an incident up to date, or tell admins some news. */
export type WorkKind = (typeof WORK_KINDS)[number];

/** One row of the outbox. `subjectId` is a grant id for activate and end, a request id for extend and notify, an announcement's for announce. */
export type Work = {
  id: string;
  kind: WorkKind;
  subjectId: string;
  /** How long until it may be done, by the database clock; 0 when it may be done now. */
  delayMs: number;
  /** Which hand-over this is, from 1; 0 while the process that wrote it keeps it to do it itself. */
  dispatches: number;
};

/** What a committed transaction wrote into the outbox: rows that this process keeps to do at once, and when the first of the others may be done. */
export type Written = { kept: Pick<Work, 'id' | 'kind' | 'subjectId'>[]; othersInMs: number | null };

export type SealedSecret = { keyId: string; nonce: Buffer; ciphertext: Buffer };

/** One transaction. All times it writes come from the database clock. */
export type Tx = {
  now(): Promise<Date>;
  people: { listByIds(ids: string[]): Promise<Person[]>; upsert(person: Person): Promise<void> };
  requests: RequestWrites;
  asks: {
    /** Keeps what was asked and the facts it was judged by; `requestId` is null where nothing was sent. */
    record(asked: AskedThen): Promise<void>;
  };
  votes: {
    /** One vote per person: `exists` when there was one of the same kind, `changed` when it was of the other. */
    put(
      vote: Omit<Vote, 'createdAt' | 'inSteadOf'> & Partial<Pick<Vote, 'inSteadOf'>>,
    ): Promise<'inserted' | 'changed' | 'exists'>;
    list(requestId: string): Promise<(Vote & { voter: Person })[]>;
    /** A leaver's vote is taken out; the audit log keeps it. */
    remove(requestId: string, voterId: string): Promise<void>;
  };
  absences: {
    put(absence: { personId: string; until: Date; delegateId: string | null }): Promise<void>;
    /** False when there was none that is still running. */
    remove(personId: string): Promise<boolean>;
  };
  policies: {
    /** Records which policy is in force; null when it was already, else the one before. One process at a time. */
    adopt(policy: {
      sha256: string;
      source: string;
    }): Promise<{ before: { sha256: string; source: string } | null } | null>;
  };
  announcements: AnnouncementWrites;
  overdue: OverdueWrites;
  revocations: RevocationWrites;
  drift: DriftWrites;
  use: UseWrites;
  limits: LimitWrites;
  leavers: LeaverWrites;
  addresses: AddressWrites;
  decisions: {
    insert(decision: Omit<Decision, 'decidedAt'>): Promise<void>;
    find(requestId: string): Promise<Decision | null>;
  };
  grants: GrantWrites;
  extensions: ExtensionWrites;
  allowances: {
    insert(
      allowance: Pick<Allowance, 'id' | 'personId' | 'target' | 'role' | 'byPersonId'> & { forMs: number },
    ): Promise<Pick<Allowance, 'expiresAt'>>;
    /** Live ones for this person and role, kept from being revoked until the transaction ends. */
    hold(wanted: Pick<Allowance, 'personId' | 'target' | 'role'>): Promise<AllowanceView[]>;
    /** False when it was revoked or had expired before. */
    revoke(id: string, byPersonId: string): Promise<boolean>;
  };
  reviews: ReviewWrites;
  secrets: {
    put(grantId: string, secret: SealedSecret): Promise<void>;
    find(grantId: string): Promise<SealedSecret | null>;
    destroy(grantIds: readonly string[]): Promise<void>;
  };
  incidents: IncidentWrites;
  /** `notify` of a request that is tied to an incident brings the incident's messages up to date as well. */
  alerts: AlertWrites;
  outbox: { add(kind: WorkKind, subjectId: string, availableInMs?: number): Promise<void> };
  audit: { append(entry: AuditEntry): Promise<void> };
};

export type AllowanceView = Allowance & { person: Person; by: Person };
/** Where the person was told of it. */
export type ToldAllowance = AllowanceView & { channel: string | null; ts: string | null };

/** Everything about one request, for messages and lists; read in one snapshot. */
export type RequestView = {
  request: Request;
  requester: Person;
  votes: (Vote & { voter: Person })[];
  decision: Decision | null;
  decidedBy: Person | null;
  grant: Grant | null;
  endedBy: Person | null;
  /** Where this asks for more time: the grant it is about, and the move of its end once that was decided. */
  extended: Grant | null;
  extension: Extension | null;
  /** Where this is a grant: what asks for more time for it and is not settled yet. */
  moreTime: MoreTimeAsked | null;
  /** Of access that was taken by break-glass. */
  review: Review | null;
  reviewer: Person | null;
  /** The one it is tied to. */
  incident: Incident | null;
  now: Date;
};

/**
 * `alarm`, `banner`, `review`, `review_overdue` and `reviewed` are of break-glass: to those who are told, to the target's channel,
 * to the reviewers, to the admins, and to whoever took the access.
 */
export type MessageKind =
  | 'approval'
  | 'requester'
  | 'granted'
  | 'warning'
  | 'outcome'
  | 'stuck'
  | 'alarm'
  | 'banner'
  | 'review'
  | 'review_overdue'
  | 'reviewed'
  | 'changed'
  | 'reminder'
  | 'escalation'
  | 'discussion';

/** One Slack message that shows a request. `audience` is a channel id or a user id; `channel`/`ts` are where it was posted. */
export type MessageCopy = {
  requestId: string;
  kind: MessageKind;
  audience: string;
  /** Which of several of one kind, from 1: the number of the reminder or the change. 0 where there is only one. */
  part: number;
  channel: string | null;
  ts: string | null;
  drawnVersion: number;
  /** Error code of Slack when this recipient cannot be reached; the others are not held up. */
  failure: string | null;
};

export type Store = AlertStore & {
  /** Runs `work` in one transaction, again when it was a serialization failure or deadlock; outgoing work is relayed after commit. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  read: AddressReads &
    ExtensionReads &
    AlertReads &
    IncidentReads &
    RevocationReads &
    DriftReads &
    UseReads & {
      now(): Promise<Date>;
      request(id: string): Promise<Request | null>;
      grant(id: string): Promise<Grant | null>;
      person(id: string): Promise<Person | null>;
      view(requestId: string): Promise<RequestView | null>;
      /** What this person has now, in any of their accounts. */
      holdings(personId: string): Promise<Holdings>;
      /** Absences of these people that are running now. */
      absencesOf(personIds: string[]): Promise<Absence[]>;
      /** Newest first. */
      viewsOf(personId: string, limit: number): Promise<RequestView[]>;
      /** Tied to this incident: live ones first, then those that wait, then the rest, each newest first. */
      viewsOfIncident(incidentId: string, limit: number): Promise<RequestView[]>;
      /** Pending requests, oldest first. */
      pending(limit: number): Promise<RequestView[]>;
      /** Grants that are activating, active or ending, soonest end first; of one target when given. */
      liveViews(target: string | null, limit: number): Promise<RequestView[]>;
      /** Live ones, soonest end first: of or by this person, or in this target. */
      allowances(of: { personId: string } | { target: string }, limit: number): Promise<AllowanceView[]>;
      allowance(id: string): Promise<ToldAllowance | null>;
      /** Requests whose review is open, soonest deadline first. */
      openReviews(limit: number): Promise<RequestView[]>;
      /** Ids of grants whose id or request id begins with `prefix`, of `personId` when given; with an empty prefix only live ones. */
      findGrantIds(prefix: string, personId: string | null): Promise<string[]>;
      /** How late the latest end is, in milliseconds by the database clock; 0 when nothing is overdue. */
      oldestOverdueMs(): Promise<number>;
      /** The latest first. */
      overdueTargets(): Promise<OverdueTarget[]>;
      /** Milliseconds until the next active grant is due, negative when it is overdue, null when there is none. */
      msToNextDeadline(): Promise<number | null>;
      /** `oldestWorkMs`: how long the oldest outgoing work could have been done. */
      counts(): Promise<{
        pending: number;
        active: number;
        ending: number;
        unsentWork: number;
        oldestWorkMs: number;
        unsealed: number;
      }>;
    };
  /** Where somebody was told that they are allowed. */
  setAllowanceTold(id: string, told: { channel: string; ts: string }): Promise<void>;
  messages: {
    /** Leases message work on one request to one caller, with all there is to draw; null when somebody else has it. */
    open(requestId: string, leaseMs: number): Promise<{ view: RequestView; copies: MessageCopy[] } | null>;
    /** Ends the lease. A version later than the drawn one says that there is more to draw. */
    release(requestId: string): Promise<{ version: number }>;
    /** What became of one copy; there is one for each kind, audience and part. */
    save(copy: MessageCopy): Promise<void>;
  };
  incidentMessages: IncidentMessages;
  outbox: {
    /** Marks up to `limit` rows as dispatched and returns them; rows another process holds are skipped. */
    take(limit: number): Promise<Work[]>;
    done(id: string): Promise<void>;
    /** Puts a row back for `retryInMs` later with the error. */
    postpone(id: string, error: string, retryInMs: number): Promise<void>;
    /** Puts back rows that were dispatched and not done: all (the queue was lost) or those older than `olderThanMs`, and sooner what a process kept. */
    putBack(olderThanMs: number): Promise<number>;
  };
  audit: {
    /** Numbers and chains committed events; one process at a time, the others return 0. */
    seal(limit: number): Promise<number>;
  };
  announcements: AnnouncementStore;
  setRevocationDrawn: SetRevocationDrawn;
};

/** People and groups. Failures are `lookup_failed`, an unknown or foreign account `unknown_person`. */
export type Directory = {
  /** Read from Slack now. */
  person(userId: string): Promise<Person>;
  /** Read from Slack now: everyone in these sources who is active; `manager` is the requester's, and nobody's without one. */
  members(sources: Source[], requester: Person | null): Promise<Person[]>;
  /** Which of these groups of the policy, or of all when none are named, the person is in, read now. One that cannot be read fails no other. */
  groupsOf(person: Person, names?: readonly string[]): Promise<GroupsRead>;
  /** Addresses in these sources that count for nobody now. From a short cache: it explains, and decides nothing. */
  doubts(sources: Source[]): Promise<DoubtedAddress[]>;
  /** The same from a short cache: for lists and previews, never for a decision. */
  recentMembers(sources: Source[], requester: Person | null): Promise<Person[]>;
  recentGroupsOf(person: Person, names?: readonly string[]): Promise<GroupsRead>;
};

/** Encrypts what the requester may see. The grant id is bound in, so a secret cannot be moved to another grant. */
export type Vault = {
  seal(grantId: string, plain: string): SealedSecret;
  open(grantId: string, sealed: SealedSecret): string;
};

export type Ids = { next(): string };

export type Deps = {
  store: Store;
  directory: Directory;
  access: Access;
  vault: Vault;
  ids: Ids;
  /** The policy in force now. */
  policy: () => Policy;
  log: Log;
};

export const actorOf = (person: Person): Actor => ({
  kind: 'person',
  id: person.id,
  name: person.name,
  email: person.email,
});
