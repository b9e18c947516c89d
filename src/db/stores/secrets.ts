/** What the requester may see of a grant, encrypted; gone when the grant ends. */
import { eq, inArray } from 'drizzle-orm';
import type { Tx } from '../../usecases/ports.ts';
import { secrets } from '../schema.ts';
import { clock, firstOrNull, slot } from '../statement.ts';
import type { Db } from '../statement.ts';

const findStatement = (db: Db) =>
  db
    .select({ keyId: secrets.keyId, nonce: secrets.nonce, ciphertext: secrets.ciphertext })
    .from(secrets)
    .where(eq(secrets.grantId, slot('grantId')))
    .prepare('secret_find');

export const secretWrites = (db: Db): Tx['secrets'] => {
  const find = findStatement(db);
  return {
    // An activation that crashed after this is done again, with a new password.
    put: async (grantId, { keyId, nonce, ciphertext }) => {
      const secret = { keyId, nonce, ciphertext, createdAt: clock };
      await db
        .insert(secrets)
        .values({ grantId, ...secret })
        .onConflictDoUpdate({ target: secrets.grantId, set: secret });
    },
    find: async (grantId) => firstOrNull(await find.execute({ grantId })),
    destroy: async (grantIds) => void (await db.delete(secrets).where(inArray(secrets.grantId, [...grantIds]))),
  };
};
