/** The SSH public key that a person gave, for the certificates of their access. */
import { eq } from 'drizzle-orm';
import type { Store, Tx } from '../application/deps.ts';
import { publicKeys } from './schema/principals.ts';
import { clock } from './statement.ts';
import type { Db } from './statement.ts';

export const publicKeyReads = (db: Db): Store['read']['publicKey'] => {
  return async (personId) => {
    const [found] = await db
      .select({ line: publicKeys.line })
      .from(publicKeys)
      .where(eq(publicKeys.personId, personId));
    return found?.line ?? null;
  };
};

export const publicKeyWrites = (db: Db): Tx['publicKeys'] => ({
  put: async (personId, line) => {
    await db
      .insert(publicKeys)
      .values({ personId, line, setAt: clock })
      .onConflictDoUpdate({ target: publicKeys.personId, set: { line, setAt: clock } });
  },
});
