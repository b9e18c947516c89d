/** The index over the rules finds what a plain look at every rule finds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { candidatesFor } from '../../../src/domain/policy/candidates.ts';
import { compileGlob, compileRoleGlob } from '../../../src/domain/policy/glob.ts';
import type { Policy, Rule } from '../../../src/domain/policy/types.ts';
import { approve, deny, policyOf, rule } from './made.ts';

const NAMES = ['a', 'ab', 'abc', 'abd', 'b', 'b-1', 'b-12', ''];
const TARGETS = ['*', 'a*', 'ab*', 'ab?', '?b', '*c', 'b-*', 'b-1', 'abc', 'nothing', ''];
const ROLES = ['*/read', 'a*/*', 'abc/read', 'b-?/write', '*/r*', '?/read', 'abd/write', 'read'];

const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    make: fc.constantFrom(rule, approve, deny),
    targets: fc.option(fc.subarray(TARGETS), { nil: null }),
    roles: fc.option(fc.subarray(ROLES), { nil: null }),
    name: fc.uuid(),
  })
  .map(({ make, targets, roles, name }) => make(name, { match: { targets, roles } }));

const isCovered = ({ match }: Rule, target: string, role: string): boolean =>
  (match.targets === null || match.targets.some((pattern) => compileGlob(pattern)(target))) &&
  (match.roles === null || match.roles.map(compileRoleGlob).some((glob) => glob.isTarget(target) && glob.isRole(role)));

const scan = ({ rules }: Policy, target: string, role: string): string[] => {
  const covering = rules.filter((one) => isCovered(one, target, role));
  const isDeny = ({ effect }: Rule): boolean => effect.kind === 'deny';
  return [...covering.filter(isDeny), ...covering.filter((one) => !isDeny(one))].map(({ name }) => name);
};

it('the rules found for a role are those that a look at every rule finds, in the order of the file', () => {
  const made = fc.record({
    rules: fc.array(anyRule, { maxLength: 20 }),
    asks: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('read', 'write')), { minLength: 1 }),
  });
  const outcome = fc.check(
    fc.property(made, ({ rules, asks }) => {
      const policy = policyOf(rules);
      return asks.every(([target, role]) => {
        const { denies, others } = candidatesFor(policy, target, role);
        const found = [...denies, ...others].map((one) => one.rule.name);
        return found.join() === scan(policy, target, role).join();
      });
    }),
    { numRuns: 500 },
  );
  expect(fc.defaultReportMessage(outcome) ?? 'holds').toBe('holds');
});
