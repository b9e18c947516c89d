/** What the requester may see of a grant, encrypted; gone when the grant ends. */
import { eq, inArray, sql } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { secrets } from './schema/secrets.ts';
import { clock, firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';

const findStatement = (db: Db) =>
  db
    .select({ keyId: secrets.keyId, nonce: secrets.nonce, ciphertext: secrets.ciphertext })
    .from(secrets)
    .where(eq(secrets.grantId, slot('grantId')))
    .prepare('secret_find');

const putStatement = (db: Db) =>
  db
    .insert(secrets)
    .values({
      grantId: slot('grantId'),
      keyId: slot('keyId'),
      nonce: slot('nonce'),
      ciphertext: slot('ciphertext'),
      createdAt: clock,
    })
    .onConflictDoUpdate({
      target: secrets.grantId,
      set: {
        keyId: sql`excluded.key_id`,
        nonce: sql`excluded.nonce`,
        ciphertext: sql`excluded.ciphertext`,
        createdAt: sql`excluded.created_at`,
      },
    })
    .prepare('secret_put');

export const secretWrites = (db: Db, { later }: Line): Tx['secrets'] => {
  const find = findStatement(db);
  const put = putStatement(db);
  return {
    // An activation that crashed after this is done again, with a new password.
    put: async (grantId, { keyId, nonce, ciphertext }) => {
      later(() => put.execute({ grantId, keyId, nonce, ciphertext }));
    },
    find: async (grantId) => firstOrNull(await find.execute({ grantId })),
    destroy: async (grantIds) =>
      later(() =>
        db
          .delete(secrets)
          .where(inArray(secrets.grantId, [...grantIds]))
          .execute(),
      ),
  };
};
