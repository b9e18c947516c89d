/** Every button and every choice of a form, one line each. */
import type { Action } from '../context.ts';
import { formActions } from './form.ts';
import { ask, askAgain, cancel, done, showCredentials } from './own.ts';
import { refresh } from './refresh-home.ts';
import { approve, deny } from './vote.ts';

export const actions: readonly Action[] = [
  approve,
  deny,
  showCredentials,
  done,
  cancel,
  ask,
  askAgain,
  refresh,
  ...formActions,
];
