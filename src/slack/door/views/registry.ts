/** Every view that is submitted and every search of a form, one line each. */
import type { Search, ViewHandler } from '../context.ts';
import { allowClientSubmit } from './allow-client-form.ts';
import { changesSubmit } from './approve-changes.ts';
import { breakGlassSubmit } from './break-glass-form.ts';
import { denySubmit } from './deny.ts';
import { overrideSubmit } from './override-form.ts';
import { publicKeySubmit } from './public-key.ts';
import { requestSubmit } from './request-submit.ts';
import { lineSubmit } from './review-line-form.ts';
import { reviewSubmit } from './review-form.ts';
import { revokeSubmit } from './revoke-form.ts';
import { roleSearch, targetSearch } from './searches.ts';

export const views: readonly ViewHandler[] = [
  requestSubmit,
  denySubmit,
  changesSubmit,
  breakGlassSubmit,
  overrideSubmit,
  allowClientSubmit,
  reviewSubmit,
  lineSubmit,
  revokeSubmit,
  publicKeySubmit,
];
export const searches: readonly Search[] = [targetSearch, roleSearch];
