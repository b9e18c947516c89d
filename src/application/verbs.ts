import type { LinkedKind } from '../domain/clients/account-host.ts';
import type { AccountLink } from './identity/account-link-ports.ts';
import type { ShownLink } from './people/link-account.ts';
import type { AlertSignal } from '../domain/alerts/types.ts';
import type { EmailObservation } from '../domain/principals/email-bindings.ts';
import type { RequestProblem } from '../domain/policy/verdict.ts';
import type { Person } from '../domain/principals/person.ts';
import type { PreApprovalView } from '../domain/requests/pre-approval.ts';
import type { Absence } from '../domain/requests/vote.ts';
import type { PersonCaller } from './identity/caller.ts';
import type { RequestForAlertInput } from './alerts/request-for-alert.ts';
import type { BreakGlassInput, BreakGlassPreview, BreakGlassResult } from './break-glass/break-glass.ts';
import type { OverrideChoices, OverrideFreezeInput } from './break-glass/override-freeze.ts';
import type { CloseReviewInput, OpenReviews } from './break-glass/follow-up.ts';
import type { DriftBatch } from './drift/drift-ports.ts';
import type { EvidenceForInput } from './evidence/evidence-for.ts';
import type { MadeEvidence } from './evidence/make-evidence.ts';
import type { EndInput, EndResult } from './grants/end-grant.ts';
import type { ShowCredentialsInput, ShowCredentialsResult } from './grants/show-credentials.ts';
import type { IncidentUseCases } from './incidents/incident-types.ts';
import type { ConfirmAddressInput } from './people/confirm-email.ts';
import type { AdoptInput } from './policy/adopt-policy.ts';
import type { ListId } from './policy/list-ports.ts';
import type { NoteListInput } from './policy/note-list.ts';
import type { ExplainRequestInput, ExplainRequestResult } from './queries/explain-request.ts';
import type { Rights } from './queries/my-rights.ts';
import type { Overview, OverviewInput, TargetOverview } from './queries/overview.ts';
import type { Remains } from './decisions/remains.ts';
import type { OwnRequestInput } from './queries/own-request.ts';
import type { PreviewResult } from './queries/preview.ts';
import type { DueReportInput, ReportStep } from './reports/make-due-report.ts';
import type { DeliveredReport, ReportForInput } from './reports/report-for.ts';
import type { DecidedLine, DecideLineInput } from './reviews/decide-line.ts';
import type { MadeAdvice } from './reviews/made-advice.ts';
import type { WaitingLines } from './reviews/waiting-lines.ts';
import type { RequestView } from './record/request-view.ts';
import type { ChangeInput } from './requests/approve-with-changes.ts';
import type { AwayInput } from './requests/away.ts';
import type { CancelInput } from './requests/cancel-request.ts';
import type { ExtendInput, ExtendResult } from './requests/extension-request.ts';
import type { AllowClientInput, AllowClientResult } from './requests/allow-client.ts';
import type { PreApproveInput, PreApproveResult } from './requests/pre-approve.ts';
import type { CreateRequestInput, CreateRequestResult, PreviewInput } from './requests/request-types.ts';
import type { VoteResult } from './requests/vote-context.ts';
import type { VoteInput } from './requests/vote.ts';
import type { RevocationPreview, RevokeAllInput, RevokeWhat } from './revocations/revoke-all.ts';
import type { PlaceCursor, PlaceLooks, ReviewPlacesInput } from './messages/review-places.ts';
import type { Misfit } from './policy/misfits.ts';
import type { TryAgainInput, TryAgainResult } from './grants/hold.ts';

/** The verbs, with their dependencies filled in; what every adapter is given. */
export type UseCases = IncidentUseCases & {
  createRequest(input: CreateRequestInput): Promise<CreateRequestResult>;
  /** By a click, for the role and time the alert is mapped to. */
  requestForAlert(input: RequestForAlertInput): Promise<CreateRequestResult>;
  /** `unmapped` counts those of which the policy does not speak; nothing is kept of them. */
  receiveAlerts(input: { signals: AlertSignal[] }): Promise<{ unmapped: number }>;
  routeAlert(input: { alertId: string }): Promise<void>;
  /** Of the caller; of a client that of this very job. Rejects with `request_not_found` for any other. */
  ownRequest(input: OwnRequestInput): Promise<RequestView>;
  preview(input: PreviewInput): Promise<PreviewResult>;
  preApprove(input: PreApproveInput): Promise<PreApproveResult>;
  /** One use by a client in the next opening of a window, with the caller's approval. */
  allowClient(input: AllowClientInput): Promise<AllowClientResult>;
  withdrawPreApproval(input: { caller: PersonCaller; id: string }): Promise<{ preApproval: PreApprovalView }>;
  breakGlass(input: BreakGlassInput): Promise<BreakGlassResult>;
  /** Throws what `breakGlass` would throw, as far as recent look-ups know. */
  previewBreakGlass(input: PreviewInput): Promise<BreakGlassPreview>;
  /** Rejects with `frozen_*` where the request cannot be overridden any more, with `override_cause` where nothing is open or fires. */
  overrideChoices(input: { caller: PersonCaller; id: string }): Promise<OverrideChoices>;
  /** `unclear`: the reason for the override, and not the request, is in the way. */
  overrideFreeze(
    input: OverrideFreezeInput,
  ): Promise<CreateRequestResult | { outcome: 'unclear'; problems: RequestProblem[] }>;
  closeReview(input: CloseReviewInput): Promise<{ view: RequestView }>;
  openReviews(input: { caller: PersonCaller }): Promise<OpenReviews>;
  /** An admin lets somebody use break-glass again although reviews of theirs are overdue; says how many. */
  allowBreakGlass(input: { caller: PersonCaller; personUserId: string }): Promise<{ person: Person; waived: number }>;
  /** An admin says whose an address is that moved. */
  confirmAddress(input: ConfirmAddressInput): Promise<{ person: Person }>;
  /** For auditors and admins. Throws a `StartError` where there is nothing to prove yet, in a sentence. */
  evidenceFor(input: EvidenceForInput): Promise<MadeEvidence>;
  /** Rejects with `own_line` for a person whom the line is about. */
  decideLine(input: DecideLineInput): Promise<DecidedLine>;
  /** For admins. */
  adviceFor(input: { caller: PersonCaller }): Promise<MadeAdvice>;
  waitingLines(input: { caller: PersonCaller }): Promise<WaitingLines>;
  /** For auditors and admins; the caller discards the files. Throws a `StartError` where the log is not signed. */
  reportFor(input: ReportForInput): Promise<DeliveredReport>;
  /** Makes a report that a plan of the policy wants, and writes it into its folder. Messages bring it to people. */
  makeDueReport(input: DueReportInput): Promise<ReportStep>;
  /** For admins: addresses that are not trusted until they are confirmed. */
  conflictingAddresses(input: { caller: PersonCaller }): Promise<EmailObservation[]>;
  vote(input: VoteInput): Promise<VoteResult>;
  approveWithChanges(input: ChangeInput): Promise<VoteResult>;
  cancel(input: CancelInput): Promise<{ view: RequestView }>;
  showCredentials(input: ShowCredentialsInput): Promise<ShowCredentialsResult>;
  end(input: EndInput): Promise<EndResult>;
  /** Sets up access that waits for a fix of its target, where it was fixed. */
  tryAgain(input: TryAgainInput): Promise<TryAgainResult>;
  /** Throws `extend_*` where the grant, and not the policy, is in the way. */
  extend(input: ExtendInput): Promise<ExtendResult>;
  /** Moves an end that was decided to move, in the target and then in the store. */
  finishExtension(input: { requestId: string }): Promise<void>;
  previewRevocation(input: { caller: PersonCaller; what: RevokeWhat }): Promise<RevocationPreview>;
  revokeAll(input: RevokeAllInput): Promise<{ id: string }>;
  /** Ends what the order reaches; resolves when nothing more is to be begun, and all that was begun was tried. */
  runRevocation(input: { id: string }): Promise<void>;
  /** Goes on with orders that somebody did not finish. */
  runRevocations(): Promise<void>;
  /** What the help shows; no right is given by it. */
  myRights(input: { caller: PersonCaller }): Promise<Rights>;
  /** Live grants that the caller may end, as far as recent look-ups know. */
  revocable(input: { caller: PersonCaller }): Promise<RequestView[]>;
  /** For auditors and admins. */
  recentGrants(input: { caller: PersonCaller }): Promise<RequestView[]>;
  overview(input: OverviewInput): Promise<Overview>;
  targetOverview(input: { caller: PersonCaller; target: string }): Promise<TargetOverview>;
  activate(input: { grantId: string }): Promise<void>;
  /** Closes these in their targets, together where they share one, and removes what was made. */
  completeRevocation(input: { grantIds: string[] }): Promise<void>;
  /** Claims grants whose deadline has passed and begins to close them; `work` resolves when that is done. */
  expireDue(): Promise<{ count: number; work: Promise<void> }>;
  /** Claims closed grants whose removal is due and begins to remove what was made; `work` resolves when that is done. */
  removeClosed(): Promise<{ count: number; work: Promise<void> }>;
  /** Lets requests expire, chases and reminds, and lists the grants that nobody is working on. */
  sweep(): Promise<{ ending: string[]; activating: string[]; extending: string[]; lapsed: number }>;
  /** Looks at accounts that are due for it, and lets go of people who left. */
  checkAccounts(): Promise<void>;
  /** Looks at the targets whose look is due, and carries out what admins ordered. */
  watchDrift(): Promise<void>;
  decideDrift(input: { caller: PersonCaller; batchId: string; isRepairing: boolean }): Promise<{ batch: DriftBatch }>;
  repairBatch(input: { batchId: string }): Promise<void>;
  /** Looks what is in use where that is not known yet; `work` resolves when it is done. */
  recordUsage(): Promise<{ work: Promise<unknown> }>;
  /** Collects what was done through recorded access; `work` resolves when it is done. */
  recordStatements(): Promise<{ work: Promise<unknown> }>;
  /** Looks whether notices to admins still hold. */
  reviewNotices(looks: PlaceLooks): Promise<void>;
  /** Looks whether the next of what the policy names is there; the admins are notified of what is not. Gives where to go on. */
  reviewPlaces(input: ReviewPlacesInput): Promise<PlaceCursor>;
  /** Notifies admins of ends that are late, and when none is any more. */
  watchOverdue(input: { seenMs: number }): Promise<void>;
  adoptPolicy(input: AdoptInput): Promise<void>;
  /** Notifies admins of targets that cannot grant what the policy says; of each once a day. */
  noteRemains(input: { target: string; remains: Record<string, string[]> }): Promise<void>;
  reportMisfits(input: { misfits: readonly Misfit[] }): Promise<void>;
  setAway(input: AwayInput): Promise<Absence>;
  endAway(input: { caller: PersonCaller }): Promise<void>;
  showAway(input: { caller: PersonCaller }): Promise<Absence | null>;
  /** What the end of an access leaves in the target, for each of its roles. */
  roleRemains(input: { target: string }): Record<string, Remains>;
  /** What a person writes where only the owner of the account can write, to show that it is theirs. */
  linkStatement(input: { caller: PersonCaller; kind: LinkedKind }): Promise<{ statement: string; host: string }>;
  /** `place`: where they wrote it. */
  linkAccount(input: {
    caller: PersonCaller;
    kind: LinkedKind;
    place: string;
  }): Promise<{ login: string; accountId: string; policyNames: string | null }>;
  /** Shown no more, and still counts against them. */
  unlinkAccounts(input: { caller: PersonCaller; kind: LinkedKind }): Promise<AccountLink[]>;
  /** For admins. */
  releaseAccount(input: {
    caller: PersonCaller;
    kind: LinkedKind;
    accountId: string;
    host: string | null;
  }): Promise<AccountLink>;
  ownLinks(input: { caller: PersonCaller }): Promise<ShownLink[]>;
  allLinks(input: { caller: PersonCaller }): Promise<ShownLink[]>;
  setPublicKey(input: { caller: PersonCaller; text: string }): Promise<{ fingerprint: string }>;
  showPublicKey(input: { caller: PersonCaller }): Promise<{ fingerprint: string } | null>;
  explainRequest(input: ExplainRequestInput): Promise<ExplainRequestResult>;
  /** Opens the thread of the approval message; once, no matter who is first. */
  discuss(input: { caller: PersonCaller; requestId: string }): Promise<{ view: RequestView }>;
  withdrawVote(input: { caller: PersonCaller; requestId: string }): Promise<{ view: RequestView }>;
  /** A Slack account was closed: its votes are void, its access ends, and what waits is shown anew. */
  personLeft(input: { personId: string }): Promise<void>;
  rejectPolicy(input: { problems: string[] }): Promise<void>;
  /** True where this process is to read the list of targets now. */
  claimList(input: ListId & { everyMs: number }): Promise<boolean>;
  noteList(input: NoteListInput): Promise<void>;
};
