/** Every button and every choice of a form, one line each. */
import type { Action } from '../context.ts';
import { askForAlertNow, changeForAlert } from './alert.ts';
import { approveChanges } from './approve-changes.ts';
import { discuss } from './discuss.ts';
import { breakGlass } from './break-glass.ts';
import { leaveDrift, repairDrift } from './drift.ts';
import { extend } from './extend.ts';
import { endNow, tryAgain } from './fix.ts';
import { formActions } from './form.ts';
import { incidentAgain, incidentAsk, incidentConfirm, incidentRead, keepGrant } from './incident.ts';
import { ask, askAgain, cancel, done, showCredentials } from './own.ts';
import { refresh } from './refresh-home.ts';
import { justified, notJustified } from './review.ts';
import { approve, deny } from './vote.ts';

export const actions: readonly Action[] = [
  approve,
  approveChanges,
  deny,
  discuss,
  showCredentials,
  done,
  extend,
  tryAgain,
  endNow,
  cancel,
  ask,
  askAgain,
  refresh,
  breakGlass,
  askForAlertNow,
  changeForAlert,
  justified,
  notJustified,
  incidentAsk,
  incidentRead,
  incidentAgain,
  incidentConfirm,
  keepGrant,
  repairDrift,
  leaveDrift,
  ...formActions,
];
