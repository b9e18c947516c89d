import { expect, test } from 'vitest';
import { openPart } from '../../../src/domain/audit/split.ts';

const AT = '2026-01-01T00:00:00.000Z';

test('ids, times and codes are open, free text is personal', () => {
  const data = { cause: 'revoked', reason: 'Dana asked for it', expiresAt: AT };
  expect(openPart('grant.ending', data)).toEqual({ cause: 'revoked', expiresAt: AT });
});

test('ids of people are personal: they hold the Slack id', () => {
  const data = { decision: 'd1', rule: 'sre', policy: 'p1', preApprovals: [], votes: ['T:U1'], managers: ['T:U2'] };
  expect(openPart('request.approved', data)).toEqual({ decision: 'd1', rule: 'sre', policy: 'p1', preApprovals: [] });
});

test('a field that no schema knows is personal', () => {
  expect(openPart('grant.ending', { nickname: 'Dee' })).toEqual({});
});

test('an open field whose value is not as its schema says is personal', () => {
  const data = { cause: 'dana said so', expiresAt: 'at five' };
  expect(openPart('grant.ending', data)).toEqual({});
});

test('all of an event that no version knows is personal', () => {
  expect(openPart('grant.vanished', { cause: 'done' })).toEqual({});
});

test('an event of an older version is parted under its own names', () => {
  const data = { allowance: 'a1', person: 'T:U1', expiresAt: AT, rule: null, policy: 'p1' };
  expect(openPart('allowance.given', data)).toEqual({ allowance: 'a1', expiresAt: AT, rule: null, policy: 'p1' });
});

test('names that every object has are no fields of a schema', () => {
  expect(openPart('grant.ending', { cause: 'done', constructor: 1, toString: 'x' })).toEqual({ cause: 'done' });
});
