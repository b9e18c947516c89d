/** What use cases take and give, for the adapters that call them. Refusals are `DomainError`s unless listed here. */
import type { AlertSignal } from '../core/alerts/types.ts';
import type { StartWish } from '../core/start-time.ts';
import type { AskProblem, StatedAlert, Verdict } from '../core/policy/types.ts';
import type { Absence, Grant, Person, Requirement, ReviewOutcome, VoteKind } from '../core/types.ts';
import type { Electors, StandIn } from './electorate.ts';
import type { Sighting } from '../core/policy/address-book.ts';
import type { DoubtedAddress } from './ports-addresses.ts';
import type { IncidentUseCases } from './incident-types.ts';
import type { DriftBatch } from './ports-drift.ts';
import type { Revocable } from './ports-revocation.ts';
import type { OpenRequest } from './ports-limits.ts';
import type { AllowanceView, RequestView } from './ports.ts';
import type { Credentials } from './ports-access.ts';

/** `durationMs` null means the role's default. The person is read from Slack by the use case; nothing else about them is believed. */
export type AskInput = {
  userId: string;
  target: string;
  role: string;
  durationMs: number | null;
  reason: string;
  ticket: string | null;
  /** When it should begin, on the person's own clock; left out or null is at once. */
  start?: StartWish | null;
  /** The channel it comes from: tied to the incident that is open there, and to none otherwise. */
  incidentChannelId?: string | null;
  /** `view:<id>` or `trigger:<id>`: the same ask delivered twice is stored once. */
  idempotencyKey: string | null;
  /** The alert it is asked for. `isAutomatic`: nobody clicked, so only a rule that names the alert may decide. */
  alert?: { id: string; isAutomatic: boolean } | null;
};

/** Live access of the same person to the same role: a second is possible, and more time on the first may be meant. */
export type AlreadyHas = Pick<Grant, 'id' | 'expiresAt'>;

export type AskForAlertInput = Pick<AskInput, 'userId' | 'idempotencyKey' | 'incidentChannelId'> & {
  alertId: string;
  isAutomatic: boolean;
};

/** `refused`: the requester can mend it, nothing was stored but the refusal. `denied`: a rule or the lack of one said no. */
export type AskResult =
  | {
      outcome: 'sent';
      view: RequestView;
      isRepeat: boolean;
      targetProblem: string | null;
      alreadyHas?: AlreadyHas | null;
      /** Of the same person for the same role, and not decided yet. */
      alreadyAsked?: OpenRequest | null;
      /** How many live grants the person has, where this waits and they have as many as one may. */
      liveFull?: number | null;
    }
  | { outcome: 'refused'; problems: AskProblem[] }
  | { outcome: 'denied'; verdict: Extract<Verdict, { decision: 'deny' }> };

/**
 * Who would be asked for one requirement, the requester left out. `unknown` names what could not be looked up; with none,
 * fewer people than `count` means that it cannot be filled.
 */
export type AskedPeople = {
  label: string;
  count: number;
  people: Person[];
  /** Of `people`, who may decide without being asked. */
  quiet: Person[];
  isOnlyRequester: boolean;
  /** Of `people`, who is away: they may decide, and are not pinged. */
  away: Electors['away'];
  standIns: StandIn[];
  unknown: string[];
  /** Addresses that count for nobody, and so may be why there are too few. */
  doubts: DoubtedAddress[];
};

export type PreviewInput = Omit<AskInput, 'idempotencyKey'>;
/** `targetProblem`: what is wrong with the target right now, in a sentence, or null. It holds nothing up; it is told. */
export type PreviewResult = {
  verdict: Verdict;
  asked: AskedPeople[];
  targetProblem: string | null;
  mayBreakGlass: boolean;
  /** Those whose allowances let this person in at once; empty where they do not. */
  allowedBy: Person[];
  alreadyHas: AlreadyHas | null;
};

/** Never later, never longer than `break_glass.max`; `durationMs` null is the role's default within it. */
export type BreakGlassInput = Omit<AskInput, 'start'>;
/** `refused`: the person can mend it. Who may not, or is blocked by an overdue review, gets a `DomainError`. */
export type BreakGlassResult =
  | { outcome: 'sent'; view: RequestView; isRepeat: boolean; targetProblem: string | null }
  | { outcome: 'refused'; problems: AskProblem[] };
/** What break-glass would do, from recent look-ups. */
export type BreakGlassPreview = {
  durationMs: number;
  capMs: number;
  problems: AskProblem[];
  skipped: Requirement[];
  overrides: { rule: string | null; message: string } | null;
  /** The rule that would let this person in at once without it. */
  needlessBy: string | null;
  /** An overdue review of theirs that stands in the way: it would be refused. */
  blockedBy: { grantId: string; dueAt: string } | null;
};

/** `grantId` names the review: a grant has at most one. */
export type CloseReviewInput = { userId: string; grantId: string; outcome: ReviewOutcome; note: string | null };
/** `mine` are those I may close; `all` is for admins, else null. */
export type OpenReviews = { mine: RequestView[]; all: RequestView[] | null };

export type VoteInput = { userId: string; requestId: string; kind: VoteKind; reason: string | null };
/** `counted`: stored and more is needed; `decided`: this vote decided it. */
export type VoteResult = { outcome: 'counted' | 'decided'; view: RequestView };

/** `null` keeps what was asked. */
export type ChangeInput = {
  userId: string;
  requestId: string;
  role: string | null;
  durationMs: number | null;
  note: string | null;
};

/** `when` as it was typed: `until Friday`, `3d`. */
export type AwayInput = { userId: string; when: string; delegateUserId: string | null };

/** `forUserId` asks for somebody else's case; null for one's own. Nothing is stored. */
/** `statedAlert`: as if this one fired now. Whether the person is on call for it is looked up as ever. */
export type ExplainAskInput = PreviewInput & { forUserId: string | null; statedAlert?: StatedAlert | null };
/** `lines` are plain text; each channel escapes and dresses them. */
export type ExplainAskResult = { person: Person; lines: string[]; verdict: Verdict };

/** `differencesFrom`: from the source text of the policy before; null when that cannot be read any more. */
export type AdoptInput = {
  source: string;
  /** Who changed it and in which commit, where that is known. Text of people. */
  author: { by: string | null; revision: string | null; subject: string | null; isEdited: boolean } | null;
  warnings: string[];
  differencesFrom: (before: string) => string[] | null;
};

/** `requestId` may also be the id of its grant. */
export type CancelInput = { userId: string; requestId: string };
export type ShowCredentialsInput = { userId: string; grantId: string };
export type ShowCredentialsResult = { credentials: Credentials; grant: Grant };

/** `id` is a whole grant or request id or the beginning of one; null means my only live grant. */
export type EndInput = { userId: string; id: string | null; cause: 'done' | 'revoked'; reason: string | null };
export type EndResult = { view: RequestView };

export type ConfirmAddressInput = { userId: string; address: string; personUserId: string };
/** `all` is everything of everybody. */
export type RevokeWhat = { kind: 'person'; userId: string } | { kind: 'target'; target: string } | { kind: 'all' };
export type RevokeAllInput = { userId: string; what: RevokeWhat; reason: string | null };
/** `limitedTo`: the targets that an owner's word reaches; null where nothing is left out. */
export type RevocationPreview = Revocable & { person: Person | null; limitedTo: string[] | null };

export type AllowInput = { userId: string; personUserId: string; target: string; role: string; forMs: number };
/** `missing`: what others still have to allow before it lets the person in; empty when it does by itself. */
export type AllowResult = { allowance: AllowanceView; missing: { label: string; count: number }[] };

/**
 * `id` as in `EndInput`. `byMs` null is half an hour, or what the cap leaves of it. `deadline` is how often the end had been moved when
 * the person saw it, so that a second click on the same button does nothing; null where it was typed.
 */
export type ExtendInput = {
  userId: string;
  id: string | null;
  byMs: number | null;
  reason: string | null;
  deadline: number | null;
  idempotencyKey: string | null;
};
/** `view` is of the request for more time; its `extended` is the grant. */
export type ExtendResult = AskResult;

export type Overview = {
  /** My pending requests, my live grants, and my latest finished ones. */
  pending: RequestView[];
  live: RequestView[];
  /** By grant id: what *+30 min* would ask for, where it could be granted. */
  offers: Map<string, number>;
  recent: RequestView[];
  /** Pending requests of others that I may vote on and have not. */
  waitingForMe: RequestView[];
  /** Given ahead of time, to me or by me. */
  allowances: AllowanceView[];
  /** Break-glass of others that I may review, soonest deadline first. */
  reviews: RequestView[];
};

/** Who is in one target now, and who may let others in. */
export type TargetOverview = {
  live: RequestView[];
  allowances: AllowanceView[];
  roles: { role: string; title: string; rule: string | null; decision: Verdict['decision']; asked: AskedPeople[] }[];
};

/** The verbs, with their dependencies filled in; what every adapter is given. */
export type UseCases = IncidentUseCases & {
  ask(input: AskInput): Promise<AskResult>;
  /** By a click, for the role and time the alert is mapped to. */
  askForAlert(input: AskForAlertInput): Promise<AskResult>;
  /** `unmapped` counts those of which the policy does not speak; nothing is kept of them. */
  receiveAlerts(input: { signals: AlertSignal[] }): Promise<{ unmapped: number }>;
  routeAlert(input: { alertId: string }): Promise<void>;
  preview(input: PreviewInput): Promise<PreviewResult>;
  allow(input: AllowInput): Promise<AllowResult>;
  disallow(input: { userId: string; id: string }): Promise<{ allowance: AllowanceView }>;
  breakGlass(input: BreakGlassInput): Promise<BreakGlassResult>;
  /** Throws what `breakGlass` would throw, as far as recent look-ups know. */
  previewBreakGlass(input: PreviewInput): Promise<BreakGlassPreview>;
  closeReview(input: CloseReviewInput): Promise<{ view: RequestView }>;
  openReviews(input: { userId: string }): Promise<OpenReviews>;
  /** An admin lets somebody break glass again although reviews of theirs are overdue; says how many. */
  allowBreakGlass(input: { userId: string; personUserId: string }): Promise<{ person: Person; waived: number }>;
  /** An admin says whose an address is that moved. */
  confirmAddress(input: ConfirmAddressInput): Promise<{ person: Person }>;
  /** For admins: addresses that count for nobody until they are confirmed. */
  doubtedAddresses(input: { userId: string }): Promise<Sighting[]>;
  vote(input: VoteInput): Promise<VoteResult>;
  approveWithChanges(input: ChangeInput): Promise<VoteResult>;
  cancel(input: CancelInput): Promise<{ view: RequestView }>;
  showCredentials(input: ShowCredentialsInput): Promise<ShowCredentialsResult>;
  end(input: EndInput): Promise<EndResult>;
  /** Throws `extend_*` where the grant, and not the policy, is in the way. */
  extend(input: ExtendInput): Promise<ExtendResult>;
  /** Moves an end that was decided to move, in the target and then in the store. */
  finishExtension(input: { requestId: string }): Promise<void>;
  previewRevocation(input: { userId: string; what: RevokeWhat }): Promise<RevocationPreview>;
  revokeAll(input: RevokeAllInput): Promise<{ id: string }>;
  /** Ends what the order reaches; resolves when nothing more is to be begun, and all that was begun was tried. */
  runRevocation(input: { id: string }): Promise<void>;
  /** Goes on with orders that somebody did not finish. */
  runRevocations(): Promise<void>;
  overview(input: { userId: string }): Promise<Overview>;
  targetOverview(input: { userId: string; target: string }): Promise<TargetOverview>;
  activate(input: { grantId: string }): Promise<void>;
  /** Ends these in their targets, together where they share one. */
  finishEnd(input: { grantIds: string[] }): Promise<void>;
  /** Claims grants whose deadline has passed and begins to end them; `work` resolves when that is done. */
  endDue(): Promise<{ count: number; work: Promise<void> }>;
  /** Lapses requests, chases and reminds, and lists the grants that nobody is working on. */
  sweep(): Promise<{ ending: string[]; activating: string[]; extending: string[]; lapsed: number }>;
  /** Tells admins of ends that are late, and when none is any more. */
  /** Looks at accounts that are due for it, and lets go of whoever left. */
  checkAccounts(): Promise<void>;
  /** Looks at the targets whose look is due, and carries out what admins ordered. */
  watchDrift(): Promise<void>;
  decideDrift(input: { userId: string; batchId: string; isRepairing: boolean }): Promise<{ batch: DriftBatch }>;
  repairBatch(input: { batchId: string }): Promise<void>;
  /** Looks what is in use where that is not known yet; `work` resolves when it is done. */
  noteUse(): Promise<{ work: Promise<unknown> }>;
  watchOverdue(input: { seenMs: number }): Promise<void>;
  adoptPolicy(input: AdoptInput): Promise<void>;
  setAway(input: AwayInput): Promise<Absence>;
  endAway(input: { userId: string }): Promise<void>;
  showAway(input: { userId: string }): Promise<Absence | null>;
  explainAsk(input: ExplainAskInput): Promise<ExplainAskResult>;
  /** Opens the thread of the approval message; once, whoever is first. */
  discuss(input: { userId: string; requestId: string }): Promise<{ view: RequestView }>;
  /** A Slack account was closed: its votes are void, its access ends, and what waits is shown anew. */
  personLeft(input: { personId: string }): Promise<void>;
  rejectPolicy(input: { problems: string[] }): Promise<void>;
};
