/** A store with a simulated quarter in it, sealed, and what signs its log. */
import { createPool, createStore } from '../../../src/store/client.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createTestDatabase } from '../database.ts';
import type { TestStore } from '../../store/fixtures.ts';
import { giveOwnClock } from './clock.ts';
import { simulate } from './simulate.ts';
import type { Quarter, Simulated } from './simulate.ts';

export type SimulatedStore = TestStore & Simulated;

export const openQuarter = async (quarter: Quarter): Promise<SimulatedStore> => {
  const database = await createTestDatabase();
  await giveOwnClock(database.url, quarter.from);
  const log = createLog('silent');
  const pool = createPool({ url: database.url, log, max: 10 });
  const store = createStore({ pool, log, onWork: () => undefined });
  const close = async (): Promise<void> => {
    await store.close();
    await database.drop();
  };
  const opened = { store, pool, url: database.url, workCalls: () => 0, close };
  const simulated = await simulate(opened, quarter);
  while ((await store.audit.seal(1_000)) > 0);
  return { ...opened, ...simulated };
};
