import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { likelyTargets } from '../../../src/domain/incidents/likely-targets.ts';
import type { LikelyInput } from '../../../src/domain/incidents/likely-targets.ts';

const target = (name: string, title = name) => [name, { name, title }] as const;
const TARGETS = Object.fromEntries([
  target('orders-db', 'Orders database'),
  target('payments-db', 'Payments database'),
  target('search-cluster', 'Search'),
  target('users-db', 'Customer accounts'),
  target('billing-db', 'Billing database'),
]);
const input = (changes: Partial<LikelyInput> = {}): LikelyInput => ({
  incidents: { targets: ['*'], concerns: [] },
  targets: TARGETS,
  channelName: 'inc-1',
  topic: '',
  recent: [],
  ...changes,
});
const namesOf = (changes: Partial<LikelyInput>): string[] => likelyTargets(input(changes)).map(({ target }) => target);

describe('the targets that an incident likely concerns', () => {
  it('are those that the name or the topic speaks of, the name first', () => {
    expect(namesOf({ channelName: 'inc-orders-slow', topic: 'the payments db too' })).toEqual([
      'orders-db',
      'payments-db',
    ]);
    expect(namesOf({ topic: 'Customer accounts cannot log in' })).toEqual(['users-db']);
    expect(namesOf({ topic: 'the database is slow' })).toEqual([]);
  });

  it('are before all what the policy says for channels of this name', () =>
    expect(
      likelyTargets(
        input({
          incidents: { targets: ['*'], concerns: [{ channels: ['*checkout*'], targets: ['payments-*'] }] },
          channelName: 'inc-checkout-orders',
        }),
      ),
    ).toMatchObject([
      { target: 'payments-db', title: 'Payments database', why: [{ kind: 'configured' }] },
      { target: 'orders-db', why: [{ kind: 'name' }] },
    ]));

  it('are after that those of recent incidents, the most used first', () =>
    expect(
      namesOf({
        topic: 'search is down',
        recent: [
          { target: 'orders-db', incidents: 4 },
          { target: 'users-db', incidents: 1 },
          { target: 'gone-db', incidents: 9 },
        ],
      }),
    ).toEqual(['search-cluster', 'orders-db', 'users-db']));

  it('are only those that the policy allows', () =>
    expect(namesOf({ incidents: { targets: ['users-*'], concerns: [] }, topic: 'orders and users' })).toEqual([
      'users-db',
    ]));

  it('are all of them where there are hardly any', () =>
    expect(likelyTargets(input({ targets: Object.fromEntries([target('orders-db')]) }))).toEqual([
      { target: 'orders-db', title: 'orders-db', why: [{ kind: 'few' }] },
    ]));

  it('are five at most, each once, and each with a reason, whatever the channel says', () =>
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), fc.boolean(), (channelName, topic, isAllSaid) => {
        const said = isAllSaid ? `${topic} orders payments search customer billing` : topic;
        const found = likelyTargets(input({ channelName, topic: said }));
        expect(found.length).toBeLessThanOrEqual(5);
        expect(new Set(found.map(({ target }) => target)).size).toBe(found.length);
        expect(found.every(({ why }) => why.length > 0)).toBe(true);
      }),
    ));
});
