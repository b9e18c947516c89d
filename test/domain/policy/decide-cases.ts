/** How the cases of the decision table are written. */
import { expect } from 'vitest';
import type { Rule } from '../../../src/domain/policy/types.ts';
import type { RequestProblem, Verdict } from '../../../src/domain/policy/verdict.ts';
import type { RequestedAccess, DecisionFacts } from '../../../src/domain/policy/decision-facts.ts';
import { approve, rule } from './made.ts';
import type { factsFor } from './made.ts';

export type Expected = {
  decision: Verdict['decision'];
  rule?: string | null;
  code?: Verdict['code'];
  from?: string[];
  problems?: RequestProblem['code'][];
  capMs?: number;
};
export type Case = [
  name: string,
  rules: Rule[],
  ask: Partial<RequestedAccess>,
  facts: Parameters<typeof factsFor>[0],
  expected: Expected,
];

export const anyone = rule('owners');
export const client = (name: string): DecisionFacts['client'] => ({
  name,
  issuer: 'github',
  repository: 'acme/api',
  repositoryId: '456789',
  ref: 'refs/heads/main',
  environment: 'prod',
  workflow: 'deploy',
  event: 'push',
  run: '4711',
  attempt: 2,
  sha: 'f00dfacef00dfacef00dfacef00dfacef00dface',
  actor: 'octocat',
});
export const asks = (name: string): Expected => ({ decision: 'ask', rule: name });
export const approves = (name: string): Expected => ({ decision: 'approve', rule: name });
export const denies = (name: string): Expected => ({ decision: 'deny', rule: name, code: 'denied_by_rule' });
export const nobody: Expected = { decision: 'deny', rule: null, code: 'no_rule' };
export const onlyWhen = (when: string): Rule[] => [approve('met', { when }), rule('else')];
export const ticketed = rule('ticketed', { require: { ticket: '^OPS-\\d+$', reasonChars: 0 } });
export const reasoned = rule('reasoned', { require: { ticket: null, reasonChars: 20 } });
export const refused = (...problems: RequestProblem['code'][]): Expected => ({ decision: 'ask', problems });

export const sourcesOf = (verdict: Verdict): string[] =>
  verdict.decision === 'ask'
    ? verdict.requirements.flatMap(({ from }) =>
        from.map((source) =>
          source.kind === 'group'
            ? `group:${source.name}`
            : source.kind === 'person'
              ? `person:${source.ref}`
              : source.kind,
        ),
      )
    : [];

export const expectVerdict = (verdict: Verdict, expected: Expected): void => {
  expect(verdict.decision).toBe(expected.decision);
  if (expected.rule !== undefined) expect(verdict.rule).toBe(expected.rule);
  if (expected.code !== undefined) expect(verdict.code).toBe(expected.code);
  if (expected.capMs !== undefined) expect(verdict.capMs).toBe(expected.capMs);
  if (expected.problems !== undefined) expect(verdict.problems.map(({ code }) => code)).toEqual(expected.problems);
  if (expected.from !== undefined) expect(sourcesOf(verdict)).toEqual(expected.from);
};
