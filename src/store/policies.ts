/** Every policy that was ever in force, as its source text. */
import { desc, eq, inArray, sql } from 'drizzle-orm';
import type { Tx } from '../application/deps.ts';
import type { ListReads } from '../application/policy/list-ports.ts';
import { calendars } from './schema/calendars.ts';
import { policies } from './schema/policies.ts';
import { grants, requests, UNFINISHED_STATES } from './schema/requests.ts';
import { clock, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

export const policyReads = (db: Db): Pick<ListReads, 'liveTargets' | 'policySource'> => ({
  liveTargets: () =>
    db
      .selectDistinct({ target: grants.target, policy: requests.policySha256 })
      .from(grants)
      .innerJoin(requests, eq(requests.id, grants.requestId))
      .where(inArray(grants.state, ['active', ...UNFINISHED_STATES])),
  policySource: async (sha256) => {
    const [known] = await db.select({ source: policies.source }).from(policies).where(eq(policies.sha256, sha256));
    return known?.source ?? null;
  },
});

export const policyWrites = (db: Db): Tx['policies'] => ({
  adopt: async ({ sha256, source }) => {
    // Every process reads the changed file; the first records it, the others find that it is known.
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended('policies', 0))`);
    const newest = db.select({ sha256: policies.sha256, source: policies.source }).from(policies);
    const before = firstOrNull(await newest.orderBy(desc(policies.loadedAt)).limit(1));
    if (before?.sha256 === sha256) return null;
    await db
      .insert(policies)
      .values({ sha256, source, loadedAt: clock })
      .onConflictDoUpdate({ target: policies.sha256, set: { loadedAt: clock } });
    return { before };
  },
  adoptCalendars: async (current) => {
    const known = new Map((await db.select().from(calendars)).map(({ freeze, sha256 }) => [freeze, sha256]));
    const changed = current.filter(({ freeze, sha256 }) => known.get(freeze) !== sha256);
    const named = new Set(current.map(({ freeze }) => freeze));
    const gone = [...known.keys()].filter((freeze) => !named.has(freeze));
    if (gone.length > 0) await db.delete(calendars).where(inArray(calendars.freeze, gone));
    for (const { freeze, sha256 } of changed) {
      const set = { sha256, loadedAt: clock };
      await db
        .insert(calendars)
        .values({ freeze, ...set })
        .onConflictDoUpdate({ target: calendars.freeze, set });
    }
    return changed.map(({ freeze, sha256 }) => ({ freeze, sha256, before: known.get(freeze) ?? null }));
  },
});
