/** Which lines of reviews wait for a person: those that they may decide, of the campaign that is due first in front. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import { startCampaign } from '../../../src/application/reviews/start-campaign.ts';
import { waitingLines } from '../../../src/application/reviews/waiting-lines.ts';
import { mailOf, personOf } from '../../support/quarter/people.ts';
import type { Name } from '../../support/quarter/people.ts';
import { openQuarter } from '../../support/quarter/run.ts';
import type { SimulatedStore } from '../../support/quarter/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let quarter: SimulatedStore;

beforeAll(async () => {
  quarter = await openQuarter({ from: new Date('2026-08-20T00:00:00Z'), days: 0, perDay: 0, seed: 1 });
  for (const name of ['quarterly reach', 'durations', 'who decides']) await startCampaign(quarter.deps, { name });
});
afterAll(() => quarter.close());

const waitingFor = async (name: Name): Promise<[string, number][]> => {
  const caller = await callerFromSlack(quarter.deps, personOf(name).userId);
  const waiting = await waitingLines(quarter.deps, { caller });
  return waiting.map(({ campaign, lines }) => [campaign.name, lines.length]);
};

test.each([
  ['olga', [['quarterly reach', 4]]],
  ['kim', [['quarterly reach', 2]]],
  ['ada', []],
] as const)('of %s', async (name, waiting) => {
  expect(await waitingFor(name)).toEqual(waiting);
});

test('an admin has all lines but those about themselves, the soonest first', async () => {
  const [first, second] = await waitingFor('ines');
  expect(first).toEqual(['durations', 6]);
  expect(second?.[0]).toBe('who decides');
  const sam = (await waitingFor('sam')).find(([name]) => name === 'who decides')?.[1] ?? 0;
  expect(sam).toBe((second?.[1] ?? 0) - 1);
});

test('of many lines: the people they are about are read once, and each group and person is looked up once', async () => {
  const { deps } = quarter;
  const [read, looked]: [string[][], string[]] = [[], []];
  const people = (ids: readonly string[]) => {
    read.push([...ids]);
    return deps.store.read.people(ids);
  };
  const counted = {
    ...deps,
    store: { ...deps.store, read: { ...deps.store.read, people } },
    directory: {
      ...deps.directory,
      recentMembers: (...[sources, requester]: Parameters<typeof deps.directory.recentMembers>) => {
        looked.push(JSON.stringify(sources));
        return deps.directory.recentMembers(sources, requester);
      },
    },
  };
  const caller = await callerFromSlack(deps, personOf('ines').userId);
  const lines = (await waitingLines(counted, { caller })).flatMap((waiting) => waiting.lines);
  expect(lines.length).toBeGreaterThan(5);
  expect(read).toHaveLength(1);
  expect(new Set(read[0])).toEqual(new Set(lines.flatMap(({ about }) => about)));
  expect(looked).toEqual([...new Set(looked)]);
});

/** The first thousands are another's, and the last one is olga's. */
const startLarge = async (): Promise<void> => {
  const { deps } = quarter;
  const id = deps.ids.next();
  const lines = Array.from({ length: 2_100 }, (_, at) => ({
    ...{ id: deps.ids.next(), position: at + 1, subject: `t${at}/read`, facts: [], about: [] },
    reviewers: [mailOf(at === 2_099 ? 'olga' : 'raj')],
  }));
  const policySha256 = deps.policy().sha256;
  const plan = { name: 'large', what: 'roles', period: '2026-Q3', silence: 'keep', withinMs: 1 } as const;
  await deps.store.transaction((tx) => tx.campaigns.insert({ ...plan, id, policySha256 }, lines));
};

test('behind thousands that wait for others a line is found, and each campaign is read once', async () => {
  await startLarge();
  const { deps } = quarter;
  const campaign = vi.fn<typeof deps.store.read.campaign>(deps.store.read.campaign);
  const counted = { ...deps, store: { ...deps.store, read: { ...deps.store.read, campaign } } };
  const caller = await callerFromSlack(deps, personOf('olga').userId);
  const waiting = await waitingLines(counted, { caller });
  expect(waiting.map(({ campaign: { name }, lines }) => [name, lines.length])).toEqual([
    ['large', 1],
    ['quarterly reach', 4],
  ]);
  expect(campaign).toHaveBeenCalledTimes(4);
});
