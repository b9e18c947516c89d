/** Policies as large as they may be: loaded whole, decided by, and refused beyond. */
import { expect, it } from 'vitest';
import { takesLong } from '../../src/config/load-policy-aside.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import type { LoadedPolicy } from '../../src/config/policy-file.ts';
import { decide } from '../../src/domain/policy/decide.ts';
import { askFor, factsFor } from '../domain/policy/made.ts';
import { boundEmail } from '../../src/domain/principals/identity.ts';

const RULES_MAX = 10_000;
const TARGETS = 100;

const nameOf = (index: number): string => `db-${String(index % TARGETS).padStart(3, '0')}`;

const ruleOf = (index: number): string => {
  const kinds = [
    `match: { targets: ["${nameOf(index)}"], people: ["p${index}@acme.test"] }, approve: true`,
    `match: { roles: ["${nameOf(index)}/read"], groups: [dba] }, when: 'request.ticket == "${index}"', approve: true`,
    `match: { targets: ["db-0${String(index % 10)}*"], people: ["p${index}@acme.test"] }, deny: Not you.`,
  ];
  return `  - { name: Rule ${index}, ${kinds[index % kinds.length] ?? ''} }`;
};

const textOf = (rules: number): string => `version: 1
groups:
  dba: { people: [olga@acme.test, omar@acme.test] }
targets:
${Array.from({ length: TARGETS }, (_, index) => `  ${nameOf(index)}: { provider: none, owners: [dba], roles: { read: { max: 1h } } }`).join('\n')}
rules:
${Array.from({ length: rules - 1 }, (_, index) => ruleOf(index)).join('\n')}
  - { name: The owners, approvals: [{ from: owners }] }
admins: [dba]
`;

const load = (rules: number): LoadedPolicy =>
  loadPolicy({
    text: textOf(rules),
    path: 'latchkey.yml',
    env: {},
    providers: [{ id: 'none', configProblems: () => [], scopeProblems: () => [] }],
  });

it('what takes long to check is checked beside the running app', () => {
  const small = 'version: 1\n';
  expect(takesLong(small)).toBe(false);
  expect(takesLong(`${small}freezes:\n  peak: { ics: peak.ics }\n`)).toBe(true);
  expect(takesLong(textOf(RULES_MAX))).toBe(true);
});

it('ten thousand rules are loaded and decide, one more is refused in words', { timeout: 120_000 }, () => {
  const loaded = load(RULES_MAX);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems.slice(0, 3)));
  expect(loaded.policy.rules).toHaveLength(RULES_MAX);
  const by = (email: string, ask: Parameters<typeof askFor>[0]) =>
    decide(loaded.policy, askFor(ask), factsFor({ requester: { email: boundEmail(email), groups: ['dba'] } }));
  expect(by('p9900@acme.test', { target: 'db-000' })).toMatchObject({ decision: 'approve', rule: 'Rule 9900' });
  expect(by('p9902@acme.test', { target: 'db-002' })).toMatchObject({ decision: 'ask', rule: 'The owners' });
  expect(by('p9800@acme.test', { target: 'db-003' })).toMatchObject({ decision: 'deny', rule: 'Rule 9800' });
  expect(by('x@acme.test', { target: 'db-001', ticket: '9901' })).toMatchObject({ decision: 'approve' });
  const beyond = load(RULES_MAX + 1);
  expect('problems' in beyond ? beyond.problems.map(({ message }) => message).join() : 'loaded').toContain('10000');
});
