import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ConfigProblem } from '../../src/config/problem.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { changed, ENV, GOOD, load, withRule, withTop } from './made.ts';
import { WRONG } from './wrong-policies.ts';

const policyFrom = (text: string): Policy => {
  const loaded = load(text);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  return loaded.policy;
};

const problemsOf = (text: string): ConfigProblem[] => {
  const loaded = load(text);
  return 'problems' in loaded ? loaded.problems : [];
};

const warningsOf = (text: string): string[] => {
  const loaded = load(text);
  return 'problems' in loaded ? ['refused'] : loaded.warnings.map(({ code }) => code);
};

describe('a policy that is right', () => {
  it('becomes values', () => {
    const policy = policyFrom(GOOD);
    expect(policy.sha256).toBe(createHash('sha256').update(GOOD).digest('hex'));
    expect(policy.targets['orders']).toMatchObject({
      title: 'orders',
      config: { url: ENV.ORDERS_DB_ADMIN_URL },
      roles: { read: { maxMs: 14_400_000, defaultMs: 1_800_000 }, write: { maxMs: 3_600_000, defaultMs: 1_800_000 } },
    });
    expect(policy.rules).toMatchObject([
      { name: 'Writes', line: 14, match: { roles: ['*/write'], targets: null }, effect: { kind: 'ask' } },
      { name: 'Rest', line: 17 },
    ]);
    expect(policy).toMatchObject({ timezone: 'UTC', pendingMs: 14_400_000, claimMs: 3_600_000, remindMs: 900_000 });
  });

  it('has no warnings', () => expect(warningsOf(GOOD)).toEqual([]));

  it('keeps every part of a rule', () => {
    const keys =
      'when: incident.open\n    require: { ticket: "^A$", reason: 9 }\n    in_order: true\n    escalate: { after: 15m, to: sre }';
    const [first] = policyFrom(withRule(`${keys}\n    max: 20m\n    pending: 2h\n    claim: 3h\n    remind: 4m`)).rules;
    expect(first).toMatchObject({
      when: { source: 'incident.open', groups: [] },
      require: { ticket: '^A$', reasonChars: 9 },
      isInOrder: true,
      escalate: { afterMs: 900_000, to: 'sre' },
      maxMs: 1_200_000,
      pendingMs: 7_200_000,
      claimMs: 10_800_000,
      remindMs: 240_000,
    });
  });

  it('fills ${NAME} anywhere in a config, and leaves $${ alone', () => {
    const policy = policyFrom(
      changed('{ url: "${ORDERS_DB_ADMIN_URL}" }', '{ url: "a ${ORDERS_DB_ADMIN_URL} b", list: ["$${X}"] }'),
    );
    expect(policy.targets['orders']?.config).toEqual({ url: `a ${ENV.ORDERS_DB_ADMIN_URL} b`, list: ['${X}'] });
  });

  it('takes a value from the environment as text, never as YAML', () => {
    const loaded = load(GOOD, { env: { ORDERS_DB_ADMIN_URL: '"}\nrules: []' } });
    expect(loaded).toMatchObject({ policy: { targets: { orders: { config: { url: '"}\nrules: []' } } } } });
  });

  it('gives the same answer twice', () => expect(JSON.stringify(load(GOOD))).toBe(JSON.stringify(load(GOOD))));
});

describe('a policy that is wrong', () => {
  it.each(WRONG)('%s', (...[, text, code, line, says]) => {
    const problems = problemsOf(text);
    expect(problems.map((problem) => [problem.code, problem.line])).toContainEqual([code, line]);
    expect(problems.find((problem) => problem.code === code)?.message).toContain(says);
  });

  it.each(WRONG)('%s: nothing else is complained about', (...[, text, code]) => {
    expect(new Set(problemsOf(text).map((problem) => problem.code))).toEqual(new Set([code]));
  });

  it('names everything at once: shape, names, conditions, environment', () => {
    const text = GOOD.replace('max: 1h', 'max: soon')
      .replace('from: sre', 'from: srr')
      .replace('ORDERS_DB_ADMIN_URL', 'NOT_SET')
      .replace('name: Rest', 'name: Rest\n    when: foo')
      .replace('  sre: {', '  sre: { levls: [1],')
      .concat('colour: blue\n');
    expect(problemsOf(text).map(({ code }) => code)).toEqual([
      'unknown_key',
      'bad_value',
      'unknown_group',
      'bad_condition',
      'unknown_key',
    ]);
    const whole = problemsOf(text.replace('max: soon', 'max: 1h'));
    expect(whole.map(({ code }) => code)).toContain('missing_variable');
  });

  it('says what an empty file needs', () => {
    expect(problemsOf('')).toMatchObject([{ code: 'empty_policy' }]);
    expect(problemsOf('# only a comment\n')).toMatchObject([{ code: 'empty_policy' }]);
  });

  it('is refused whatever stands in the file, never thrown', () => {
    for (const text of [
      '[]',
      'a',
      '1',
      'true',
      'rules: 3',
      'targets: []',
      'groups: x\nrules: [1]',
      '{}',
      'tests: {}',
    ]) {
      expect({ text, problems: problemsOf(text) }).not.toEqual({ text, problems: [] });
    }
  });

  it('never shows a value from the environment', () => {
    const text = changed('max: 1h', 'max: soon').replace('"${ORDERS_DB_ADMIN_URL}"', '["${ORDERS_DB_ADMIN_URL}"]');
    expect(JSON.stringify(problemsOf(text))).not.toContain('hunter2');
  });
});

describe('a policy that is suspicious', () => {
  it.each([
    ['a group without people', changed('  sre:', '  spare: { people: [] }\n  sre:'), ['empty_group']],
    ['no admins', changed('admins: [dba]\n', ''), ['no_admins']],
    ['a single approver', changed(', omar@acme.test', ''), ['sole_approver', 'sole_approver']],
    [
      'break-glass longer than the role',
      withTop(
        'break_glass: { who: [sre], roles: ["*/write"], max: 2h, tell: ["#s"], review_within: 1d, reviewers: [dba] }',
      ),
      ['break_glass_wider'],
    ],
    [
      'a reviewer who may break glass',
      withTop(
        'break_glass: { who: [dana@acme.test], roles: ["*/read"], max: 1h, tell: ["#s"], review_within: 1d, reviewers: [dana@acme.test] }',
      ),
      ['sole_reviewer'],
    ],
    [
      'a manager whom the requester may choose',
      withTop('manager_field: Manager').replace('from: sre', 'from: manager'),
      ['manager_from_profile'],
    ],
    [
      'a manager who may agree unasked',
      withTop('manager_field: Manager').replace('from: sre', 'from: sre, also: manager'),
      ['manager_from_profile'],
    ],
    ['a field for a manager whom no rule asks', withTop('manager_field: Manager'), []],
    [
      'an alert for the channel of an incident where there are none',
      withTop(
        'alerts: [{ name: down, source: generic, match: { title: x }, role: orders/read, to: sre, channel: incident }]',
      ),
      ['no_incidents'],
    ],
    [
      'and none where a review of all names all targets',
      withTop('reviews: [{ name: r, every: month, what: admins, by: admins, targets: ["*"] }]'),
      [],
    ],
  ])('%s', (_name, text, codes) => expect(warningsOf(text)).toEqual(codes));
});
