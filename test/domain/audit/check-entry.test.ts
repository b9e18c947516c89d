import { expect, expectTypeOf, test } from 'vitest';
import { checkEntry } from '../../../src/domain/audit/check-entry.ts';
import { SYSTEM } from '../../../src/domain/audit/events.ts';
import type { AuditEntry, EntryOf, Exact } from '../../../src/domain/audit/events.ts';

const AT = '2026-01-01T00:00:00.000Z';
const KEPT = {
  type: 'grant.kept',
  actor: SYSTEM,
  requestId: 'r1',
  grantId: 'g1',
  target: 'orders-db',
  role: 'read',
  data: { incident: 'i1', expiresAt: AT },
} as const;

test('an event as its schema says is given back', () => {
  expect(checkEntry(KEPT)).toBe(KEPT);
});

test.each([
  ['a field is missing', { data: { incident: 'i1' } }, /grant\.kept is wrong[^]*expiresAt/],
  ['a field has another type', { data: { incident: 7, expiresAt: AT } }, /grant\.kept is wrong[^]*incident/],
  ['a field is not in the schema', { data: { ...KEPT.data, password: 'x' } }, /grant\.kept is wrong[^]*password/],
  ['an event of a grant names no grant', { grantId: null }, /must name its request and its grant/],
  ['an event of a grant has an empty id', { grantId: '' }, /must name its request and its grant/],
  ['an event of a request names none', { type: 'request.reminded', requestId: null }, /must name its request/],
  ['an event of neither names one', { type: 'policy.rejected' }, /about no request/],
  ['the type is unknown', { type: 'grant.vanished' }, /"grant\.vanished" is not in the catalog/],
  ['the type is one of an older version', { type: 'alert.told' }, /"alert\.told" is not in the catalog/],
])('refused with a clear message: %s', (_, change, message) => {
  expect(() => checkEntry({ ...KEPT, ...change })).toThrow(message);
});

/** Whether the compiler lets `audit.append` take it. */
type Accepts<E> = E extends AuditEntry ? (E extends Exact<E> ? true : false) : false;
type Kept = EntryOf<'grant.kept'>;

test('the compiler refuses what the schema would', () => {
  expectTypeOf<Accepts<Kept>>().toEqualTypeOf<true>();
  expectTypeOf<Accepts<Omit<Kept, 'data'> & { data: { incident: string } }>>().toEqualTypeOf<false>();
  expectTypeOf<Accepts<Omit<Kept, 'grantId'> & { grantId: null }>>().toEqualTypeOf<false>();
  expectTypeOf<Accepts<Omit<Kept, 'data'> & { data: Kept['data'] & { password: string } }>>().toEqualTypeOf<false>();
  expectTypeOf<Accepts<Omit<Kept, 'type'> & { type: 'grant.vanished' }>>().toEqualTypeOf<false>();
});
