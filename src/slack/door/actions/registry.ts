/** Every button and every choice of a form, one line each. */
import type { Action } from '../context.ts';
import { requestForAlertNow, changeForAlert } from './alert.ts';
import { approveChanges } from './approve-changes.ts';
import { discuss } from './discuss.ts';
import { breakGlass, breakGlassFor } from './break-glass.ts';
import { leaveDrift, repairDrift } from './drift.ts';
import { extend } from './extend.ts';
import { endNow, tryAgain } from './fix.ts';
import { formActions } from './form.ts';
import { incidentAgain, incidentRequest, incidentConfirm, incidentRead, keepGrant } from './incident.ts';
import { ask, requestAgain, cancel, done, showCredentials } from './own.ts';
import { changeLine, keepLine } from './review-line.ts';
import { homeActions } from './refresh-home.ts';
import { justified, notJustified } from './review.ts';
import { formWithLineActions, sayLineActions } from './say-line.ts';
import { approve, deny, withdrawVote } from './vote.ts';

export const actions: readonly Action[] = [
  approve,
  approveChanges,
  deny,
  withdrawVote,
  discuss,
  showCredentials,
  done,
  extend,
  tryAgain,
  endNow,
  cancel,
  ask,
  requestAgain,
  ...homeActions,
  breakGlass,
  breakGlassFor,
  requestForAlertNow,
  changeForAlert,
  justified,
  keepLine,
  changeLine,
  notJustified,
  incidentRequest,
  incidentRead,
  incidentAgain,
  incidentConfirm,
  keepGrant,
  repairDrift,
  leaveDrift,
  ...formWithLineActions,
  ...sayLineActions,
  ...formActions,
];
