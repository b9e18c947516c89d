/** Where the Slack app is installed. */
import { asc, eq, sql } from 'drizzle-orm';
import type {
  InstallationReads,
  InstallationWrites,
  StoredInstallation,
} from '../application/identity/installation-ports.ts';
import { slackInstallations as table } from './schema/slack-installations.ts';
import { distrust } from './slack-facts.ts';
import { clock } from './statement.ts';
import type { Db } from './statement.ts';

type Row = typeof table.$inferSelect;

const installationOf = ({ keyId, nonce, ciphertext, ...row }: Row): StoredInstallation => {
  const { id, enterpriseId, teamId, name, botId, botUserId, scopes, expiresAt } = row;
  return { id, enterpriseId, teamId, name, botId, botUserId, scopes, expiresAt, sealed: { keyId, nonce, ciphertext } };
};

export const installationReads = (db: Db): InstallationReads => ({
  installations: async () => {
    const rows = await db
      .select()
      .from(table)
      .orderBy(sql`${table.teamId} is not null`, asc(table.id));
    return rows.map(installationOf);
  },
});

/** Lists are of all workspaces together: with one more, or one less, what was read of them is no longer so. */
export const installationWrites = (db: Db): InstallationWrites => ({
  put: async ({ sealed, ...facts }) => {
    const values = { ...facts, ...sealed, installedAt: clock, renewingUntil: null };
    await db.insert(table).values(values).onConflictDoUpdate({ target: table.id, set: values });
    await distrust(db, facts.enterpriseId);
  },
  remove: async (id) => {
    const [removed] = await db.delete(table).where(eq(table.id, id)).returning({ enterpriseId: table.enterpriseId });
    if (!removed) return false;
    await distrust(db, removed.enterpriseId);
    return true;
  },
  distrust: (enterpriseId) => distrust(db, enterpriseId),
  claimRenewal: async (id, forMs) => {
    const { rows } = await db.execute(sql`update slack_installations
      set renewing_until = clock_timestamp() + ${forMs} * interval '1 millisecond'
      where id = ${id} and (renewing_until is null or renewing_until < clock_timestamp()) returning 1`);
    return rows.length > 0;
  },
  setTokens: async (id, { sealed, expiresAt }) => {
    await db
      .update(table)
      .set({ ...sealed, expiresAt, renewingUntil: null })
      .where(eq(table.id, id));
  },
});
