/** People as they were last read from Slack. */
import { eq, inArray } from 'drizzle-orm';
import type { Person } from '../../core/types.ts';
import type { Store, Tx } from '../../usecases/ports.ts';
import { people } from '../schema.ts';
import { firstOrNull, slot } from '../statement.ts';
import type { Db } from '../statement.ts';

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

export const peopleWrites = (db: Db): Tx['people'] => {
  const find = findStatement(db);
  const isSame = (known: Person, person: Person): boolean =>
    known.name === person.name &&
    known.email === person.email &&
    known.timezone === person.timezone &&
    known.isActive === person.isActive;
  return {
    listByIds: async (ids) => (ids.length > 0 ? db.select().from(people).where(inArray(people.id, ids)) : []),
    // Looks first: an upsert locks the row even when nothing changes, and all asks of one person would wait for each other.
    upsert: async (person) => {
      const known = firstOrNull(await find.execute({ id: person.id }));
      if (known && isSame(known, person)) return;
      const { name, email, timezone, isActive } = person;
      await db
        .insert(people)
        .values({ id: person.id, teamId: person.teamId, userId: person.userId, name, email, timezone, isActive })
        .onConflictDoUpdate({ target: people.id, set: { name, email, timezone, isActive } });
    },
  };
};
