/** Signed requests that were taken in, for all processes. On connections of its own: an acknowledgement does not wait behind transactions. */
import type pg from 'pg';
import { createBatch } from '../lib/batch.ts';
import type { Log } from '../lib/log.ts';
import type { Replays } from '../application/record/replay-ports.ts';

const BATCH = 200;
const FORGET_EVERY_MS = 60_000;
const FORGET_MAX = 5_000;

/** In order of the key: two processes that note the same ones wait for each other, and never both ways. */
const CLAIM = `
  insert into seen_requests (key, forget_at)
  select decode(key, 'hex'), clock_timestamp() + kept_ms * interval '1 millisecond'
  from unnest($1::text[], $2::double precision[]) as given(key, kept_ms)
  order by 1
  on conflict do nothing
  returning encode(key, 'hex') as key`;

const FORGET_OLD = `
  delete from seen_requests
  where key in (select key from seen_requests where forget_at < (select clock_timestamp()) order by forget_at limit ${FORGET_MAX})`;

type Claim = { key: string; keptMs: number };

const claimMany = async (pool: pg.Pool, claims: Claim[]): Promise<boolean[]> => {
  const values = [claims.map(({ key }) => key), claims.map(({ keptMs }) => keptMs)];
  const { rows } = await pool.query<{ key: string }>({ name: 'replays_claim', text: CLAIM, values });
  const fresh = new Set(rows.map(({ key }) => key));
  // The first of two alike in one batch has it.
  return claims.map(({ key }) => fresh.delete(key));
};

const createForgetting = (pool: pg.Pool, log: Log): (() => void) => {
  let lastAt = performance.now();
  return () => {
    if (performance.now() - lastAt < FORGET_EVERY_MS) return;
    lastAt = performance.now();
    pool
      .query(FORGET_OLD)
      .catch((error: unknown) => log.warn({ error: String(error) }, 'old signed requests could not be forgotten'));
  };
};

/** Keys are SHA-256 in hex. */
export const createReplays = (pool: pg.Pool, log: Log): Replays & { close(): Promise<void> } => {
  const claim = createBatch<Claim, boolean>({ max: BATCH, run: (claims) => claimMany(pool, claims) });
  const forgetOld = createForgetting(pool, log);
  return {
    claim: async (key, keptMs) => {
      const isFirst = await claim({ key, keptMs });
      forgetOld();
      return isFirst;
    },
    isKnown: async (key) => {
      const text = `select 1 from seen_requests where key = decode($1, 'hex')`;
      return (await pool.query({ name: 'replays_known', text, values: [key] })).rows.length > 0;
    },
    forget: async (key) => {
      await pool.query(`delete from seen_requests where key = decode($1, 'hex')`, [key]);
    },
    close: () => pool.end(),
  };
};
