/** More requests of people, as the verb writes them. */
import { createUseCases } from '../../../src/application/application.ts';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import { ENGINEERS, personOf } from './people.ts';
import type { SimulatedStore } from './run.ts';

export const storeRequests = async ({ deps }: SimulatedStore, count: number): Promise<void> => {
  const verbs = createUseCases(deps);
  for (let index = 0; index < count; index += 1) {
    const caller = await callerFromSlack(deps, personOf(ENGINEERS[index % ENGINEERS.length] ?? 'ada').userId);
    const input = { target: 'orders-db', role: 'read', durationMs: 900_000, reason: 'one more look', ticket: null };
    await verbs.createRequest({ ...input, caller, idempotencyKey: null });
  }
};
