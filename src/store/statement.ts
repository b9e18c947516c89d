/** Small pieces that the statements of all stores are made of. */
import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { SQL } from 'drizzle-orm';
import { instantOf } from './schema/columns.ts';

/** One connection, or the pool. Statements are built and named once per store, so Postgres parses and Drizzle renders each of them once. */
export type Db = NodePgDatabase;

export const slot = (name: string) => sql.placeholder(name);
/** A slot where Drizzle expects an expression: in `set`, and inside other expressions. */
export const given = (name: string): SQL => sql`${slot(name)}`;

/** A time that may be missing: Drizzle's own column would read `null` as a date. Give it as `isoOrNull`. */
export const givenInstant = (name: string): SQL<Date> => sql`${slot(name)}::timestamptz`.mapWith(instantOf);
export const isoOrNull = (at: Date | null | undefined): string | null => at?.toISOString() ?? null;

/** Written times are the database's clock, read when the row is written and not when its transaction began. */
export const clock: SQL<Date> = sql`clock_timestamp()`.mapWith(instantOf);
export const clockPlus = (delayMs: SQL): SQL<Date> =>
  sql`clock_timestamp() + ${delayMs}::double precision * interval '1 millisecond'`.mapWith(instantOf);

/** The clock for comparisons with an indexed column: read once per statement. Postgres cannot search an index for a function that may change from row to row. */
export const clockOnce: SQL<Date> = sql`(select clock_timestamp())`.mapWith(instantOf);

/** NO KEY: foreign keys that point at the row are not held up, yet anyone who locks or changes the row is. */
export const ROW_LOCK = 'no key update';

/** The single row of a statement that always returns one. */
export const only = <Row>(rows: readonly Row[]): Row => {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`Expected one row and got ${rows.length}.`);
  return row;
};

export const firstOrNull = <Row>(rows: readonly Row[]): Row | null => rows[0] ?? null;
