import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/policy/decide.ts';
import { tally } from '../../../src/domain/requests/tally.ts';
import type { Rule } from '../../../src/domain/policy/types.ts';
import type { Verdict } from '../../../src/domain/policy/verdict.ts';
import type { DecisionFacts } from '../../../src/domain/policy/decision-facts.ts';
import { approve, askFor, deny, factsFor, policyOf, rule } from './made.ts';

const GROUPS = ['dba', 'sre', 'on-call'];
const CONDITIONS = [
  'incident.open',
  '"sre" in requester.groups',
  'requester.groups[0] == "dba"',
  'request.duration > duration("20m")',
];
const PATTERNS = ['*/*', '*/read', '*/write', 'orders/*', 'billing/write', 'ord*/rea?'];

const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const anyParts = fc.record({
  roles: optional(fc.subarray(PATTERNS)),
  groups: optional(fc.subarray(GROUPS)),
  when: optional(fc.constantFrom(...CONDITIONS)),
});
type Parts = { roles: string[] | undefined; groups: string[] | undefined; when: string | undefined };

const partsOf = ({ roles, groups, when }: Parts): Parameters<typeof rule>[1] => ({
  match: { roles: roles ?? null, groups: groups ?? null },
  ...(when === undefined ? {} : { when }),
});

const anyRule = (make: (typeof rule)[]): fc.Arbitrary<Rule> =>
  fc.tuple(fc.constantFrom(...make), anyParts, fc.uuid()).map(([maker, parts, name]) => maker(name, partsOf(parts)));

const anyRules = fc.array(anyRule([rule, approve, deny]), { maxLength: 8 });
const anyAsk = fc
  .record({ target: fc.constantFrom('orders', 'billing'), role: fc.constantFrom('read', 'write') })
  .map((parts) => askFor(parts));
const anyFacts = fc
  .record({ open: fc.boolean(), groups: fc.subarray(GROUPS), unknownGroups: fc.subarray(GROUPS) })
  .map(({ open, groups, unknownGroups }) => factsFor({ incident: { open }, requester: { groups, unknownGroups } }));

const OPENNESS = { deny: 0, ask: 1, approve: 2 } as const;
const openness = (verdict: Verdict): number => OPENNESS[verdict.decision];

const without = (facts: DecisionFacts, group: string): DecisionFacts => ({
  ...facts,
  requester: { ...facts.requester, groups: facts.requester.groups.filter((each) => each !== group) },
});

/** `holds`, or the smallest counterexample. */
const outcomeOf = <Value>(values: fc.Arbitrary<Value>, isTrue: (value: Value) => boolean): string =>
  fc.defaultReportMessage(fc.check(fc.property(values, isTrue))) ?? 'holds';

const world = { rules: anyRules, ask: anyAsk, facts: anyFacts };

describe('whatever the policy and the request', () => {
  it('a deny that is added never lets more through', () => {
    const made = fc.record({ ...world, added: anyRule([deny]), at: fc.nat(8) });
    const outcome = outcomeOf(made, ({ rules, ask, facts, added, at }) => {
      const before = openness(decide(policyOf(rules), ask, facts));
      return openness(decide(policyOf(rules.toSpliced(at, 0, added)), ask, facts)) <= before;
    });
    expect(outcome).toBe('holds');
  });

  it('the place of a deny changes nothing', () => {
    const made = fc.record({ ...world, added: anyRule([deny]), one: fc.nat(8), two: fc.nat(8) });
    const outcome = outcomeOf(made, ({ rules, ask, facts, added, one, two }) => {
      const first = decide(policyOf(rules.toSpliced(one, 0, added)), ask, facts);
      const second = decide(policyOf(rules.toSpliced(two, 0, added)), ask, facts);
      return openness(first) === openness(second);
    });
    expect(outcome).toBe('holds');
  });

  it('who leaves a group that no deny and no condition asks for gets no further than before', () => {
    const made = fc.record({ ...world, group: fc.constantFrom(...GROUPS) });
    const outcome = outcomeOf(made, ({ rules, ask, facts, group }) => {
      const policy = policyOf(rules.filter(({ effect, when }) => effect.kind === 'approve' && when === null));
      return openness(decide(policy, ask, without(facts, group))) <= openness(decide(policy, ask, facts));
    });
    expect(outcome).toBe('holds');
  });

  it('a group that cannot be read lets no more through than not being in it', () => {
    const made = fc.record({ ...world, group: fc.constantFrom(...GROUPS) });
    const outcome = outcomeOf(made, ({ rules, ask, facts, group }) => {
      const policy = policyOf(rules.filter(({ when }) => when === null));
      const { requester } = without(facts, group);
      const unread = { ...facts, requester: { ...requester, unknownGroups: [group] } };
      const outside = { ...facts, requester: { ...requester, unknownGroups: [] } };
      return openness(decide(policy, ask, unread)) <= openness(decide(policy, ask, outside));
    });
    expect(outcome).toBe('holds');
  });

  it('a group that cannot be read never asks fewer people than being in it or not being in it would', () => {
    const asked = (verdict: Verdict): number =>
      verdict.decision === 'ask' ? verdict.requirements.reduce((sum, { count }) => sum + count, 0) : 0;
    const made = fc.record({ ...world, group: fc.constantFrom(...GROUPS) });
    const outcome = outcomeOf(made, ({ rules, ask, facts, group }) => {
      const policy = policyOf(rules.filter(({ when }) => when === null));
      const { requester } = without(facts, group);
      const outside = { ...facts, requester: { ...requester, unknownGroups: [] } };
      const inside = { ...outside, requester: { ...outside.requester, groups: [...outside.requester.groups, group] } };
      const unread = decide(policy, ask, { ...facts, requester: { ...requester, unknownGroups: [group] } });
      if (unread.decision === 'deny') return true;
      return [inside, outside].every((known) => {
        const verdict = decide(policy, ask, known);
        return verdict.decision === 'deny' || asked(unread) >= asked(verdict);
      });
    });
    expect(outcome).toBe('holds');
  });

  it('the outcome is that of the rule it names, and an ask always needs someone', () => {
    const outcome = outcomeOf(fc.record(world), ({ rules, ask, facts }) => {
      const verdict = decide(policyOf(rules), ask, facts);
      const kind = rules.find(({ name }) => name === verdict.rule)?.effect.kind ?? 'deny';
      const isDoubted = verdict.passedOver.some(({ why }) => why === 'condition_error');
      const isItsOutcome = kind === verdict.decision || (isDoubted && kind === 'approve' && verdict.decision === 'ask');
      return isItsOutcome && (verdict.decision !== 'ask' || verdict.requirements.length > 0);
    });
    expect(outcome).toBe('holds');
  });

  it('no rule lets anyone in longer than the role allows', () => {
    const made = fc.record({ ...world, durationMs: fc.integer({ min: -1e9, max: 1e12 }) });
    const outcome = outcomeOf(made, ({ rules, ask, facts, durationMs }) => {
      const policy = policyOf(rules);
      const verdict = decide(policy, { ...ask, durationMs }, facts);
      const cap = policy.targets[ask.target]?.roles[ask.role]?.maxMs ?? 0;
      const isUsable = durationMs > 0 && durationMs <= cap;
      return verdict.capMs <= cap && (isUsable || verdict.problems.length > 0);
    });
    expect(outcome).toBe('holds');
  });
});

const PEOPLE = ['ann', 'bob', 'cat', 'dan', 'eve'];
const anyVote = fc.record({
  personId: fc.constantFrom(...PEOPLE),
  kind: fc.constantFrom('approve' as const, 'deny' as const),
});
const input = {
  requirements: fc.array(fc.record({ label: fc.constant('x'), count: fc.integer({ min: 1, max: 3 }) }), {
    maxLength: 3,
  }),
  isInOrder: fc.boolean(),
  votes: fc.uniqueArray(anyVote, { selector: ({ personId }) => personId }),
  members: fc.array(fc.subarray(PEOPLE), { minLength: 3, maxLength: 3 }),
  requester: fc.constantFrom(...PEOPLE),
};
const anyInput = fc.record(input);
type Input = typeof anyInput extends fc.Arbitrary<infer Value> ? Value : never;

const count = ({ members, requester, ...rest }: Input): ReturnType<typeof tally> =>
  tally({ ...rest, requester: [requester], members: (index) => new Set(members[index]) });

/** The most requirements that any assignment could fill, found by trying all. */
const best = (made: Input, at: number, left: number[]): number => {
  const vote = made.votes[at];
  if (!vote) return 0;
  const skip = best(made, at + 1, left);
  if (vote.kind === 'deny' || vote.personId === made.requester) return skip;
  const choices = left.map((free, index) =>
    free > 0 && made.members[index]?.includes(vote.personId) ? 1 + best(made, at + 1, left.with(index, free - 1)) : 0,
  );
  return Math.max(skip, ...choices);
};

const ALERT_CONDITIONS = [
  'alert.firing',
  '!alert.firing || alert.severity != "info"',
  'alert.name == "lag" && alert.severity == "critical"',
  'alert.source in ["pagerduty", "generic"]',
];
/** As the loader lets them through: one that approves and looks at the alert names it. */
const anyAlertRule = fc
  .record({
    when: fc.constantFrom(...ALERT_CONDITIONS),
    alerts: fc.subarray(['lag', 'down'], { minLength: 1 }),
    name: fc.uuid(),
  })
  .map(({ when, alerts, name }) => approve(name, { match: { alerts }, when }));
const anyAlert = fc.record({
  name: fc.constantFrom('lag', 'down', 'other'),
  source: fc.constantFrom('pagerduty', 'alertmanager', 'generic'),
  severity: fc.constantFrom('', 'info', 'critical'),
  isUnknown: fc.boolean(),
});

describe('whatever the alert', () => {
  const approvesByAlert = (rules: Rule[], verdict: Verdict): boolean =>
    verdict.decision === 'approve' && rules.some(({ name, match }) => name === verdict.rule && match.alerts !== null);
  const made = fc.record({
    ...world,
    rules: fc.array(fc.oneof(anyAlertRule, anyRule([rule, approve, deny])), { maxLength: 8 }),
    alert: anyAlert,
  });

  it('without one, no rule for alerts ever approves', () => {
    const outcome = outcomeOf(
      made,
      ({ rules, ask, facts }) => !approvesByAlert(rules, decide(policyOf(rules), ask, facts)),
    );
    expect(outcome).toBe('holds');
  });

  it('one that no rule names, or whose on-call is not known, lets no more through than none', () => {
    const outcome = outcomeOf(made, ({ rules, ask, facts, alert }) => {
      const isNamed = alert.name !== 'other' && !alert.isUnknown;
      const verdict = decide(policyOf(rules), ask, { ...facts, alert });
      return isNamed || openness(verdict) <= openness(decide(policyOf(rules), ask, facts));
    });
    expect(outcome).toBe('holds');
  });
});

describe('whatever the votes', () => {
  it('nothing is granted without every requirement filled by people who may and who agreed', () => {
    const outcome = outcomeOf(anyInput, (made) => {
      const { isSatisfied, assignment } = count(made);
      const agreed = new Set(made.votes.filter(({ kind }) => kind === 'approve').map(({ personId }) => personId));
      const isFilled = made.requirements.every((requirement, index) => {
        const people = [...assignment].filter(([, at]) => at === index).map(([person]) => person);
        return (
          people.length === requirement.count &&
          people.every((person) => agreed.has(person) && made.members[index]?.includes(person))
        );
      });
      return !isSatisfied || (isFilled && made.requirements.length > 0);
    });
    expect(outcome).toBe('holds');
  });

  it('their order changes nothing', () => {
    const outcome = outcomeOf(fc.record({ ...input, turn: fc.nat(5) }), ({ turn, ...made }) => {
      const turned = [...made.votes.slice(turn), ...made.votes.slice(0, turn)].toReversed();
      return isDeepStrictEqual(count({ ...made, votes: turned }), count(made));
    });
    expect(outcome).toBe('holds');
  });

  it('the requester never counts', () => {
    const outcome = outcomeOf(anyInput, (made) => {
      const votes = made.votes.filter(({ personId }) => personId !== made.requester);
      const counted = count(made);
      return !counted.assignment.has(made.requester) && isDeepStrictEqual(counted, count({ ...made, votes }));
    });
    expect(outcome).toBe('holds');
  });

  it('removing a person from a group never makes a request pass', () => {
    const agreeing = { ...input, votes: input.votes.map((votes) => votes.filter(({ kind }) => kind === 'approve')) };
    const made = fc.record({ ...agreeing, leaver: fc.constantFrom(...PEOPLE), at: fc.nat(2) });
    const outcome = outcomeOf(made, ({ leaver, at, ...before }) => {
      const left = before.members[at]?.filter((person) => person !== leaver) ?? [];
      return !count({ ...before, members: before.members.with(at, left) }).isSatisfied || count(before).isSatisfied;
    });
    expect(outcome).toBe('holds');
  });

  it('an approval more never makes a request fail, and a deny by someone who may always does', () => {
    const outcome = outcomeOf(fc.record({ ...input, person: fc.constantFrom(...PEOPLE) }), ({ person, ...made }) => {
      const others = made.votes.filter(({ personId }) => personId !== person);
      const isBefore = count({ ...made, votes: others }).isSatisfied;
      const agreed = count({ ...made, votes: [...others, { personId: person, kind: 'approve' }] });
      const denied = count({ ...made, votes: [...others, { personId: person, kind: 'deny' }] });
      const may = person !== made.requester && made.requirements.some((_, at) => made.members[at]?.includes(person));
      return (!isBefore || agreed.isSatisfied) && (!may || (denied.isDenied && !denied.isSatisfied));
    });
    expect(outcome).toBe('holds');
  });

  it('the assignment fills as much as any could', () => {
    const outcome = outcomeOf(anyInput, (made) => {
      const counts = made.requirements.map((requirement) => requirement.count);
      return count(made).assignment.size === best(made, 0, counts);
    });
    expect(outcome).toBe('holds');
  });
});
