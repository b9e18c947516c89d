/** Where the Slack app is installed: in workspaces of one organisation, or in all of it. */
import { jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { bytes, idText, instant } from './columns.ts';

export const slackInstallations = pgTable('slack_installations', {
  /** That of the workspace, or of the organisation where it is installed for all. */
  id: idText('id').primaryKey(),
  enterpriseId: text('enterprise_id').notNull(),
  /** Null where it is installed for all. */
  teamId: text('team_id'),
  name: text().notNull(),
  botId: text('bot_id').notNull(),
  botUserId: text('bot_user_id').notNull(),
  scopes: jsonb().$type<string[]>().notNull(),
  /** The token, and the one that renews it, encrypted. */
  keyId: text('key_id').notNull(),
  nonce: bytes().notNull(),
  ciphertext: bytes().notNull(),
  /** Null where tokens do not expire. */
  expiresAt: instant('expires_at'),
  installedAt: instant('installed_at').notNull(),
  /** Until then one process renews the token for all. */
  renewingUntil: instant('renewing_until'),
});
