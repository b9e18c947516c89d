import { expect, it } from 'vitest';
import { packPolicy, unpackPolicy } from '../../src/config/packed-policy.ts';
import { decide } from '../../src/domain/policy/decide.ts';
import { policyDifferences } from '../../src/domain/policy/differences.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import type { DecisionFacts } from '../../src/domain/policy/decision-facts.ts';
import { changed, load } from './made.ts';
import { boundEmail } from '../../src/domain/principals/identity.ts';

const policyFrom = (text: string): Policy => {
  const loaded = load(text);
  if ('problems' in loaded) throw new Error('refused');
  return loaded.policy;
};

const SHORT = '  - name: Short\n    when: request.duration <= duration("5m")\n    approve: true\n';
const policy = policyFrom(changed('rules:\n', `rules:\n${SHORT}`));
const sent = unpackPolicy(structuredClone(packPolicy(policy)));

const facts: DecisionFacts = {
  now: new Date(0),
  requester: { personId: 'T1:U1', userId: 'U1', email: boundEmail('lee@acme.test'), groups: [] },
  incident: { open: false, channel: '', severity: '' },
  client: null,
  pullRequest: null,
};

it('a policy that crossed between threads is the same, and decides the same', () => {
  expect(policyDifferences(policy, sent)).toEqual([]);
  for (const durationMs of [60_000, 1_200_000]) {
    const ask = { target: 'orders', role: 'read', durationMs, reason: 'look', ticket: null };
    expect(decide(sent, ask, facts)).toEqual(decide(policy, ask, facts));
  }
});

it('no name that every object has is taken for one of its own', () => {
  expect(sent.groups['constructor']).toBeUndefined();
  expect(sent.targets['constructor']).toBeUndefined();
  expect(sent.targets['orders']?.roles['toString']).toBeUndefined();
});
