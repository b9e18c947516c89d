/** What Postgres' errors mean to us. */
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';

/** Drizzle's own error puts every parameter into its message, and messages go to the log: what Postgres said is enough. */
export const databaseFailure = (error: unknown): unknown =>
  error instanceof DrizzleQueryError && error.cause ? error.cause : error;

const passing = (result: unknown): unknown =>
  result instanceof Promise
    ? result.catch((error: unknown) => {
        throw databaseFailure(error);
      })
    : result;

/** The same functions, however deep, whose failures say no more than Postgres did. */
export const withPlainFailures = <Part extends object>(part: Part): Part =>
  new Proxy(part, {
    get: (whole, key) => {
      const value: unknown = Reflect.get(whole, key);
      if (typeof value === 'object' && value !== null) return withPlainFailures(value);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => passing(Reflect.apply(value, whole, given));
    },
  });

export const isRetryable = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === SERIALIZATION_FAILURE || error.code === DEADLOCK);
