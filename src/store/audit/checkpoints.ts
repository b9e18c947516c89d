/** Signed heads of the tree and where they were published. */
import type pg from 'pg';
import type { AuditTree, Signing, StoredCheckpoint } from '../../application/evidence/evidence-ports.ts';
import { consistencyPlan, rootPlan } from '../../lib/transparency/tree.ts';
import { evidenceReads } from './evidence.ts';
import { inTransaction } from '../in-transaction.ts';
import { readPlans, readTreeSize } from './tree.ts';

const SIGN_LOCK = 7_215_003;
const PUBLISH_LOCK = 7_215_004;
/** Programs that sign and places that are slow are waited for with the lock in hand. */
const FOR_SLOW_PLACES = 'set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0';
const SELECT = `select size::float8 as size, root, note, signed_at as "signedAt" from audit_checkpoints`;

type Client = Pick<pg.PoolClient, 'query'>;

const newest = async (client: Client): Promise<StoredCheckpoint | null> =>
  (await client.query<StoredCheckpoint>(`${SELECT} order by size desc limit 1`)).rows[0] ?? null;

const signingWith = async (client: pg.PoolClient): Promise<Signing> => {
  const { before, size } = await readTreeSize(client);
  return {
    size,
    newest: await newest(client),
    rootsAt: async (sizes) => (await readPlans(client, before, sizes.map(rootPlan))).flat(),
    add: async ({ size: signed, root, note }) => {
      const values = [signed, root, note];
      await client.query(
        'insert into audit_checkpoints (size, root, note, signed_at) values ($1, $2, $3, clock_timestamp())',
        values,
      );
    },
  };
};

const signing: (pool: pg.Pool) => AuditTree['signing'] = (pool) => (work) =>
  inTransaction(pool, 'begin', async ({ client }) => {
    await client.query(FOR_SLOW_PLACES);
    await client.query('select pg_advisory_xact_lock($1)', [SIGN_LOCK]);
    return work(await signingWith(client));
  });

const publishing: (pool: pg.Pool) => AuditTree['publishing'] = (pool) => (work) =>
  inTransaction(pool, 'begin', async ({ client }) => {
    await client.query(FOR_SLOW_PLACES);
    const { rows } = await client.query<{ alone: boolean }>('select pg_try_advisory_xact_lock($1) as alone', [
      PUBLISH_LOCK,
    ]);
    if (rows[0]?.alone === true) await work();
  });

const UNPUBLISHED = `${SELECT} c where not exists (
  select from audit_publications p where p.place = $1 and p.size = c.size and p.published_at is not null) order by size`;
const PUBLISHED = `
insert into audit_publications (place, size, published_at, error, receipt) values ($1, $2, clock_timestamp(), null, $3)
on conflict (place, size) do update set published_at = clock_timestamp(), error = null, receipt = excluded.receipt`;
const RECEIPTS = `
select c.size::float8 as size, c.note, p.receipt from audit_publications p join audit_checkpoints c on c.size = p.size
where p.place = $1 and p.receipt is not null order by p.size`;
const FAILED = `
insert into audit_publications (place, size, published_at, error) values ($1, $2, null, $3)
on conflict (place, size) do update set error = $3`;
const PUT_KEY = `
insert into audit_keys (vkey, added_at, retired_at) values ($1, clock_timestamp(), case when $2 then clock_timestamp() end)
on conflict (vkey) do update set retired_at = excluded.retired_at`;

const KEYS = `
select vkey, retired_at is not null as "isRetired", revoked_from as "from", revoked_size::float8 as size
from audit_keys order by added_at, vkey`;
type KeyRow = { vkey: string; isRetired: boolean; from: Date | null; size: number | null };

const keysOf = (pool: pg.Pool): AuditTree['keys'] => ({
  all: async () => {
    const { rows } = await pool.query<KeyRow>(KEYS);
    return rows.map(({ vkey, isRetired, from, size }) => ({
      vkey,
      isRetired,
      revoked: from === null || size === null ? null : { from, size },
    }));
  },
  sizeAt: async (moment) => {
    const text = 'select coalesce(max(size), 0)::float8 as size from audit_checkpoints where signed_at <= $1';
    return (await pool.query<{ size: number }>(text, [moment])).rows[0]?.size ?? 0;
  },
  put: async (vkey, isRetired) => void (await pool.query(PUT_KEY, [vkey, isRetired])),
});

const publications = (
  pool: pg.Pool,
): Pick<AuditTree, 'unpublished' | 'publishedSize' | 'setPublished' | 'setFailed' | 'receipts'> => ({
  unpublished: async (place) => (await pool.query<StoredCheckpoint>(UNPUBLISHED, [place])).rows,
  publishedSize: async (place) => {
    const text = `select coalesce(max(size), 0)::float8 as size from audit_publications where place = $1 and published_at is not null`;
    return (await pool.query<{ size: number }>(text, [place])).rows[0]?.size ?? 0;
  },
  setPublished: async (place, size, receipt) => void (await pool.query(PUBLISHED, [place, size, receipt])),
  receipts: async (place) =>
    (await pool.query<{ size: number; note: string; receipt: Buffer }>(RECEIPTS, [place])).rows,
  setFailed: async (place, size, error) => void (await pool.query(FAILED, [place, size, error])),
});

const AGE = `select (extract(epoch from clock_timestamp() - max(signed_at)) * 1000)::float8 as ms from audit_checkpoints`;

export const auditTree = (pool: pg.Pool): AuditTree => ({
  size: async () => (await readTreeSize(pool)).size,
  signing: signing(pool),
  newest: () => newest(pool),
  all: async () => (await pool.query<StoredCheckpoint>(`${SELECT} order by size`)).rows,
  newestAgeMs: async () => (await pool.query<{ ms: number | null }>(AGE)).rows[0]?.ms ?? null,
  consistency: async (oldSize, size) => {
    const { before } = await readTreeSize(pool);
    return (await readPlans(pool, before, [consistencyPlan(oldSize, size)]))[0] ?? [];
  },
  addSignatures: async (size, lines) =>
    void (await pool.query('update audit_checkpoints set note = note || $2 where size = $1', [size, lines])),
  ...evidenceReads(pool),
  keys: keysOf(pool),
  publishing: publishing(pool),
  ...publications(pool),
});
