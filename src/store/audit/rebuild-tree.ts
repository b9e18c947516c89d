/**
 * Makes the tree and the counters in `audit_chain` anew from what is committed to: texts, salts and commitments. It changes nothing that a
 * checkpoint covers, and refuses where the log itself is not what was sealed or signed. For the owner of the tables, who may set a trigger aside.
 */
import type pg from 'pg';
import { addLeaf, emptyEdge, rootOf } from '../../lib/transparency/tree.ts';
import type { Edge } from '../../lib/transparency/tree.ts';
import { inTransaction } from '../in-transaction.ts';
import { EMPTY_HEAD } from './chain.ts';
import { leafOf } from './leaf.ts';
import { linkBatches } from './read.ts';
import type { Link } from './read.ts';
import { SEAL_LOCK } from './seal.ts';
import { commitmentsOf, isSealed } from './sealed-as.ts';

/** The log is not what was sealed or signed: a tree over it would hide that. */
export class NotAsSealed extends Error {}

export type Rebuilt = { leaves: number; root: string; changed: number };

const PREPARE = `
set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
set local enable_hashjoin = off; set local enable_mergejoin = off;
alter table audit_chain disable trigger audit_chain_append_only`;
const FINISH = 'alter table audit_chain enable always trigger audit_chain_append_only';

const SIGNED = 'select size::float8 as size, root from audit_checkpoints';

/** What stands there already is left alone. */
const STORE = `
update audit_chain c set nodes = decode(p.nodes, 'hex'), request_id = t.o ->> 'requestId', grant_id = t.o ->> 'grantId',
  request_event = (t.o ->> 'requestEvent')::int, grant_event = (t.o ->> 'grantEvent')::int
from unnest($1::bigint[], $2::text[]) as p(seq, nodes)
join audit_chain f on f.seq = p.seq cross join lateral (select f.open_text::json as o) t
where c.seq = p.seq and (c.nodes, c.request_id, c.grant_id, c.request_event, c.grant_event) is distinct from
  (decode(p.nodes, 'hex'), t.o ->> 'requestId', t.o ->> 'grantId', (t.o ->> 'requestEvent')::int, (t.o ->> 'grantEvent')::int)`;

type Walk = { edge: Edge; signed: Map<number, Buffer>; seq: number; hash: string };

/** The hashes that stand beside this leaf; null for a place from before the tree. */
const step = (walk: Walk, link: Link): Buffer[] | null => {
  const commitments = link.tree && commitmentsOf(link.tree, link.event);
  const isNext = link.seq === walk.seq + 1 && link.prevHash === walk.hash;
  if (!isNext || !isSealed(link, commitments))
    throw new NotAsSealed(`Event ${link.seq} is not what was sealed there. Run latchkey audit verify.`);
  walk.seq = link.seq;
  walk.hash = link.hash;
  if (!commitments) return null;
  const nodes = addLeaf(walk.edge, leafOf(commitments));
  const { size } = walk.edge;
  const root = walk.signed.get(size);
  if (root && !root.equals(rootOf(walk.edge)))
    throw new NotAsSealed(
      `The first ${size} leaves are not those of the checkpoint that was signed. Run latchkey audit verify.`,
    );
  return nodes;
};

const rebuild = async (client: pg.PoolClient): Promise<Rebuilt> => {
  // Of the sealer: nothing is sealed meanwhile.
  await client.query('select pg_advisory_xact_lock($1)', [SEAL_LOCK]);
  await client.query(PREPARE);
  const { rows } = await client.query<{ size: number; root: Buffer }>(SIGNED);
  const signed = new Map(rows.map(({ size, root }) => [size, root]));
  const walk: Walk = { edge: emptyEdge(), signed, seq: EMPTY_HEAD.seq, hash: EMPTY_HEAD.hash };
  let changed = 0;
  for await (const links of linkBatches(client)) {
    const made = links
      .map((link) => ({ seq: link.seq, nodes: step(walk, link) }))
      .filter(({ nodes }) => nodes !== null);
    const values = [made.map(({ seq }) => seq), made.map(({ nodes }) => Buffer.concat(nodes ?? []).toString('hex'))];
    changed += (await client.query({ name: 'tree_rebuild', text: STORE, values })).rowCount ?? 0;
  }
  const last = Math.max(0, ...signed.keys());
  if (last > walk.edge.size)
    throw new NotAsSealed(
      `The log has ${walk.edge.size} leaves, and a checkpoint of ${last} was signed. Run latchkey audit verify.`,
    );
  await client.query(FINISH);
  return { leaves: walk.edge.size, root: rootOf(walk.edge).toString('base64'), changed };
};

export const rebuildTree = (pool: pg.Pool): Promise<Rebuilt> =>
  inTransaction(pool, 'begin', ({ client }) => rebuild(client));
