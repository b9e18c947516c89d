/** When others' ends are due as well, ending comes before telling. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeActiveGrant } from '../../store/fixtures.ts';
import { openPostgresBench } from '../bench.ts';
import type { Bench } from '../bench.ts';

const FULL = 100;

let bench: Bench;
beforeAll(async () => {
  bench = await openPostgresBench();
});
afterAll(() => bench.close());

/** How long the news of the ends waits, in whole seconds, and of how many. */
const told = () =>
  bench.sql<{ wait: number; n: number }>(
    `select round(extract(epoch from available_at - created_at))::int as wait, count(*)::int as n from outbox
     where kind = 'notify' group by 1 order by 1`,
  );

test('the holders of a full batch hear of it a moment later, and those of a smaller one at once', async () => {
  for (let made = 0; made < FULL + 1; made += 1) await storeActiveGrant(bench.store);
  await bench.sql('update grants set expires_at = clock_timestamp()');
  await bench.sql('delete from outbox');
  const useCases = bench.useCasesWith({
    closeMany: (items) => Promise.resolve(items.map(() => 'closed' as const)),
    revokeMany: (items) => Promise.resolve(items.map(() => 'removed' as const)),
  });
  const full = await useCases.expireDue();
  await full.work;
  expect(full.count).toBe(FULL);
  expect(await told()).toEqual([{ wait: 3, n: FULL }]);
  const rest = await useCases.expireDue();
  await rest.work;
  expect(await told()).toEqual([
    { wait: 0, n: 1 },
    { wait: 3, n: FULL },
  ]);
  expect(await bench.sql(`select count(*)::int as n from grants where state <> 'closed'`)).toEqual([{ n: 0 }]);
});
