/** What is kept of the keys that sign the log. */
import type { Revoked } from './evidence-ports.ts';

export type AuditKeyWrites = { revoke(vkey: string, revoked: Revoked): Promise<void> };
