/**
 * Every button of Latchkey. A button carries the id of a request or a grant: who clicks is read from Slack. One that decides carries beside
 * it the fingerprint of what its message shows, so that nothing else is decided by it.
 */
import type { ActionsBlock, Button, ConfirmationDialog } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import { fingerprintOf } from '../../../domain/requests/fingerprint.ts';
import type { Request } from '../../../domain/requests/request.ts';
import { BUTTON_TEXT_MAX } from './limits.ts';
import { plain } from './text.ts';

export const ACTION = {
  approve: 'approve',
  approveChanges: 'approve_changes',
  deny: 'deny',
  discuss: 'discuss',
  withdrawVote: 'withdraw_vote',
  showCredentials: 'show_credentials',
  done: 'done',
  extend: 'extend',
  tryAgain: 'try_again',
  endNow: 'end_now',
  cancel: 'cancel_request',
  requestAgain: 'ask_again',
  ask: 'ask',
  refreshHome: 'refresh_home',
  keepLine: 'review_line_keep',
  changeLine: 'review_line_change',
  justified: 'review_justified',
  notJustified: 'review_not_justified',
  breakGlass: 'break_glass',
  breakGlassFor: 'break_glass_for',
  incidentRequest: 'incident_ask',
  incidentRead: 'incident_read',
  incidentAgain: 'incident_again',
  incidentConfirm: 'incident_confirm',
  keepGrant: 'keep_grant',
  requestForAlertAction: 'ask_for_alert',
  changeForAlert: 'change_for_alert',
  repairDrift: 'repair_drift',
  leaveDrift: 'leave_drift',
} as const;

type Look = { style?: 'primary' | 'danger'; confirm?: ConfirmationDialog };

type Does = { actionId: string; value: string };

const button = (text: string, { actionId, value }: Does, look: Look = {}): Button => ({
  type: 'button',
  text: { type: 'plain_text', text: plain(text, BUTTON_TEXT_MAX), emoji: false },
  action_id: actionId,
  value,
  ...look,
});

const confirm = (title: string, text: string, yes: string): ConfirmationDialog => ({
  title: { type: 'plain_text', text: title },
  text: { type: 'plain_text', text },
  confirm: { type: 'plain_text', text: yes },
  deny: { type: 'plain_text', text: 'Back' },
});

/** The request, and what is shown of it. */
export const shownValue = (request: Request): string => `${request.id}:${fingerprintOf(request)}`;

/** `shown` is null on a message from before buttons carried it. */
export const readShownValue = (value: string): { requestId: string; shown: string | null } => {
  const [requestId = '', shown = null] = value.split(':');
  return { requestId, shown };
};

/** `care`: what is to confirm before the vote is cast. */
export const approveButton = (request: Request, care: string | null = null): Button =>
  button(
    'Approve',
    { actionId: ACTION.approve, value: shownValue(request) },
    { style: 'primary', ...(care !== null && { confirm: confirm('Approve this?', care, 'Approve') }) },
  );
export const approveChangesButton = (request: Request): Button =>
  button('Approve with changes', { actionId: ACTION.approveChanges, value: shownValue(request) });
export const discussButton = (requestId: string): Button =>
  button('Discuss', { actionId: ACTION.discuss, value: requestId });
/** Of one's own vote, while it has not decided anything. */
export const withdrawVoteButton = (requestId: string): Button =>
  button('Withdraw approval', { actionId: ACTION.withdrawVote, value: requestId });
export const denyButton = (request: Request): Button =>
  button('Deny', { actionId: ACTION.deny, value: shownValue(request) }, { style: 'danger' });
export const showCredentialsButton = (grantId: string): Button =>
  button('Show credentials', { actionId: ACTION.showCredentials, value: grantId }, { style: 'primary' });
export const doneButton = (grantId: string): Button =>
  button(
    "I'm done",
    { actionId: ACTION.done, value: grantId },
    {
      confirm: confirm('Give it back now?', 'The access ends and open sessions are cut.', 'End access'),
    },
  );
export const tryAgainButton = (grantId: string): Button =>
  button('Try again', { actionId: ACTION.tryAgain, value: grantId }, { style: 'primary' });
/** For owners and admins; the one who clicks is judged by the use case. */
export const endNowButton = (grantId: string, whose: string): Button =>
  button(
    'End now',
    { actionId: ACTION.endNow, value: grantId },
    {
      style: 'danger',
      confirm: confirm(
        'End this access now?',
        `${whose} loses access at once, and open sessions are cut. Only owners of the target and admins can do this.`,
        'End access',
      ),
    },
  );
/** `+30 min`: whole minutes as minutes. */
const more = (byMs: number): string => (byMs % 60_000 === 0 ? `+${byMs / 60_000} min` : `+${formatDuration(byMs)}`);

/**
 * Carries beside its id which end it was rendered for, by how often it had been moved, so that a second click
 * moves nothing. Whether it may be moved is read from the database.
 */
export const extendButton = ({ id, extensions }: Pick<Grant, 'id' | 'extensions'>, byMs: number): Button =>
  button(more(byMs), { actionId: ACTION.extend, value: `${id}:${extensions}` });

export const readExtendValue = (value: string): { id: string; deadline: number } => {
  const [id = '', extensions = ''] = value.split(':');
  return { id, deadline: /^\d{1,6}$/.test(extensions) ? Number(extensions) : -1 };
};

export const cancelButton = (requestId: string): Button =>
  button(
    'Cancel request',
    { actionId: ACTION.cancel, value: requestId },
    {
      confirm: confirm(
        'Cancel this request?',
        'Its approvers cannot approve it any more. You can request it again.',
        'Cancel request',
      ),
    },
  );
export const requestAgainButton = (requestId: string): Button =>
  button('Request again', { actionId: ACTION.requestAgain, value: requestId });
export const requestButton = (): Button =>
  button('Request access', { actionId: ACTION.ask, value: 'form' }, { style: 'primary' });
export const keepLineButton = (lineId: string): Button => button('Keep', { actionId: ACTION.keepLine, value: lineId });
export const changeLineButton = (lineId: string): Button =>
  button('Change…', { actionId: ACTION.changeLine, value: lineId });
export const justifiedButton = (grantId: string): Button =>
  button('Justified…', { actionId: ACTION.justified, value: grantId }, { style: 'primary' });
export const notJustifiedButton = (grantId: string): Button =>
  button('Not justified…', { actionId: ACTION.notJustified, value: grantId }, { style: 'danger' });
/** The one button without an id: it stands in the form, whose fields are read from the view. */
export const breakGlassButton = (): Button =>
  button('Use break-glass…', { actionId: ACTION.breakGlass, value: 'form' }, { style: 'danger' });
/** On a request that waits, for who may take the same at once. */
export const breakGlassForButton = (requestId: string): Button =>
  button('Use break-glass…', { actionId: ACTION.breakGlassFor, value: requestId }, { style: 'danger' });
/** `about` names the incident and what of it, as `incidentSubject` writes it; who may is judged at the click. */
export const incidentRequestButton = (about: string, text = 'Request access'): Button =>
  button(text, { actionId: ACTION.incidentRequest, value: about });
export const incidentReadButton = (about: string): Button =>
  button("I'm on call: read now", { actionId: ACTION.incidentRead, value: about }, { style: 'primary' });
export const incidentAgainButton = (incidentId: string): Button =>
  button('Request again', { actionId: ACTION.incidentAgain, value: incidentId });
export const incidentConfirmButton = (incidentId: string): Button =>
  button('Confirm the incident', { actionId: ACTION.incidentConfirm, value: incidentId });
export const keepGrantButton = (grantId: string): Button =>
  button('Keep mine until it expires', { actionId: ACTION.keepGrant, value: grantId });
export const requestForAlertButton = (alertId: string, what: string): Button =>
  button(what, { actionId: ACTION.requestForAlertAction, value: alertId }, { style: 'primary' });
export const changeForAlertButton = (alertId: string): Button =>
  button('Change first…', { actionId: ACTION.changeForAlert, value: alertId });
export const refreshHomeButton = (): Button => button('Refresh', { actionId: ACTION.refreshHome, value: 'home' });

export const repairDriftButton = ({ id, count }: { id: string; count: number }): Button =>
  button(
    `Repair these ${count}`,
    { actionId: ACTION.repairDrift, value: id },
    {
      style: 'danger',
      confirm: confirm(
        'Repair all of them?',
        'Left-over logins are ended, access that was removed is closed, and the rest is put back to what its grant says.',
        'Repair',
      ),
    },
  );
export const leaveDriftButton = ({ id }: { id: string }): Button =>
  button('Leave', { actionId: ACTION.leaveDrift, value: id });

export const actions = (...elements: Button[]): ActionsBlock => ({ type: 'actions', elements });
