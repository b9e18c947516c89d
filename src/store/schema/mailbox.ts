/** An address without its tag, as SQL: the same question as `normalEmail` in `core/policy/identity.ts`, so that an index can answer it. */
import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';

export const mailboxOf = (email: SQL | AnyPgColumn): SQL =>
  sql`rtrim(regexp_replace(lower(btrim(${email})), '^([^+@][^+]*)[+].*@', '\\1@'), '.')`;
