import { expect, test } from 'vitest';
import { splitActor, splitEvent } from '../../../src/domain/audit/split.ts';

test('ids, times and codes are open, free text is personal', () => {
  const data = { cause: 'revoked', reason: 'Dana asked for it', expiresAt: '2026-01-01T00:00:00.000Z' };
  expect(splitEvent('grant.ending', data)).toEqual({
    open: { cause: 'revoked', expiresAt: '2026-01-01T00:00:00.000Z' },
    personal: { reason: 'Dana asked for it' },
  });
});

test('a field that nothing is known of is personal', () => {
  expect(splitEvent('grant.ending', { nickname: 'Dee' })).toEqual({ open: {}, personal: { nickname: 'Dee' } });
});

test('the two parts together are the whole of the data', () => {
  const data = { cause: 'done', reason: null, constructor: 1, toString: 'x' };
  const { open, personal } = splitEvent('grant.ending', data);
  expect({ ...open, ...personal }).toEqual(data);
});

test("an actor's name and email are personal, the id is open", () => {
  expect(splitActor({ kind: 'person', id: 'p1', name: 'Dana', email: 'dana@acme.test' })).toEqual({
    open: { kind: 'person', id: 'p1' },
    personal: { name: 'Dana', email: 'dana@acme.test' },
  });
});
