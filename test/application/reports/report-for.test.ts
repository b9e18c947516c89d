/** Who may have a report: auditors and admins, as they are now; the refusal of others is an event. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import { reportFor } from '../../../src/application/reports/report-for.ts';
import type { DeliveredReport } from '../../../src/application/reports/report-for.ts';
import { parsePeriod } from '../../../src/domain/reports/period.ts';
import { personOf } from '../../support/quarter/people.ts';
import type { Name } from '../../support/quarter/people.ts';
import { openQuarter } from '../../support/quarter/run.ts';
import type { SimulatedStore } from '../../support/quarter/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let quarter: SimulatedStore;

beforeAll(async () => {
  quarter = await openQuarter({ from: new Date('2026-07-01T00:00:00Z'), days: 0, perDay: 0, seed: 1 });
});
afterAll(() => quarter.close());

const askAs = async (name: Name): Promise<string[]> => {
  const made: string[] = [];
  const { deps } = quarter;
  const period = parsePeriod('2026-Q3');
  if (!period) throw new Error('no period');
  const caller = await callerFromSlack(deps, personOf(name).userId);
  await reportFor(deps, { caller, period }, ({ actor }) => {
    made.push('name' in actor ? actor.name : actor.kind);
    return Promise.resolve({ files: [] } as unknown as DeliveredReport);
  });
  return made;
};

test.each(['ines', 'sam'] as const)('%s may have one, in their own name', async (name) => {
  expect(await askAs(name)).toEqual([personOf(name).name]);
});

test.each(['ada', 'olga'] as const)('%s may not, and that is an event', async (name) => {
  await expect(askAs(name)).rejects.toMatchObject({ code: 'auditors_only' });
  const { rows } = await quarter.pool.query(
    `select 1 from audit_events where type = 'report.refused' and actor::jsonb->>'id' = $1`,
    [personOf(name).id],
  );
  expect(rows).toHaveLength(1);
});
