/** People as they were last read from Slack. */
import { eq, inArray } from 'drizzle-orm';
import type { Store, Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { people } from './schema/requests.ts';
import { firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';

const findStatement = (db: Db) =>
  db
    .select()
    .from(people)
    .where(eq(people.id, slot('id')))
    .prepare('person_find');

export const peopleReads = (db: Db): Store['read']['person'] => {
  const find = findStatement(db);
  return async (id) => firstOrNull(await find.execute({ id }));
};

/**
 * Writes only what is new or has changed: an upsert locks the row even when nothing changes, and all asks of one person would wait for
 * each other.
 */
const UPSERT = `
  insert into people (id, team_id, user_id, name, email, timezone, is_active)
  select $1, $2, $3, $4, $5, $6, $7
  where not exists (select from people where id = $1 and (name, email, timezone, is_active) is not distinct from ($4, $5, $6, $7::boolean))
  on conflict (id) do update
  set name = excluded.name, email = excluded.email, timezone = excluded.timezone, is_active = excluded.is_active`;

export const peopleWrites = (db: Db, { client, later }: Line): Tx['people'] => ({
  listByIds: async (ids) => (ids.length > 0 ? db.select().from(people).where(inArray(people.id, ids)) : []),
  upsert: async ({ id, teamId, userId, name, email, timezone, isActive }) => {
    const values = [id, teamId, userId, name, email, timezone, isActive];
    later(() => client.query({ name: 'person_upsert', text: UPSERT, values }));
  },
});
