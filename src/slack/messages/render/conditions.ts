/** What holds of an access while it lasts: whether it is recorded, and what the role is limited to. */
import { inline } from './text.ts';
import { REMAINS_SHOWN_MAX } from './limits.ts';

export const conditions = (terms: readonly string[]): string | null =>
  terms.length > 0 ? `*Conditions:* ${inline(terms.join(' '), REMAINS_SHOWN_MAX)}` : null;
