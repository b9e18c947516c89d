/** What lists of targets gave, one row for each definition of each list. */
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { ListId, ListReads, ListWrites } from '../application/policy/list-ports.ts';
import { targetLists } from './schema/target-lists.ts';
import type { Db } from './statement.ts';

type Since = { since: Date | string | null };

const sinceOf = (rows: readonly Since[]): Date | null => {
  const since = rows[0]?.since ?? null;
  return since === null ? null : new Date(since);
};

export const listWrites = (db: Db): ListWrites => ({
  claim: async ({ list, definition }, everyMs) => {
    const { rows } = await db.execute(sql`
      insert into target_lists as known (list, definition, tried_at) values (${list}, ${definition}, clock_timestamp())
      on conflict (list, definition) do update set tried_at = excluded.tried_at
      where known.tried_at <= clock_timestamp() - ${everyMs}::double precision * interval '1 millisecond'
      returning list`);
    return rows.length > 0;
  },
  put: async ({ list, definition }, { rows, sha256 }) => {
    const before = await db.execute<Since>(sql`
      select failing_since as since from target_lists where list = ${list} and definition = ${definition} for update`);
    // The same rows are not written again: of thousands of targets that would be megabytes each few seconds.
    const same = await db.execute(sql`
      update target_lists set tried_at = clock_timestamp(), failing_since = null, problem = null
      where list = ${list} and definition = ${definition} and sha256 = ${sha256} returning list`);
    if (same.rows.length === 0)
      await db.execute(sql`
        insert into target_lists (list, definition, rows, sha256, tried_at)
        values (${list}, ${definition}, ${rows}, ${sha256}, clock_timestamp())
        on conflict (list, definition) do update set rows = excluded.rows, sha256 = excluded.sha256,
          tried_at = excluded.tried_at, failing_since = null, problem = null`);
    await db.execute(sql`delete from target_lists where tried_at < clock_timestamp() - interval '7 days'`);
    return { failingSince: sinceOf(before.rows) };
  },
  fail: async ({ list, definition }, problem) => {
    const before = await db.execute<Since>(sql`
      select failing_since as since from target_lists where list = ${list} and definition = ${definition} for update`);
    await db.execute(sql`
      insert into target_lists as known (list, definition, tried_at, failing_since, problem)
      values (${list}, ${definition}, clock_timestamp(), clock_timestamp(), ${problem})
      on conflict (list, definition) do update set tried_at = excluded.tried_at, problem = excluded.problem,
        failing_since = coalesce(known.failing_since, excluded.failing_since)`);
    return sinceOf(before.rows) === null;
  },
});

export const listReads = (db: Db): Pick<ListReads, 'lists' | 'listRows'> => ({
  lists: () =>
    db
      .select({
        list: targetLists.list,
        definition: targetLists.definition,
        sha256: targetLists.sha256,
        problem: targetLists.problem,
      })
      .from(targetLists),
  listRows: async ({ list, definition }) => {
    const [known] = await db
      .select({ rows: targetLists.rows })
      .from(targetLists)
      .where(sql`${targetLists.list} = ${list} and ${targetLists.definition} = ${definition}`);
    return known?.rows ?? null;
  },
});

/** For a start, which needs it before there is a store. */
export const listRowsIn = (pool: pg.Pool, id: ListId): Promise<string | null> => listReads(drizzle(pool)).listRows(id);
