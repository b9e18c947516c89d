/** All verbs with their dependencies filled in. A new verb is one file and one line here. */
import { activate } from './activate.ts';
import { adoptPolicy, rejectPolicy } from './adopt-policy.ts';
import { approveWithChanges } from './approve-with-changes.ts';
import { allow, disallow } from './allow.ts';
import { ask } from './ask.ts';
import { askForAlert } from './ask-for-alert.ts';
import { breakGlass, previewBreakGlass } from './break-glass.ts';
import { endAway, setAway, showAway } from './away.ts';
import { checkAccounts } from './check-accounts.ts';
import { cancel } from './cancel.ts';
import { confirmAddress, doubtedAddresses } from './confirm-address.ts';
import { discuss } from './discuss.ts';
import { end } from './end.ts';
import { explainAsk } from './explain-ask.ts';
import { extend } from './extend.ts';
import { endDue, finishEnd } from './finish-end.ts';
import { finishExtension } from './finish-extension.ts';
import { closeIncident } from './close-incident.ts';
import { endIncidents } from './end-incidents.ts';
import { incidentBriefing } from './incident-briefing.ts';
import type { IncidentUseCases } from './incident-types.ts';
import { incidentTimeline, incidentView } from './incident-view.ts';
import { keepGrant } from './keep-grant.ts';
import { noteChannel } from './note-channel.ts';
import { noteUse } from './note-use.ts';
import { noteToolMessage } from './note-tool-message.ts';
import { openIncident, openIncidentForAlert } from './open-incident.ts';
import { setSeverity } from './set-severity.ts';
import { overview, targetOverview } from './overview.ts';
import type { Deps } from './ports.ts';
import { personLeft } from './person-left.ts';
import { preview } from './preview.ts';
import { receiveAlerts } from './receive-alerts.ts';
import { allowBreakGlass, closeReview, openReviews } from './review.ts';
import { previewRevocation, revokeAll } from './revoke-all.ts';
import { runRevocation, runRevocations } from './run-revocation.ts';
import { routeAlert } from './route-alert.ts';
import { showCredentials } from './show-credentials.ts';
import { sweep } from './sweep.ts';
import type { UseCases } from './types.ts';
import { vote } from './vote.ts';
import { decideDrift, repairBatch, watchDrift } from './watch-drift.ts';
import { watchOverdue } from './watch-overdue.ts';

type Guarding = Pick<
  UseCases,
  | 'previewRevocation'
  | 'revokeAll'
  | 'runRevocation'
  | 'runRevocations'
  | 'watchDrift'
  | 'noteUse'
  | 'checkAccounts'
  | 'decideDrift'
  | 'repairBatch'
  | 'watchOverdue'
>;

/** What ends much at once, and what watches over time and targets. */
const guardingVerbs = (deps: Deps): Guarding => ({
  previewRevocation: (input) => previewRevocation(deps, input),
  revokeAll: (input) => revokeAll(deps, input),
  runRevocation: (input) => runRevocation(deps, input),
  runRevocations: () => runRevocations(deps),
  watchDrift: () => watchDrift(deps),
  noteUse: () => noteUse(deps),
  checkAccounts: () => checkAccounts(deps),
  decideDrift: (input) => decideDrift(deps, input),
  repairBatch: (input) => repairBatch(deps, input),
  watchOverdue: (input) => watchOverdue(deps, input),
});

export const createUseCases = (deps: Deps): UseCases => ({
  ...guardingVerbs(deps),
  ...incidentUseCases(deps),
  ...alertUseCases(deps),
  ...revocationUseCases(deps),
  ask: (input) => ask(deps, input),
  preview: (input) => preview(deps, input),
  allow: (input) => allow(deps, input),
  disallow: (input) => disallow(deps, input),
  breakGlass: (input) => breakGlass(deps, input),
  previewBreakGlass: (input) => previewBreakGlass(deps, input),
  closeReview: (input) => closeReview(deps, input),
  openReviews: (input) => openReviews(deps, input),
  allowBreakGlass: (input) => allowBreakGlass(deps, input),
  confirmAddress: (input) => confirmAddress(deps, input),
  doubtedAddresses: (input) => doubtedAddresses(deps, input),
  vote: (input) => vote(deps, input),
  approveWithChanges: (input) => approveWithChanges(deps, input),
  cancel: (input) => cancel(deps, input),
  showCredentials: (input) => showCredentials(deps, input),
  end: (input) => end(deps, input),
  extend: (input) => extend(deps, input),
  finishExtension: (input) => finishExtension(deps, input),
  overview: (input) => overview(deps, input),
  targetOverview: (input) => targetOverview(deps, input),
  activate: (input) => activate(deps, input),
  finishEnd: (input) => finishEnd(deps, input),
  endDue: () => endDue(deps),
  sweep: () => sweep(deps),
  adoptPolicy: (input) => adoptPolicy(deps, input),
  setAway: (input) => setAway(deps, input),
  endAway: (input) => endAway(deps, input),
  showAway: (input) => showAway(deps, input),
  explainAsk: (input) => explainAsk(deps, input),
  discuss: (input) => discuss(deps, input),
  personLeft: (input) => personLeft(deps, input),
  rejectPolicy: (input) => rejectPolicy(deps, input),
});

const incidentUseCases = (deps: Deps): IncidentUseCases => ({
  noteChannel: (input) => noteChannel(deps, input),
  openIncident: (input) => openIncident(deps, input),
  openIncidentForAlert: (input) => openIncidentForAlert(deps, input),
  setSeverity: (input) => setSeverity(deps, input),
  closeIncident: (input) => closeIncident(deps, input),
  noteToolMessage: (input) => noteToolMessage(deps, input),
  keepGrant: (input) => keepGrant(deps, input),
  incidentView: (ref) => incidentView(deps, ref),
  incidentBriefing: (ref) => incidentBriefing(deps, ref),
  incidentTimeline: (ref) => incidentTimeline(deps, ref),
  endIncidents: () => endIncidents(deps),
});

const alertUseCases = (deps: Deps): Pick<UseCases, 'askForAlert' | 'receiveAlerts' | 'routeAlert'> => ({
  askForAlert: (input) => askForAlert(deps, input),
  receiveAlerts: (input) => receiveAlerts(deps, input),
  routeAlert: (input) => routeAlert(deps, input),
});

const revocationUseCases = (
  deps: Deps,
): Pick<UseCases, 'previewRevocation' | 'revokeAll' | 'runRevocation' | 'runRevocations'> => ({
  previewRevocation: (input) => previewRevocation(deps, input),
  revokeAll: (input) => revokeAll(deps, input),
  runRevocation: (input) => runRevocation(deps, input),
  runRevocations: () => runRevocations(deps),
});
