/** Events, as they were written, that say that all of a grant's access is gone, or that there never was any. `grant.ended` is of older versions. */
export const LAST_OF_GRANT: ReadonlySet<string> = new Set(['grant.removed', 'grant.ended', 'grant.failed']);
