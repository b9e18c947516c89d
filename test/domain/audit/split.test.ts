import { expect, test } from 'vitest';
import { splitActor, splitEvent } from '../../../src/domain/audit/split.ts';

const AT = '2026-01-01T00:00:00.000Z';

test('ids, times and codes are open, free text is personal', () => {
  const data = { cause: 'revoked', reason: 'Dana asked for it', expiresAt: AT };
  expect(splitEvent('grant.ending', data)).toEqual({
    open: { cause: 'revoked', expiresAt: AT },
    personal: { reason: 'Dana asked for it' },
  });
});

test('ids of people are personal: they hold the Slack id', () => {
  const data = { decision: 'd1', rule: 'sre', policy: 'p1', preApprovals: [], votes: ['T:U1'], managers: ['T:U2'] };
  expect(splitEvent('request.approved', data)).toEqual({
    open: { decision: 'd1', rule: 'sre', policy: 'p1', preApprovals: [] },
    personal: { votes: ['T:U1'], managers: ['T:U2'] },
  });
});

test('a field that no schema knows is personal', () => {
  expect(splitEvent('grant.ending', { nickname: 'Dee' })).toEqual({ open: {}, personal: { nickname: 'Dee' } });
});

test('an open field whose value is not as its schema says is personal', () => {
  const data = { cause: 'dana said so', expiresAt: 'at five' };
  expect(splitEvent('grant.ending', data)).toEqual({ open: {}, personal: data });
});

test('all of an event that no version knows is personal', () => {
  expect(splitEvent('grant.vanished', { cause: 'done' })).toEqual({ open: {}, personal: { cause: 'done' } });
});

test('an event of an older version is parted under its own names', () => {
  const data = { allowance: 'a1', person: 'T:U1', expiresAt: AT, rule: null, policy: 'p1' };
  expect(splitEvent('allowance.given', data)).toEqual({
    open: { allowance: 'a1', expiresAt: AT, rule: null, policy: 'p1' },
    personal: { person: 'T:U1' },
  });
});

test('the two parts together are the whole of the data', () => {
  const data = { cause: 'done', reason: null, constructor: 1, toString: 'x' };
  const { open, personal } = splitEvent('grant.ending', data);
  expect({ ...open, ...personal }).toEqual(data);
});

test('of a person who acted only the kind is open, of Latchkey all', () => {
  expect(splitActor({ kind: 'person', id: 'T:U1', name: 'Dana', email: 'dana@acme.test' })).toEqual({
    open: { kind: 'person' },
    personal: { id: 'T:U1', name: 'Dana', email: 'dana@acme.test' },
  });
  expect(splitActor({ kind: 'system', id: 'latchkey' })).toEqual({
    open: { kind: 'system', id: 'latchkey' },
    personal: {},
  });
});
