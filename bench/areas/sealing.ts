/** Sealing events as leaves of the tree, beside the chain alone as it was before: the same events, by turns, in one database. */
import pg from 'pg';
import { sealEvents } from '../../src/store/audit/seal.ts';
import { CHAIN_TABLES, chainEvents } from '../limits/chain-sealer.ts';
import { assertThat, median } from '../measure.ts';

export type SealingInput = { url: string; events: number; batches: readonly number[]; rounds: number };
/** Milliseconds for one event, and processor time of the sealing process. */
type Cost = { ms: number; cpuMs: number };
export type Sealing = { batch: number; tree: Cost; chain: Cost; ratio: number; cpuRatio: number }[];

/** Believable events: a request's life, with an actor, and data of a usual length. */
const FILL = `
with event as (
  insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
  select clock_timestamp(), case when i % 4 = 3 then 'grant.active' else 'vote.cast' end,
    '{"email":"olga@acme.test","id":"T0BENCH:U0OLGA","kind":"person","name":"olga"}', $2 || (i / 6), case when i % 6 > 2 then $2 || (i / 6) end,
    'orders-db', 'read', '{"kind":"approve","policy":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","reason":null}'
  from generate_series(1, $1::int) i returning id
), queued as (insert into bench_unsealed (event_id) select id from event)
insert into audit_unsealed (event_id) select id from event`;

const costOf = async (events: number, batch: number, seal: (limit: number) => Promise<number>): Promise<Cost> => {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (let left = events; left > 0; left -= batch) {
    const sealed = await seal(batch);
    assertThat(sealed === Math.min(batch, left), 'not all events of a batch were sealed.');
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms: (performance.now() - startedAt) / events, cpuMs: (user + system) / 1_000 / events };
};

export const measureSealing = async ({ url, events, batches, rounds }: SealingInput): Promise<Sealing> => {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  await pool.query(CHAIN_TABLES);
  const made: Sealing = [];
  for (const [at, batch] of batches.entries()) {
    const count = Math.min(events, batch * 100);
    const tree: Cost[] = [];
    const chain: Cost[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      await pool.query(FILL, [count, `b${at}r${round}n`]);
      await pool.query('analyze');
      const costs = [
        await costOf(count, batch, (n) => sealEvents(pool, n)),
        await costOf(count, batch, (n) => chainEvents(pool, n)),
      ] as const;
      // The first round warms up.
      if (round > 0) {
        tree.push(costs[0]);
        chain.push(costs[1]);
      }
    }
    const middle = (costs: Cost[]): Cost => ({
      ms: median(costs.map(({ ms }) => ms)),
      cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    });
    const ratio = (of: (cost: Cost) => number): number =>
      median(tree.map((cost, round) => of(cost) / of(chain[round] ?? cost)));
    made.push({
      batch,
      tree: middle(tree),
      chain: middle(chain),
      ratio: ratio(({ ms }) => ms),
      cpuRatio: ratio(({ cpuMs }) => cpuMs),
    });
  }
  await pool.end();
  return made;
};
