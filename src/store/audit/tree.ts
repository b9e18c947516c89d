/** The tree over the sealed events, read from the hashes that stand beside them. */
import type pg from 'pg';
import { HASH_BYTES } from '../../lib/transparency/tree.ts';
import type { Edge, NodeRef, Plan } from '../../lib/transparency/tree.ts';

type Client = Pick<pg.PoolClient, 'query'>;

/** `before`: how many places stand before the tree, from before there was one. */
const SIZE = `
select coalesce((select max(seq) from audit_chain where open_text is null), 0) as before,
  coalesce((select max(seq) from audit_chain), 0) as last`;

/** A complete subtree for each bit of the size, found by the leaf that it ends with. */
const EDGE = `
with log as materialized (${SIZE}), size as materialized (select before, last - before as leaves from log)
select s.leaves::int8 as leaves, b.level, substring(c.nodes from b.level * ${HASH_BYTES} + 1 for ${HASH_BYTES}) as hash
from size s left join generate_series(0, 48) as b(level) on (s.leaves >> b.level) & 1 = 1
left join audit_chain c on c.seq = s.before + ((s.leaves >> b.level) << b.level)
order by b.level desc`;

export const readEdge = async (client: Client): Promise<Edge> => {
  const { rows } = await client.query<{ leaves: string; level: number | null; hash: Buffer | null }>({
    name: 'tree_edge',
    text: EDGE,
  });
  const size = Number(rows[0]?.leaves ?? 0);
  const peaks = rows.flatMap(({ level, hash }) => {
    if (level === null) return [];
    if (hash?.length !== HASH_BYTES)
      throw new Error('The tree over the audit log is damaged; run latchkey audit verify.');
    return [hash];
  });
  return { size, peaks };
};

export type TreeSize = { before: number; size: number };

export const readTreeSize = async (client: Client): Promise<TreeSize> => {
  const { rows } = await client.query<{ before: string; last: string }>(SIZE);
  const [before, last] = [Number(rows[0]?.before ?? 0), Number(rows[0]?.last ?? 0)];
  return { before, size: last - before };
};

const NODES = `select seq::int8 as seq, nodes from audit_chain where seq = any($1::bigint[])`;

/** What the plans need, in one statement; the answer of each plan in their order. */
export const readPlans = async (client: Client, before: number, plans: readonly Plan[]): Promise<Buffer[][]> => {
  const seqOf = ({ lastLeaf }: NodeRef): number => before + lastLeaf + 1;
  const wanted = [...new Set(plans.flatMap(({ needs }) => needs.map(seqOf)))];
  const { rows } = await client.query<{ seq: string; nodes: Buffer | null }>(NODES, [wanted]);
  const nodes = new Map(rows.map((row) => [Number(row.seq), row.nodes]));
  const find = (ref: NodeRef): Buffer => {
    const hash = nodes.get(seqOf(ref))?.subarray(ref.level * HASH_BYTES, (ref.level + 1) * HASH_BYTES);
    if (hash?.length !== HASH_BYTES)
      throw new Error('The tree over the audit log is damaged; run latchkey audit verify.');
    return hash;
  };
  return plans.map(({ make }) => make(find));
};
