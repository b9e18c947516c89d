import type { ListReads, ListWrites } from './policy/list-ports.ts';
import type { CampaignReads, CampaignWrites } from './reviews/campaign-ports.ts';
import type { AuditEntry, Exact } from '../domain/audit/events.ts';
import type { EndGuarantee } from '../domain/grants/end-guarantee.ts';
import type { RemovalOutcome } from '../domain/grants/end-cause.ts';
import type { Grant } from '../domain/grants/grant.ts';
import type { Json } from '../domain/json.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Person } from '../domain/principals/person.ts';
import type { Principal } from '../domain/principals/principal.ts';
import type { Decision } from '../domain/requests/decision.ts';
import type { PreApproval, PreApprovalView } from '../domain/requests/pre-approval.ts';
import type { Request } from '../domain/requests/request.ts';
import type { Absence, Vote } from '../domain/requests/vote.ts';
import type { Log } from '../lib/log.ts';
import type { AlertReads, AlertStore, AlertWrites } from './alerts/alert-ports.ts';
import type { ReviewWrites } from './break-glass/follow-up-ports.ts';
import type { Holdings, LimitWrites } from './decisions/limit-ports.ts';
import type { LastWeek } from './queries/last-week.ts';
import type { DriftAccess, DriftReads, DriftWrites } from './drift/drift-ports.ts';
import type { AuditKeyWrites } from './evidence/audit-key-ports.ts';
import type { AccessFailure, Credentials, FoundInTarget, ManualSteps } from './grants/access-ports.ts';
import type { TargetNameReads, TargetNameWrites } from './grants/target-name-ports.ts';
import type { ExtensionReads, ExtensionWrites } from './grants/extension-ports.ts';
import type { HeartbeatWrites } from './grants/heartbeat-ports.ts';
import type { GithubWrites } from './github/github-ports.ts';
import type { GitlabWrites } from './gitlab/gitlab-ports.ts';
import type { GrantWrites } from './grants/grant-ports.ts';
import type { OnInUse, ReportsUsage, UseAccess, UseReads, UseWrites } from './grants/usage-ports.ts';
import type { SealedSecret, Vault } from './grants/vault.ts';
import type { AccountLinkReads, AccountLinkWrites } from './identity/account-link-ports.ts';
import type { Directory } from './identity/directory.ts';
import type { AddressReads, AddressWrites } from './identity/email-binding-ports.ts';
import type { InstallationReads, InstallationWrites } from './identity/installation-ports.ts';
import type { HandleReads, HandleWrites } from './identity/user-group-ports.ts';
import type { IncidentReads, IncidentWrites } from './incidents/incident-ports.ts';
import type { ChannelNameReads, ChannelNameWrites, MessageStore } from './messages/message-ports.ts';
import type { LeaverWrites } from './people/leaver-ports.ts';
import type { OutboxStore, WorkKind } from './record/outbox.ts';
import type {
  AdminNotificationReads,
  AdminNotificationWrites,
  OverdueTarget,
  OverdueWrites,
} from './record/admin-notification-ports.ts';
import type { RequestEvaluation } from './record/request-evaluation.ts';
import type { RequestView } from './record/request-view.ts';
import type { RecordingAccess, RecordingReads, RecordingWrites } from './recordings/recording-ports.ts';
import type { FrozenReads, FrozenWrites } from './requests/frozen-ports.ts';
import type { PreparedReads, PreparedWrites } from './requests/prepared-ports.ts';
import type { ReportFiles, ReportRunReads, ReportRunWrites } from './reports/report-run-ports.ts';
import type { RequestWrites } from './requests/request-ports.ts';
import type { RevocationReads, RevocationWrites } from './revocations/revocation-ports.ts';

/** One transaction. All times it writes come from the database clock. */
export type Tx = {
  now(): Promise<Date>;
  principals: { listByIds(ids: string[]): Promise<Principal[]>; upsert(principal: Principal): Promise<void> };
  requests: RequestWrites;
  prepared: PreparedWrites;
  evaluations: {
    /** Keeps what was requested and the facts it was judged by; `requestId` is null where nothing was sent. */
    record(evaluation: RequestEvaluation): Promise<void>;
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
  /** The SSH public key of a person, as one line. */
  publicKeys: { put(personId: string, line: string): Promise<void> };
  accountLinks: AccountLinkWrites;
  policies: {
    /** Records which policy is in force; null when it was already, else the one before. One process at a time. */
    adopt(policy: {
      sha256: string;
      source: string;
    }): Promise<{ before: { sha256: string; source: string } | null } | null>;
    /** Records what the calendar files hold, after `adopt`, and gives those that changed. `before` is null of a new one. */
    adoptCalendars(
      current: { freeze: string; sha256: string }[],
    ): Promise<{ freeze: string; sha256: string; before: string | null }[]>;
  };
  lists: ListWrites;
  channelNames: ChannelNameWrites;
  announcements: AdminNotificationWrites;
  overdue: OverdueWrites;
  revocations: RevocationWrites;
  drift: DriftWrites;
  use: UseWrites;
  recordings: RecordingWrites;
  heartbeats: HeartbeatWrites;
  github: GithubWrites;
  gitlab: GitlabWrites;
  limits: LimitWrites;
  leavers: LeaverWrites;
  addresses: AddressWrites;
  userGroups: HandleWrites;
  targetNames: TargetNameWrites;
  installations: InstallationWrites;
  decisions: {
    insert(decision: Omit<Decision, 'decidedAt'>): Promise<void>;
    find(requestId: string): Promise<Decision | null>;
  };
  grants: GrantWrites;
  extensions: ExtensionWrites;
  preApprovals: {
    insert(
      preApproval: Pick<PreApproval, 'id' | 'personId' | 'target' | 'role' | 'byPersonId'> & { forMs: number },
    ): Promise<Pick<PreApproval, 'expiresAt'>>;
    /** Live ones for this person and role, kept from being revoked until the transaction ends. */
    hold(wanted: Pick<PreApproval, 'personId' | 'target' | 'role'>): Promise<PreApprovalView[]>;
    /** False when it was revoked or had expired before. */
    revoke(id: string, byPersonId: string): Promise<boolean>;
  };
  reviews: ReviewWrites;
  frozen: FrozenWrites;
  campaigns: CampaignWrites;
  auditKeys: AuditKeyWrites;
  reportRuns: ReportRunWrites;
  secrets: {
    put(grantId: string, secret: SealedSecret): Promise<void>;
    find(grantId: string): Promise<SealedSecret | null>;
    destroy(grantIds: readonly string[]): Promise<void>;
  };
  incidents: IncidentWrites;
  alerts: AlertWrites;
  outbox: { add(kind: WorkKind, subjectId: string, availableInMs?: number): Promise<void> };
  audit: { append<E extends AuditEntry>(entry: E & Exact<E>): Promise<void> };
};

export type Store = AlertStore & {
  /** Runs `work` in one transaction, again when it was a serialization failure or deadlock; outgoing work is relayed after commit. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  read: AddressReads &
    AccountLinkReads &
    AdminNotificationReads &
    CampaignReads &
    ListReads &
    ChannelNameReads &
    HandleReads &
    TargetNameReads &
    InstallationReads &
    ExtensionReads &
    AlertReads &
    FrozenReads &
    IncidentReads &
    RevocationReads &
    DriftReads &
    PreparedReads &
    RecordingReads &
    ReportRunReads &
    UseReads & {
      /** What this job requested for this role, newest first. `isOver`: it had its access, and may request anew. */
      requestsOfJob(of: {
        clientId: string;
        jobKey: string;
        target: string;
        role: string;
      }): Promise<{ id: string; clientKey: string | null; isOver: boolean }[]>;
      /** The commit of this client's last job whose request for this role was approved; null where there is none. */
      lastCommitOf(of: { clientId: string; target: string; role: string }): Promise<string | null>;
      now(): Promise<Date>;
      request(id: string): Promise<Request | null>;
      grant(id: string): Promise<Grant | null>;
      person(id: string): Promise<Person | null>;
      /** Those that are known. */
      people(ids: readonly string[]): Promise<Person[]>;
      principal(id: string): Promise<Principal | null>;
      view(requestId: string): Promise<RequestView | null>;
      /** What this person has now, in any of their accounts. */
      holdings(personId: string): Promise<Holdings>;
      /** The SSH public key of a person, as one line; null where none was given. */
      publicKey(personId: string): Promise<string | null>;
      /** Absences of these people that are running now. */
      absencesOf(personIds: string[]): Promise<Absence[]>;
      /** Newest first. */
      viewsOf(personId: string, limit: number): Promise<RequestView[]>;
      /** Tied to this incident: live ones first, then those that wait, then the rest, each newest first. */
      viewsOfIncident(incidentId: string, limit: number): Promise<RequestView[]>;
      /** Pending requests, oldest first; those after this one when it is given. */
      pending(limit: number, after?: string | null): Promise<RequestView[]>;
      /** Figures of everybody's requests of the last seven days. */
      lastWeek(): Promise<LastWeek>;
      /** Those that came to a grant, the newest first. */
      grantedViews(limit: number): Promise<RequestView[]>;
      /** Grants that are activating, active or ending, soonest end first; of one target when given. */
      liveViews(target: string | null, limit: number): Promise<RequestView[]>;
      /** Live ones, soonest end first: of or by this person, or in this target. */
      preApprovals(of: { personId: string } | { target: string }, limit: number): Promise<PreApprovalView[]>;
      preApproval(id: string): Promise<PreApprovalView | null>;
      /** Requests whose review is open, soonest deadline first. */
      openReviews(limit: number): Promise<RequestView[]>;
      /** Ids of grants whose id or request id begins with `prefix`, of `personId` when given; with an empty prefix only live ones. */
      findGrantIds(prefix: string, personId: string | null): Promise<string[]>;
      /** How late the latest end is, in milliseconds by the database clock; 0 when nothing is overdue. */
      oldestOverdueMs(): Promise<number>;
      /** How long the oldest closed grant has waited to be removed; 0 where none waits. */
      oldestClosedMs(): Promise<number>;
      /** The latest first. */
      overdueTargets(): Promise<OverdueTarget[]>;
      /** Milliseconds until the next active grant is due, negative when it is overdue, null when there is none. */
      msToNextDeadline(): Promise<number | null>;
      /** `oldestWorkMs`: how long the oldest outgoing work could have been done. */
      counts(): Promise<{
        pending: number;
        active: number;
        ending: number;
        closed: number;
        unsentWork: number;
        oldestWorkMs: number;
        /** Messages that wait for a rate limit of Slack, and for how long the first has waited. */
        slackWaiting: number;
        slackLagMs: number;
        unsealed: number;
        /** Events that the sink that is furthest behind has not got; null where there is none. */
        sinkBehind: number | null;
        /** Lists of targets that cannot be read now. */
        listsUnreadable: number;
      }>;
    };
  messages: MessageStore;
  reports: ReportFiles;
  outbox: OutboxStore;
  audit: {
    /** Numbers and chains committed events; one process at a time, the others return 0. */
    seal(limit: number): Promise<number>;
  };
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

type Held = { grant: Grant; grantee: Principal };

/** Access in targets, through the guard. Throws errors that `failureOf` understands. */
export type Access = DriftAccess &
  RecordingAccess &
  UseAccess & {
    /** Who they are in the target, where access is in their own name there, and what a grant would give them; else null. Changes nothing. */
    find(of: Pick<Grant, 'target' | 'scope'>, grantee: Principal): Promise<FoundInTarget | null>;
    /** Their name in the target where the policy alone says it; else null. Asks no target. */
    nameIn(target: string, grantee: Principal): string | null;
    grant(grant: Grant, grantee: Principal): Promise<{ handle: Json; credentials: Credentials | null } & ReportsUsage>;
    /** True where credentials are made when they are shown, for a public key of the holder. Asks no target. */
    isIssued(grant: Pick<Grant, 'target'>): boolean;
    issue(grant: Grant, publicKey: string): Credentials;
    /** Both strokes for one: closed if it is not, and removed. */
    revoke(grant: Grant, grantee: Principal): Promise<RemovalOutcome>;
    /**
     * The first stroke for many of one target; each in its own outcome. Nobody gets in any more, and no session is left. `onInUse` hears
     * of what was still in use, maybe more than once.
     */
    closeMany(grants: Held[], onInUse?: OnInUse): Promise<('closed' | 'absent' | AccessFailure)[]>;
    /** The second stroke for many of one target: what was made is gone. Closes what is not closed. */
    revokeMany(grants: Held[], onInUse?: OnInUse): Promise<(RemovalOutcome | AccessFailure)[]>;
    check(grant: Grant, grantee: Principal): Promise<'present' | 'absent'>;
    /** How a human ends it without us; null where the provider cannot say. Asks no target: it may be down. */
    byHand(grant: Grant, grantee: Principal): ManualSteps | null;
    /** What an end of this access does and does not do in its target; null where it left the policy. Asks no target. */
    guarantee(of: Pick<Grant, 'target' | 'scope'>): EndGuarantee | null;
    /** What holds of this access while it lasts, in sentences; none where it left the policy. Asks no target. */
    terms(of: Pick<Grant, 'target' | 'scope'>): string[];
    /** True where two grants may hold one and the same thing in the target, so that ends are counted. */
    isShared(grant: Pick<Grant, 'provider' | 'scope'>): boolean;
    /** Shared, and in a person's own name: it is found, and stored, before it is given. */
    isFoundFirst(grant: Pick<Grant, 'provider' | 'scope'>): boolean;
    /** Moves the target's own deadline, where it has one, to `grant.expiresAt`, and reads it back. */
    extend(grant: Grant, grantee: Principal): Promise<void>;
    /** What keeps this role from being granted, asked of the target by the policy in force; null where nothing is known to. From a few seconds ago, unless fresh. */
    roleProblem(target: string, role: string, how?: { isFresh: boolean }): Promise<string | null>;
    /** What somebody with this role may leave in the target that no end takes back, as the last look found it; in sentences for approvers. */
    mayRemain(target: string, role: string): string[];
    failureOf(error: unknown): AccessFailure;
    /** What the last look at each target found; null where it is well. */
    problems(): Record<string, string>;
  };
