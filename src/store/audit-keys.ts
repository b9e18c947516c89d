/** What is written about the keys of the audit log beside its events. */
import { eq } from 'drizzle-orm';
import type { AuditKeyWrites } from '../application/evidence/audit-key-ports.ts';
import { auditKeys } from './schema/audit.ts';
import type { Db } from './statement.ts';

export const auditKeyWrites = (db: Db): AuditKeyWrites => ({
  revoke: async (vkey, { from, size }) => {
    const set = { revokedFrom: from, revokedSize: size };
    await db.update(auditKeys).set(set).where(eq(auditKeys.vkey, vkey));
  },
});
