import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/policy/decide.ts';
import { sourcesOf } from './decide-cases.ts';
import { approve, askFor, deny, factsFor, HOUR, MINUTE, policyOf, rule } from './made.ts';

describe('what a verdict tells', () => {
  it('names every rule for this role that was looked at, in the order of the file', () => {
    const rules = [
      approve('for others', { match: { groups: ['sre'] }, line: 3 }),
      deny('not now', { when: 'incident.open', line: 5 }),
      approve('broken', { when: 'requester.groups[0] == "x"', line: 7 }),
      approve('writes', { match: { roles: ['*/write'] } }),
      rule('decides'),
      approve('never reached'),
    ];
    const { passedOver } = decide(policyOf(rules), askFor(), factsFor());
    expect(passedOver.map(({ rule: name, why, line }) => [name, why, line])).toEqual([
      ['for others', 'no_match', 3],
      ['not now', 'condition_false', 5],
      ['broken', 'condition_error', 7],
    ]);
  });

  it('takes waiting, claiming, reminding and escalation from the rule, else from the policy', () => {
    const own = { pendingMs: 1, claimMs: 2, remindMs: 3, escalate: { afterMs: 4, to: 'sre' }, isInOrder: true };
    expect(decide(policyOf([rule('own', own)]), askFor(), factsFor())).toMatchObject({
      pendingMs: 1,
      claimMs: 2,
      remindMs: 3,
      escalate: { afterMs: 4, to: { kind: 'group', name: 'sre' } },
      isInOrder: true,
    });
    expect(decide(policyOf([rule('none')]), askFor(), factsFor())).toMatchObject({
      pendingMs: 4 * HOUR,
      claimMs: HOUR,
      remindMs: 15 * MINUTE,
      escalate: null,
      isInOrder: false,
    });
  });

  it('tells the requester when a deny counts only because something could not be read', () => {
    const rules = [deny('e', { match: { groups: ['sre'] } }), rule('x')];
    const verdict = decide(policyOf(rules), askFor(), factsFor({ requester: { unknownGroups: ['sre'] } }));
    expect(verdict).toMatchObject({ message: expect.stringContaining('could not be read') });
  });

  it('keeps the order of the file between rules that name a target and rules that do not', () => {
    const named = approve('named', { match: { targets: ['orders'] } });
    const patterned = rule('patterned', { match: { targets: ['ord*'] } });
    expect(decide(policyOf([patterned, named]), askFor(), factsFor()).rule).toBe('patterned');
    expect(decide(policyOf([named, patterned]), askFor(), factsFor()).rule).toBe('named');
  });

  it('asks an owner once, however often the rule names them', () => {
    const approvals = [{ from: ['owners', 'dba'], count: 1 }];
    const verdict = decide(policyOf([rule('x', { effect: { kind: 'ask', approvals } })]), askFor(), factsFor());
    expect(sourcesOf(verdict)).toEqual(['group:dba']);
  });

  it('gives the same answer the hundredth time as the first', () => {
    const policy = policyOf([deny('f', { when: 'local.hour > 20' }), rule('x', { match: { roles: ['*/read'] } })]);
    const first = decide(policy, askFor(), factsFor());
    for (let time = 0; time < 100; time++) expect(decide(policy, askFor(), factsFor())).toEqual(first);
  });
});
