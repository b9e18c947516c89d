/** What Postgres' errors mean to us. */
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';

/** Drizzle's own error puts every parameter into its message, and messages go to the log: what Postgres said is enough. */
export const databaseFailure = (error: unknown): unknown =>
  error instanceof DrizzleQueryError && error.cause ? error.cause : error;

export const isRetryable = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK);
