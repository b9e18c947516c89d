import { describe, expect, it } from 'vitest';
import {
  checkPolicy,
  explainInput,
  explainPolicy,
  evaluate,
  replayPolicy,
  testPolicy,
} from '../../src/config/policy-commands.ts';
import type { ExplainOptions } from '../../src/config/policy-commands.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { changed, ENV, GOOD, inputOf } from './made.ts';

const TESTS = `tests:
  - name: an owner is asked
    request: { by: lee@acme.test, role: orders/read, for: 30m, reason: look }
    expect: { decision: ask, from: [owners] }
  - name: everyone gets in
    request: { by: lee@acme.test, role: orders/read, for: 30m, reason: look }
    expect: { decision: approve }
`;

const policyFrom = (text: string): Policy => {
  const loaded = loadPolicy(inputOf(text));
  if ('problems' in loaded) throw new Error('refused');
  return loaded.policy;
};

describe('policy check', () => {
  it('is content with a policy that is right', () => {
    expect(checkPolicy(inputOf(GOOD))).toEqual({
      isOk: true,
      facts: { findings: [], lists: [] },
      text: 'latchkey.yml is right.',
    });
  });

  it('finds an Opsgenie group that no key can read', () => {
    const text = changed('slack_usergroup: sre', 'opsgenie_schedule: First line');
    const loaded = loadPolicy(inputOf(text, { env: { ...ENV, OPSGENIE_API_KEY: undefined } }));
    expect(loaded).toMatchObject({ problems: [{ code: 'missing_opsgenie_key', line: 4, path: 'groups.sre' }] });
    const policy = loadPolicy(inputOf(text));
    const sre = { kind: 'on_call_schedule', service: 'opsgenie', schedule: 'First line', levels: null };
    expect(policy).toMatchObject({ policy: { groups: { sre } } });
  });

  it('finds a PagerDuty group that no token can read, where it matters', () => {
    const text = changed('slack_usergroup: sre', 'pagerduty_schedule: PABC123, levels: [1]');
    const env = { ...ENV, PAGERDUTY_TOKEN: undefined };
    const loaded = loadPolicy(inputOf(text, { env }));
    expect(loaded).toMatchObject({ problems: [{ code: 'missing_pagerduty_token', line: 4, path: 'groups.sre' }] });
    const inCi = checkPolicy(inputOf(text, { env }));
    expect(inCi.isOk).toBe(true);
    expect(inCi.facts.findings).toMatchObject([{ level: 'warning', code: 'missing_pagerduty_token' }]);
    expect(checkPolicy(inputOf(text)).facts.findings).toEqual([]);
  });

  it('shows warnings and still succeeds', () => {
    const { isOk, facts, text } = checkPolicy(inputOf(changed('admins: [dba]\n', '')));
    expect(isOk).toBe(true);
    expect(facts.findings).toMatchObject([{ level: 'warning', code: 'no_admins' }]);
    expect(text).toContain('0 errors, 1 warning.');
  });

  it('needs no secrets, as in CI: what is not set is a warning', () => {
    const { isOk, facts } = checkPolicy(inputOf(GOOD, { env: {} }));
    expect(isOk).toBe(true);
    expect(facts.findings).toMatchObject([{ level: 'warning', code: 'missing_variable', line: 8 }]);
    expect(testPolicy(inputOf(GOOD, { env: {} })).isOk).toBe(true);
  });

  it('fails with code, line and remedy', () => {
    const { isOk, text } = checkPolicy(inputOf(changed('owners: [dba]', 'owners: [dbas]')));
    expect(isOk).toBe(false);
    expect(text).toContain(
      'error: line 9, targets.orders.owners[0]: "dbas" is no group of this policy; did you mean "dba"? [unknown_group]',
    );
    expect(text).toContain('latchkey.yml: 1 error, 0 warnings.');
  });
});

describe('policy test', () => {
  it('runs every test and says what was expected', () => {
    const { isOk, facts, text } = testPolicy(inputOf(GOOD + TESTS));
    expect(isOk).toBe(false);
    expect(facts.results.map(({ isPassed }) => isPassed)).toEqual([true, false]);
    expect(text.split('\n')).toEqual([
      'ok      an owner is asked',
      'FAILED  everyone gets in (line 24): expected approve, got ask',
      '1 passed, 1 failed',
    ]);
  });

  it('runs nothing on a policy that is wrong', () => {
    const { isOk, facts, text } = testPolicy(inputOf(changed('version: 1', 'version: 2')));
    expect({ isOk, results: facts.results, codes: facts.findings.map(({ code }) => code) }).toEqual({
      isOk: false,
      results: [],
      codes: ['bad_value'],
    });
    expect(text).toContain('correct the policy first');
  });

  it('says when there are none', () => {
    expect(testPolicy(inputOf(GOOD))).toMatchObject({
      isOk: true,
      text: 'The policy has no tests; add some under tests:.',
    });
  });
});

describe('policy explain', () => {
  const options: ExplainOptions = { by: 'dana@acme.test', role: 'orders/write', reason: 'look', now: new Date(0) };
  const explained = (parts: Partial<ExplainOptions>): string => {
    const input = explainInput(policyFrom(GOOD), { ...options, ...parts });
    return 'problem' in input ? input.problem : explainPolicy(input).text;
  };

  it('says who would be asked', () => {
    expect(explained({})).toContain('Decided by the rule "Writes" (line 14), for up to 1h.');
    expect(explained({})).toContain('1 from sre');
  });

  it.each<[string, Partial<ExplainOptions>, string]>([
    ['a role without a target', { role: 'write' }, 'write target/role'],
    ['a duration that is none', { for: 'banana' }, 'is no duration'],
    ['a group that is none', { inGroups: ['ops'] }, 'known are: dba, sre'],
    ['an unknown target', { role: 'nope/read' }, 'There is no target "nope"'],
    ['a duration over the cap', { for: '2h' }, 'longer than the 1h'],
  ])('answers %s with a sentence', (...[, parts, says]) => expect(explained(parts)).toContain(says));

  it('knows the groups that the file names, and those it is told of', () => {
    const input = explainInput(policyFrom(GOOD), { ...options, inGroups: ['sre'] });
    expect('facts' in input && input.facts.requester.groups).toEqual(['dba', 'sre']);
  });

  it('takes the channel or the severity of an incident for an open one', () => {
    const incidentWith = (parts: Partial<ExplainOptions>) => {
      const input = explainInput(policyFrom(GOOD), { ...options, ...parts });
      return 'facts' in input ? input.facts.incident : input;
    };
    expect(incidentWith({})).toEqual({ open: false, channel: '', severity: '' });
    expect(incidentWith({ severity: 'sev1' })).toEqual({ open: true, channel: '', severity: 'sev1' });
    expect(incidentWith({ channel: 'inc-1' })).toEqual({ open: true, channel: 'inc-1', severity: '' });
  });
});

describe('policy explain with an alert', () => {
  const LAG = changed(
    'rules:\n',
    `rules:
  - name: A bad lag gives reading
    match: { roles: ["*/read"], alerts: [lag] }
    when: alert.severity == "critical" && alert.source == "generic"
    approve: true
`,
  ).concat(`alerts:
  - { name: lag, source: generic, match: { title: lag }, role: orders/read, to: sre }
tests:
  - name: a bad lag gives it
    request: { by: lee@acme.test, role: orders/read, for: 30m, reason: look at the lag }
    alert: { name: lag, severity: critical }
    expect: { decision: approve, rule: A bad lag gives reading }
  - name: of a small one an owner decides
    request: { by: lee@acme.test, role: orders/read, for: 30m, reason: look at the lag }
    alert: lag
    expect: { decision: ask }
  - name: for another role it says nothing
    request: { by: lee@acme.test, role: orders/write, for: 30m, reason: look at the lag }
    alert: { name: lag, severity: critical }
    expect: { decision: ask }
`);
  const explained = (parts: Partial<ExplainOptions>): string => {
    const asked = { by: 'lee@acme.test', role: 'orders/read', reason: 'look', now: new Date(0), ...parts };
    const input = explainInput(policyFrom(LAG), asked);
    return 'problem' in input ? input.problem : explainPolicy(input).text;
  };

  it.each<[string, Partial<ExplainOptions>, string]>([
    [
      'as stated',
      { alert: 'lag', alertSeverity: 'critical' },
      'Approved at once by the rule "A bad lag gives reading"',
    ],
    ['of no severity', { alert: 'lag' }, 'Decided by the rule "Rest"'],
    ['none', {}, 'Decided by the rule "Rest"'],
    ['one that is none', { alert: 'down' }, 'known are: lag'],
    ['of another role', { alert: 'lag', role: 'orders/write' }, 'requests orders/read'],
    ['a severity alone', { alertSeverity: 'critical' }, 'Name the alert too'],
  ])('%s', (...[, parts, says]) => expect(explained(parts)).toContain(says));

  it('is what the tests of a policy state', () => {
    expect(testPolicy(inputOf(LAG))).toMatchObject({ isOk: true, text: expect.stringContaining('3 passed, 0 failed') });
  });
});

describe('policy replay', () => {
  it('lists what another policy would change', async () => {
    const input = explainInput(policyFrom(GOOD), {
      by: 'lee@acme.test',
      role: 'orders/write',
      reason: 'look',
      now: new Date(0),
    });
    if ('problem' in input) throw new Error(input.problem);
    const { requested, facts } = input;
    const before = evaluate(policyFrom(GOOD), { requested, facts });
    const past = [{ id: 'r1', requester: 'Lee', requested, facts, before, isRecorded: true }];
    const wider = policyFrom(changed('{ from: owners }, { from: sre }', '{ from: sre }'));
    const { isOk, facts: found, text } = await replayPolicy(wider, past);
    expect(isOk).toBe(false);
    expect(found).toMatchObject({ requests: 1, changes: [{ id: 'r1', kind: 'wider' }] });
    expect(text).toContain('1 request replayed, 1 would come out differently.');
    expect((await replayPolicy(policyFrom(GOOD), past)).isOk).toBe(true);
  });
});
