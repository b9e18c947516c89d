/** Column types and checks that every table uses. */
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import type { SQL } from 'drizzle-orm';

/** Collation "C": the beginning of an id finds it through the primary key, and a C library upgrade cannot reorder the index. */
export const idText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Drizzle's own jsonb parses what `pg` has parsed already, which turns the string "5" into the number 5. */
export const json = <T>(name = '') =>
  customType<{ data: T; driverData: T | string }>({
    dataType: () => 'jsonb',
    toDriver: (value) => JSON.stringify(value),
    fromDriver: (value) => value as T,
  })(name);

export const serialId = () => bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();

export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

export const isOneOf = (column: AnyPgColumn, values: readonly string[]): SQL =>
  sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`;

/** Postgres' text for a timestamptz, as Drizzle hands it to expressions. */
export const instantOf = (value: string): Date => new Date(value);
