/** Every policy that was ever in force, as its source text. */
import { desc } from 'drizzle-orm';
import type { Store } from '../../usecases/ports.ts';
import { policies } from '../schema.ts';
import { clock, firstOrNull } from '../statement.ts';
import type { Db } from '../statement.ts';

export const policyStore = (db: Db): Store['policies'] => ({
  lastSha256: async () => {
    const last = await db.select({ sha256: policies.sha256 }).from(policies).orderBy(desc(policies.loadedAt)).limit(1);
    return firstOrNull(last)?.sha256 ?? null;
  },
  record: async ({ sha256, source }) => {
    await db
      .insert(policies)
      .values({ sha256, source, loadedAt: clock })
      .onConflictDoUpdate({ target: policies.sha256, set: { loadedAt: clock } });
  },
});
