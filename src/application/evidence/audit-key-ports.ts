/** What is kept of the keys that sign the log. */

/** `size`: of heads with more leaves a signature of the key counts for nothing. */
export type Revoked = { from: Date; size: number };

export type AuditKeyWrites = { revoke(vkey: string, revoked: Revoked): Promise<void> };
