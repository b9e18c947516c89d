/** Credentials, encrypted. */
import { pgTable, text } from 'drizzle-orm/pg-core';
import { bytes, idText, instant } from './columns.ts';
import { grants } from './requests.ts';

/** What the requester may see while the grant lives, encrypted; the row goes when the grant ends. */
export const secrets = pgTable('secrets', {
  grantId: idText('grant_id')
    .primaryKey()
    .references(() => grants.id),
  keyId: text('key_id').notNull(),
  nonce: bytes().notNull(),
  ciphertext: bytes().notNull(),
  createdAt: instant('created_at').notNull(),
});
