/** What a bundle says of a grant whose role and time an approver made smaller than requested: what was given. */
import { expect, test } from 'vitest';
import { factsOf } from '../../../src/application/evidence/evidence-facts.ts';
import type { OpenFacts, ReadEvent } from '../../../src/application/evidence/evidence-facts.ts';

let seq = 0;
const event = (type: string, open: Partial<OpenFacts>): ReadEvent => {
  seq += 1;
  const at = `2026-07-01T09:00:0${seq}.000000Z`;
  const of = { requestId: 'r1', grantId: 'g1', target: 'orders-db', role: 'read', data: {} };
  return { seq, open: { ...of, at, type, ...open }, personal: null };
};

test('the role and the time are those that were given', () => {
  const policy = 'a'.repeat(64);
  const facts = factsOf({ grant: 'g1', request: 'r1' }, [
    event('request.created', { grantId: null, role: 'write', data: { durationMs: 3_600_000, policy } }),
    event('request.changed', { grantId: null, role: 'write' }),
    event('request.approved', { data: { policy, rule: 'owners' } }),
    event('grant.activating', { data: { durationMs: 900_000, startsAt: null } }),
    event('grant.removed', { grantEventsTotal: 3, data: { cause: 'expired', lateMs: 4 } }),
  ]);
  expect(facts).toMatchObject({ target: 'orders-db', role: 'read', durationMs: 900_000, rule: 'owners' });
});
