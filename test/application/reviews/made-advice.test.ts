/** Who may have the advice of reviews, and the files that it comes in. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import { adviceFiles, adviceFor } from '../../../src/application/reviews/made-advice.ts';
import type { MadeAdvice } from '../../../src/application/reviews/made-advice.ts';
import { personOf } from '../../support/quarter/people.ts';
import type { Name } from '../../support/quarter/people.ts';
import { openQuarter } from '../../support/quarter/run.ts';
import type { SimulatedStore } from '../../support/quarter/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const MADE: MadeAdvice = {
  days: 90,
  advice: [
    {
      ...{ kind: 'cap_above_need', target: 'orders-db', role: 'read', field: 'max', to: '15m', path: null },
      text: 'max: 15m would do.',
    },
  ],
  insufficient: [{ role: 'orders-db/write', data: 'INSUFFICIENT_DATA: 3 of 20 grants' }],
  diff: '--- latchkey.yml\n+++ latchkey.yml\n',
  replay: '24 requests replayed, 0 would come out differently',
};

let quarter: SimulatedStore;

beforeAll(async () => {
  quarter = await openQuarter({ from: new Date('2026-07-01T00:00:00Z'), days: 0, perDay: 0, seed: 1 });
});
afterAll(() => quarter.close());

const requestAs = async (name: Name): Promise<MadeAdvice> => {
  const caller = await callerFromSlack(quarter.deps, personOf(name).userId);
  return adviceFor(quarter.deps, { caller }, () => Promise.resolve(MADE));
};

test('an admin may have it', async () => {
  expect(await requestAs('sam')).toBe(MADE);
});

test.each(['ada', 'olga'] as const)('%s may not, and that is an event', async (name) => {
  await expect(requestAs(name)).rejects.toMatchObject({ code: 'admins_only' });
  const { rows } = await quarter.pool.query(
    `select 1 from audit_events where type = 'advice.refused' and actor::jsonb->>'id' = $1`,
    [personOf(name).id],
  );
  expect(rows).toHaveLength(1);
});

test('it is a text with the reasons and the replay, and the difference alone where there is one', () => {
  const [text, diff, ...more] = adviceFiles(MADE, '2026-Q3');
  expect([text?.name, diff?.name, more]).toEqual(['advice-2026-Q3.txt', 'advice-2026-Q3.diff', []]);
  for (const part of [MADE.advice[0]?.text, MADE.replay, 'INSUFFICIENT_DATA: 3 of 20', 'Nothing was changed.'])
    expect(text?.content).toContain(part);
  expect(diff?.content).toBe(MADE.diff);
  expect(adviceFiles({ ...MADE, diff: null, replay: null }, 'now').map(({ name }) => name)).toEqual(['advice-now.txt']);
});
