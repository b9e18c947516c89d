/** What the names of scopes led to first. Rows are never changed: a freed name gives nothing by the thing that takes it. */
import { sql } from 'drizzle-orm';
import type { TargetNameReads, TargetNameWrites } from '../application/grants/target-name-ports.ts';
import type { Db } from './statement.ts';

const boundName = async (db: Db, target: string, name: string): Promise<string | null> => {
  const { rows } = await db.execute<{ id: string }>(
    sql`select thing_id as id from target_names where target = ${target} and name = ${name}`,
  );
  return rows[0]?.id ?? null;
};

export const targetNameReads = (db: Db): TargetNameReads => ({
  boundName: (target, name) => boundName(db, target, name),
});

export const targetNameWrites = (db: Db): TargetNameWrites => ({
  bind: async (target, { name, id }) => {
    await db.execute(sql`insert into target_names (target, name, thing_id, bound_at)
      values (${target}, ${name}, ${id}, clock_timestamp()) on conflict do nothing`);
    return (await boundName(db, target, name)) ?? id;
  },
  setMoved: async (target, { name, id }) => {
    const { rows } = await db.execute(sql`insert into moved_target_names (target, name, thing_id, found_at)
      values (${target}, ${name}, ${id}, clock_timestamp()) on conflict do nothing returning 1`);
    return rows.length > 0;
  },
});
