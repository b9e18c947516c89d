/** What use cases need from outside, as they see it; `app.ts` gives them the real ones. */
import type { Actor, AuditEntry } from '../core/events.ts';
import type { RequestState } from '../core/lifecycle.ts';
import type { Policy } from '../core/policy/types.ts';
import type {
  Absence,
  Allowance,
  Decision,
  EndCause,
  EndOutcome,
  Extension,
  Grant,
  Incident,
  Json,
  Person,
  Request,
  Review,
  RequestChange,
  Source,
  Vote,
} from '../core/types.ts';
import type { Log } from '../lib/log.ts';
import type { AddressReads, AddressWrites, DoubtedAddress, GroupsRead } from './ports-addresses.ts';
import type { ExtensionReads, ExtensionWrites, MoreTimeAsked } from './ports-extensions.ts';
import type { DriftAccess, DriftReads, DriftWrites } from './ports-drift.ts';
import type { LeaverWrites } from './ports-leavers.ts';
import type { OnInUse, TellsUse, UseAccess, UseReads, UseWrites } from './ports-use.ts';
import type { ReviewWrites } from './ports-review.ts';
import type { RevocationReads, RevocationWrites, SetRevocationDrawn } from './ports-revocation.ts';
import type { AnnouncementStore, AnnouncementWrites, OverdueTarget, OverdueWrites } from './ports-news.ts';
import type { AlertReads, AlertStore, AlertWrites } from './ports-alerts.ts';
import type { IncidentMessages, IncidentReads, IncidentWrites } from './ports-incidents.ts';
import type { AskedThen, NewRequest, Schedule } from './ports-requests.ts';

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
  requests: {
    /** `exists` with the stored request when the idempotency key was seen before. */
    insert(request: NewRequest): Promise<{ outcome: 'inserted' | 'exists'; request: Request }>;
    lock(id: string): Promise<Request | null>;
    /** Moves the state and raises the version. */
    setState(id: string, state: RequestState): Promise<void>;
    setRule(id: string, judged: Pick<Request, 'rule' | 'policySha256' | 'requirements' | 'isInOrder'>): Promise<void>;
    touch(id: string): Promise<void>;
    /** An approver made it smaller; the request asks for this from now on. */
    setAsk(id: string, change: RequestChange): Promise<void>;
    /** Replaces what the rule says about reminders and escalation; what has happened stays, and the silence begins anew. */
    setSchedule(id: string, schedule: Schedule): Promise<void>;
    /** Somebody voted: the silence after which others are asked begins anew. */
    restartSilence(id: string): Promise<void>;
    /** Locks and returns pending requests whose approvers are to be reminded now, skipping those others hold. */
    lockToRemind(limit: number): Promise<Request[]>;
    /** Counts a reminder and sets the next one twice as far away, or none when the request lapses before it. */
    setReminded(id: string): Promise<void>;
    /** Locks and returns pending requests that were silent for too long, skipping those others hold. */
    lockToEscalate(limit: number): Promise<Request[]>;
    setEscalated(id: string): Promise<void>;
    /** False when somebody did before. */
    setDiscussed(id: string, personId: string): Promise<boolean>;
    /** False when it was known before. */
    setUnreachable(id: string): Promise<boolean>;
    /** Says who cancelled it, where that was not the requester. */
    noteCancelled(id: string, note: { by: string | null; reason: string | null }): Promise<void>;
    /** Locks and returns pending requests on which this person voted. */
    lockVotedBy(personId: string): Promise<Request[]>;
    /** Ids of everything that waits, oldest first. */
    pendingIds(limit: number): Promise<string[]>;
    /** Locks and returns pending requests whose time is over, skipping those others hold. */
    lockLapsed(limit: number): Promise<Request[]>;
  };
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
  leavers: LeaverWrites;
  addresses: AddressWrites;
  decisions: {
    insert(decision: Omit<Decision, 'decidedAt'>): Promise<void>;
    find(requestId: string): Promise<Decision | null>;
  };
  grants: {
    insert(
      grant: Pick<
        Grant,
        'id' | 'requestId' | 'decisionId' | 'personId' | 'target' | 'role' | 'provider' | 'scope' | 'durationMs'
      > &
        Partial<Pick<Grant, 'startsAt'>>,
    ): Promise<void>;
    lock(id: string): Promise<Grant | null>;
    /** Takes the grant for one process for `leaseMs`; moves the deadline to now + duration while it is not active yet. */
    claim(id: string, leaseMs: number, deadlineMs: number | null): Promise<void>;
    isLeased(id: string): Promise<boolean>;
    setActive(id: string, handle: Json, told?: TellsUse): Promise<{ expiresAt: Date }>;
    /** A new end that the target has confirmed; `durationMs` is the whole time. Only of an active grant. */
    setExtended(id: string, end: Pick<Grant, 'expiresAt' | 'durationMs'>): Promise<void>;
    /** Marks up to `limit` active grants whose warning is due as warned of the end they have now; gives their requests. */
    warnDue(limit: number): Promise<{ requestId: string }[]>;
    setFailed(id: string, error: string): Promise<void>;
    setEnding(id: string, end: { cause: EndCause; by: string | null; reason: string | null }): Promise<void>;
    setEnded(id: string, outcome: EndOutcome): Promise<void>;
    /** Records a failed attempt, releases the lease, and says when to try again. */
    setRetry(
      id: string,
      failure: { kind: string | null; message: string },
      retryInMs: number,
    ): Promise<{ attempts: number; nextAttemptAt: Date }>;
    /** Locks up to `limit` active grants whose deadline has passed by the database clock, skipping those others hold. */
    lockDue(limit: number): Promise<Grant[]>;
    /** Locks these, in one order whoever asks. */
    lockMany(ids: string[]): Promise<Grant[]>;
    /** Active grants that `lockDue` gave, into ending for cause `expired`, and held by the caller for `leaseMs`. */
    expireMany(ids: string[], leaseMs: number): Promise<void>;
    /** Active or activating ones that the caller locked, into ending; the active ones held by the caller for `leaseMs`. */
    endMany(ids: string[], end: { cause: EndCause; leaseMs: number }): Promise<void>;
    /** Ending grants that `lockMany` gave, into ended. */
    setEndedMany(ids: string[], outcome: EndOutcome): Promise<void>;
    /** Activating or ending grants that nobody holds and whose next attempt is due. */
    listStalled(limit: number): Promise<Grant[]>;
  };
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
      counts(): Promise<{ pending: number; active: number; ending: number; unsentWork: number; unsealed: number }>;
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

export type SecretFields = { label: string; value: string; isSecret: boolean }[];
export type Credentials = { fields: SecretFields; text: string; commands: { label: string; command: string }[] };

/** A provider's failure, translated. `message` holds no secret. */
export type AccessFailure = { kind: string; message: string; isRetried: boolean };

/**
 * `name` is what the access is called in the target. `enforcedBy` is what ends it there at its deadline without us, for new
 * sessions; null where nothing does. `statements` are to be run in this order.
 */
export type ByHand = { name: string; enforcedBy: string | null; statements: string[] };

/** Access in targets, through the guard. Throws errors that `failureOf` understands. */
export type Access = DriftAccess &
  UseAccess & {
    grant(grant: Grant, person: Person): Promise<{ handle: Json; credentials: Credentials | null } & TellsUse>;
    revoke(grant: Grant, person: Person): Promise<EndOutcome>;
    /** Many of one target at once; each in its own outcome. `onInUse` hears of what was still in use, maybe more than once. */
    revokeMany(grants: { grant: Grant; person: Person }[], onInUse?: OnInUse): Promise<(EndOutcome | AccessFailure)[]>;
    check(grant: Grant, person: Person): Promise<'present' | 'absent'>;
    /** How a human ends it without us; null where the provider cannot say. Asks no target: it may be down. */
    byHand(grant: Grant, person: Person): ByHand | null;
    /** True where two grants may hold one and the same thing in the target, so that ends are counted. */
    isShared(grant: Pick<Grant, 'provider'>): boolean;
    /** Moves the target's own deadline, where it has one, to `grant.expiresAt`, and reads it back. */
    extend(grant: Grant, person: Person): Promise<void>;
    failureOf(error: unknown): AccessFailure;
    /** What the last look at each target found; null where it is well. */
    problems(): Record<string, string>;
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
