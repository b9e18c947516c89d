/** All verbs with their dependencies filled in. A new verb is one file and one line here. */
import { activate } from './grants/activate.ts';
import { adoptPolicy, rejectPolicy } from './policy/adopt-policy.ts';
import { claimList, noteList } from './policy/note-list.ts';
import { reportMisfits } from './policy/misfits.ts';
import { noteRemains } from './requests/note-remains.ts';
import { approveWithChanges } from './requests/approve-with-changes.ts';
import { allowClient } from './requests/allow-client.ts';
import { preApprove, withdrawPreApproval } from './requests/pre-approve.ts';
import { createRequest } from './requests/create-request.ts';
import { requestForAlert } from './alerts/request-for-alert.ts';
import { breakGlass, previewBreakGlass } from './break-glass/break-glass.ts';
import { overrideChoices, overrideFreeze } from './break-glass/override-freeze.ts';
import { setPublicKey, showPublicKey } from './identity/public-key.ts';
import { endAway, setAway, showAway } from './requests/away.ts';
import { checkAccounts } from './people/check-accounts.ts';
import { cancel } from './requests/cancel-request.ts';
import { confirmAddress, conflictingAddresses } from './people/confirm-email.ts';
import { linkAccount, linkStatement, ownLinks } from './people/link-account.ts';
import { allLinks, releaseAccount, unlinkAccounts } from './people/unlink-account.ts';
import type { ProofSources } from './identity/account-link-ports.ts';
import { discuss } from './requests/discuss.ts';
import { withdrawVote } from './requests/withdraw-vote.ts';
import { end } from './grants/end-grant.ts';
import { explainRequest } from './queries/explain-request.ts';
import { extendBreakGlass } from './break-glass/extend-break-glass.ts';
import { extend } from './requests/extend-access.ts';
import { expireDue, completeRevocation, removeClosed } from './grants/revoke-grants.ts';
import { finishExtension } from './grants/extend-in-target.ts';
import { closeIncident } from './incidents/close-incident.ts';
import { endIncidents } from './incidents/end-incidents.ts';
import { incidentBriefing } from './queries/incident-briefing.ts';
import type { IncidentUseCases } from './incidents/incident-types.ts';
import { tryAgain } from './grants/hold.ts';
import { incidentTimeline, incidentView } from './queries/incident-view.ts';
import { keepGrant } from './incidents/keep-grant.ts';
import { syncIncidentChannel } from './incidents/sync-incident-channel.ts';
import { recordUsage } from './grants/record-usage.ts';
import { recordStatements } from './recordings/record-statements.ts';
import { handleToolMessage } from './incidents/handle-tool-message.ts';
import { openIncident, openIncidentForAlert } from './incidents/open-incident.ts';
import { setSeverity } from './incidents/set-severity.ts';
import { recentGrants, revocable } from './queries/known-grants.ts';
import { myRights } from './queries/my-rights.ts';
import { overview, targetOverview } from './queries/overview.ts';
import type { Deps } from './deps.ts';
import { personLeft } from './people/person-left.ts';
import { ownRequest } from './queries/own-request.ts';
import { preview } from './queries/preview.ts';
import { roleRemains } from './queries/role-remains.ts';
import { receiveAlerts } from './alerts/receive-alerts.ts';
import { allowBreakGlass, closeReview, openReviews } from './break-glass/follow-up.ts';
import { previewRevocation, revokeAll } from './revocations/revoke-all.ts';
import { runRevocation, runRevocations } from './revocations/run-revocation.ts';
import { routeAlert } from './alerts/route-alert.ts';
import { showCredentials } from './grants/show-credentials.ts';
import { sweep } from './sweep.ts';
import { StartError } from '../lib/start-error.ts';
import { evidenceFor } from './evidence/evidence-for.ts';
import type { MakeBundle } from './evidence/evidence-for.ts';
import { decideLine } from './reviews/decide-line.ts';
import { adviceFor } from './reviews/made-advice.ts';
import type { MakeAdvice } from './reviews/made-advice.ts';
import { waitingLines } from './reviews/waiting-lines.ts';
import { makeDueReport } from './reports/make-due-report.ts';
import type { PutReport } from './reports/make-due-report.ts';
import { reportFor } from './reports/report-for.ts';
import type { MakeReportFiles } from './reports/report-for.ts';
import type { UseCases } from './verbs.ts';
import { vote } from './requests/vote.ts';
import { decideDrift, repairBatch, watchDrift } from './drift/watch-drift.ts';
import { reviewNotices } from './messages/review-notices.ts';
import { reviewPlaces } from './messages/review-places.ts';
import { watchOverdue } from './grants/watch-overdue.ts';

type Guarding = Pick<
  UseCases,
  | 'decideLine'
  | 'waitingLines'
  | 'noteRemains'
  | 'previewRevocation'
  | 'revokeAll'
  | 'runRevocation'
  | 'runRevocations'
  | 'watchDrift'
  | 'recordUsage'
  | 'recordStatements'
  | 'checkAccounts'
  | 'decideDrift'
  | 'repairBatch'
  | 'watchOverdue'
  | 'reviewNotices'
  | 'reviewPlaces'
>;

/** What ends much at once, and what watches over time and targets. */
const guardingVerbs = (deps: Deps): Guarding => ({
  decideLine: (input) => decideLine(deps, input),
  waitingLines: (input) => waitingLines(deps, input),
  noteRemains: (input) => noteRemains(deps, input),
  previewRevocation: (input) => previewRevocation(deps, input),
  revokeAll: (input) => revokeAll(deps, input),
  runRevocation: (input) => runRevocation(deps, input),
  runRevocations: () => runRevocations(deps),
  watchDrift: () => watchDrift(deps),
  recordUsage: () => recordUsage(deps),
  recordStatements: () => recordStatements(deps),
  checkAccounts: () => checkAccounts(deps),
  decideDrift: (input) => decideDrift(deps, input),
  repairBatch: (input) => repairBatch(deps, input),
  watchOverdue: (input) => watchOverdue(deps, input),
  reviewNotices: (looks) => reviewNotices(deps, looks),
  reviewPlaces: (input) => reviewPlaces(deps, input),
});

type Looking = Pick<
  UseCases,
  | 'ownRequest'
  | 'preview'
  | 'myRights'
  | 'revocable'
  | 'recentGrants'
  | 'overview'
  | 'targetOverview'
  | 'explainRequest'
  | 'roleRemains'
>;

/** What only reads. */
const lookingVerbs = (deps: Deps): Looking => ({
  ownRequest: (input) => ownRequest(deps, input),
  preview: (input) => preview(deps, input),
  myRights: (input) => myRights(deps, input),
  revocable: (input) => revocable(deps, input),
  recentGrants: (input) => recentGrants(deps, input),
  overview: (input) => overview(deps, input),
  targetOverview: (input) => targetOverview(deps, input),
  explainRequest: (input) => explainRequest(deps, input),
  roleRemains: (input) => roleRemains(deps, input),
});

/** What is made of the signed log, and where people prove that an account is theirs. */
export type DocumentWriters = {
  bundle: MakeBundle;
  report: MakeReportFiles;
  putReport: PutReport;
  advice: MakeAdvice;
  proofs: ProofSources;
};

/** Where the log is not signed. */
const unsigned = (): Promise<never> =>
  Promise.reject(
    new StartError('There is no section "audit" in the policy, so the log is not signed; an admin adds it.'),
  );
const unadvised = (): Promise<never> => Promise.reject(new StartError('There is no policy file to advise on.'));
const NO_WRITERS: DocumentWriters = {
  bundle: unsigned,
  report: unsigned,
  putReport: unsigned,
  advice: unadvised,
  proofs: { github: null, gitlab: null },
};

type Linking = Pick<
  UseCases,
  | 'setPublicKey'
  | 'showPublicKey'
  | 'linkStatement'
  | 'linkAccount'
  | 'unlinkAccounts'
  | 'releaseAccount'
  | 'ownLinks'
  | 'allLinks'
>;

/** What is a person's own: their key, and their accounts of a CI. */
const ownVerbs = (deps: Deps, proofs: ProofSources): Linking => ({
  setPublicKey: (input) => setPublicKey(deps, input),
  showPublicKey: (input) => showPublicKey(deps, input),
  linkStatement: (input) => linkStatement(deps, input, proofs),
  linkAccount: (input) => linkAccount(deps, input, proofs),
  unlinkAccounts: (input) => unlinkAccounts(deps, input),
  releaseAccount: (input) => releaseAccount(deps, input),
  ownLinks: (input) => ownLinks(deps, input),
  allLinks: (input) => allLinks(deps, input),
});

const votingVerbs = (deps: Deps): Pick<UseCases, 'vote' | 'approveWithChanges' | 'withdrawVote' | 'discuss'> => ({
  vote: (input) => vote(deps, input),
  approveWithChanges: (input) => approveWithChanges(deps, input),
  withdrawVote: (input) => withdrawVote(deps, input),
  discuss: (input) => discuss(deps, input),
});

const awayVerbs = (deps: Deps): Pick<UseCases, 'setAway' | 'endAway' | 'showAway'> => ({
  setAway: (input) => setAway(deps, input),
  endAway: (input) => endAway(deps, input),
  showAway: (input) => showAway(deps, input),
});

type FollowUps = Pick<
  UseCases,
  'overrideChoices' | 'overrideFreeze' | 'closeReview' | 'openReviews' | 'allowBreakGlass'
>;

const followUpVerbs = (deps: Deps): FollowUps => ({
  overrideChoices: (input) => overrideChoices(deps, input),
  overrideFreeze: (input) => overrideFreeze(deps, input),
  closeReview: (input) => closeReview(deps, input),
  openReviews: (input) => openReviews(deps, input),
  allowBreakGlass: (input) => allowBreakGlass(deps, input),
});

export const createUseCases = (deps: Deps, writers = NO_WRITERS): UseCases => ({
  ...guardingVerbs(deps),
  ...incidentUseCases(deps),
  ...alertUseCases(deps),
  ...revocationUseCases(deps),
  ...lookingVerbs(deps),
  ...ownVerbs(deps, writers.proofs),
  createRequest: (input) => createRequest(deps, input),
  preApprove: (input) => preApprove(deps, input),
  allowClient: (input) => allowClient(deps, input),
  withdrawPreApproval: (input) => withdrawPreApproval(deps, input),
  breakGlass: (input) => breakGlass(deps, input),
  previewBreakGlass: (input) => previewBreakGlass(deps, input),
  ...followUpVerbs(deps),
  confirmAddress: (input) => confirmAddress(deps, input),
  evidenceFor: (input) => evidenceFor(deps, input, writers.bundle),
  reportFor: (input) => reportFor(deps, input, writers.report),
  adviceFor: (input) => adviceFor(deps, input, writers.advice),
  makeDueReport: (input) => makeDueReport(deps, input, { make: writers.report, put: writers.putReport }),
  conflictingAddresses: (input) => conflictingAddresses(deps, input),
  ...votingVerbs(deps),
  cancel: (input) => cancel(deps, input),
  showCredentials: (input) => showCredentials(deps, input),
  end: (input) => end(deps, input),
  tryAgain: (input) => tryAgain(deps, input),
  extend: (input) => extend(deps, input, extendBreakGlass),
  finishExtension: (input) => finishExtension(deps, input),
  activate: (input) => activate(deps, input),
  completeRevocation: (input) => completeRevocation(deps, input),
  expireDue: () => expireDue(deps),
  sweep: () => sweep(deps),
  adoptPolicy: (input) => adoptPolicy(deps, input),
  reportMisfits: (input) => reportMisfits(deps, input),
  ...awayVerbs(deps),
  personLeft: (input) => personLeft(deps, input),
  rejectPolicy: (input) => rejectPolicy(deps, input),
  claimList: (input) => claimList(deps, input),
  noteList: (input) => noteList(deps, input),
});

const incidentUseCases = (deps: Deps): IncidentUseCases => ({
  syncIncidentChannel: (input) => syncIncidentChannel(deps, input),
  openIncident: (input) => openIncident(deps, input),
  openIncidentForAlert: (input) => openIncidentForAlert(deps, input),
  setSeverity: (input) => setSeverity(deps, input),
  closeIncident: (input) => closeIncident(deps, input),
  handleToolMessage: (input) => handleToolMessage(deps, input),
  keepGrant: (input) => keepGrant(deps, input),
  incidentView: (ref) => incidentView(deps, ref),
  incidentBriefing: (ref) => incidentBriefing(deps, ref),
  incidentTimeline: (ref) => incidentTimeline(deps, ref),
  endIncidents: () => endIncidents(deps),
});

const alertUseCases = (deps: Deps): Pick<UseCases, 'requestForAlert' | 'receiveAlerts' | 'routeAlert'> => ({
  requestForAlert: (input) => requestForAlert(deps, input),
  receiveAlerts: (input) => receiveAlerts(deps, input),
  routeAlert: (input) => routeAlert(deps, input),
});

const revocationUseCases = (
  deps: Deps,
): Pick<UseCases, 'previewRevocation' | 'revokeAll' | 'runRevocation' | 'runRevocations' | 'removeClosed'> => ({
  removeClosed: () => removeClosed(deps),
  previewRevocation: (input) => previewRevocation(deps, input),
  revokeAll: (input) => revokeAll(deps, input),
  runRevocation: (input) => runRevocation(deps, input),
  runRevocations: () => runRevocations(deps),
});
