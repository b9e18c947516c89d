/** The list `audit.reports` of a policy. */
import { describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';

const load = (reports: string) =>
  loadPolicy({
    text: `version: 1
groups: { dba: { people: [dana@acme.test, kim@acme.test] } }
targets:
  orders: { provider: postgres, config: { url: "postgres://a:b@127.0.0.1/c" }, owners: [dba], roles: { read: { scope: { member_of: [r] }, max: 1h } } }
rules: [{ name: Owners, approvals: [{ from: owners }] }]
admins: [dba]
auditors: [dba]
audit:
  origin: latchkey.acme.test/prod
  reports: ${reports}
`,
    env: {},
    path: 'latchkey.yml',
    providers: PROVIDERS,
  });

const problemsOf = (reports: string): string[] => {
  const loaded = load(reports);
  return 'problems' in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
};

test('a report is named by its period unless it has a name, and goes to one or several', () => {
  const loaded = load(
    '[{ every: quarter, to: auditors }, { name: board, every: quarter, to: [dba, dana@acme.test, "#audit"], folder: /srv/reports }]',
  );
  expect('policy' in loaded && loaded.policy.audit?.reports).toEqual([
    { name: 'quarter', every: 'quarter', to: ['auditors'], folder: null },
    { name: 'board', every: 'quarter', to: ['dba', 'dana@acme.test', '#audit'], folder: '/srv/reports' },
  ]);
});

describe('what is refused', () => {
  test.each([
    ['[{ every: quarter }]', /goes nowhere; add to or folder/],
    ['[{ every: week, to: auditors }]', /must be one of month, quarter, year/],
    ['[{ every: month, to: auditors }, { every: month, folder: /srv }]', /two reports of one name/],
    ['[{ every: month, folder: reports }]', /must be the whole path of a folder/],
    ['[{ every: month, to: nosuch }]', /"nosuch" is no group of this policy/],
    ['[{ every: month, to: [auditors, owners] }]', /"owners" cannot stand here/],
    ['[{ name: ../etc, every: month, to: auditors }]', /must be a name of small letters, digits and -/],
    ['[{ every: month, to: auditors, formats: [pdf] }]', /formats/],
  ])('%s', (reports, why) => expect(problemsOf(reports)).toEqual([expect.stringMatching(why)]));
});
