import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/policy/decide.ts';
import { tally } from '../../../src/core/policy/tally.ts';
import type { AskFacts, Rule, Verdict } from '../../../src/core/policy/types.ts';
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

const without = (facts: AskFacts, group: string): AskFacts => ({
  ...facts,
  requester: { ...facts.requester, groups: facts.requester.groups.filter((each) => each !== group) },
});

describe('whatever the policy and the request', () => {
  it('a deny that is added never lets more through', () => {
    fc.assert(
      fc.property(anyRules, anyRule([deny]), fc.nat(8), anyAsk, anyFacts, (rules, added, at, ask, facts) => {
        const before = openness(decide(policyOf(rules), ask, facts));
        const more = openness(decide(policyOf(rules.toSpliced(at, 0, added)), ask, facts));
        expect(more).toBeLessThanOrEqual(before);
      }),
    );
  });

  it('the place of a deny changes nothing', () => {
    fc.assert(
      fc.property(
        anyRules,
        anyRule([deny]),
        fc.nat(8),
        fc.nat(8),
        anyAsk,
        anyFacts,
        (...[rules, added, one, two, ask, facts]) => {
          const first = decide(policyOf(rules.toSpliced(one, 0, added)), ask, facts);
          const second = decide(policyOf(rules.toSpliced(two, 0, added)), ask, facts);
          expect(openness(first)).toBe(openness(second));
        },
      ),
    );
  });

  it('a group that cannot be read never lets more through than not being in it', () => {
    const noDenyByGroups = anyRules.map((rules) => rules.filter(({ effect }) => effect.kind !== 'deny'));
    fc.assert(
      fc.property(noDenyByGroups, fc.constantFrom(...GROUPS), anyAsk, anyFacts, (rules, group, ask, facts) => {
        const policy = policyOf(rules.filter(({ when }) => when === null));
        const unknown = { ...facts, requester: { ...without(facts, group).requester, unknownGroups: [group] } };
        const outside = { ...facts, requester: { ...without(facts, group).requester, unknownGroups: [] } };
        expect(openness(decide(policy, ask, unknown))).toBe(openness(decide(policy, ask, outside)));
      }),
    );
  });

  it('an approval at once comes only from a rule that says so and matches', () => {
    fc.assert(
      fc.property(anyRules, anyAsk, anyFacts, (rules, ask, facts) => {
        const verdict = decide(policyOf(rules), ask, facts);
        const found = rules.find(({ name }) => name === verdict.rule);
        expect(found?.effect.kind ?? 'deny').toBe(verdict.decision);
        if (verdict.decision === 'ask') expect(verdict.requirements.length).toBeGreaterThan(0);
      }),
    );
  });

  it('no rule lets anyone in longer than the role allows', () => {
    fc.assert(
      fc.property(anyRules, anyAsk, anyFacts, fc.integer({ min: -1e9, max: 1e12 }), (rules, ask, facts, durationMs) => {
        const policy = policyOf(rules);
        const verdict = decide(policy, { ...ask, durationMs }, facts);
        const cap = policy.targets[ask.target]?.roles[ask.role]?.maxMs ?? 0;
        expect(verdict.capMs).toBeLessThanOrEqual(cap);
        if (durationMs > cap || durationMs <= 0) expect(verdict.problems).not.toEqual([]);
      }),
    );
  });
});

const PEOPLE = ['ann', 'bob', 'cat', 'dan', 'eve'];
const anyRequirements = fc.array(fc.record({ label: fc.constant('x'), count: fc.integer({ min: 1, max: 3 }) }), {
  maxLength: 3,
});
const anyVotes = fc.uniqueArray(
  fc.record({ personId: fc.constantFrom(...PEOPLE), kind: fc.constantFrom('approve' as const, 'deny' as const) }),
  {
    selector: ({ personId }) => personId,
  },
);
const anyMembers = fc.array(fc.subarray(PEOPLE), { minLength: 3, maxLength: 3 });
const input = fc.record({
  requirements: anyRequirements,
  isInOrder: fc.boolean(),
  votes: anyVotes,
  members: anyMembers,
  requester: fc.constantFrom(...PEOPLE),
});
type Input = typeof input extends fc.Arbitrary<infer Value> ? Value : never;

const count = ({ members, requester, ...rest }: Input): ReturnType<typeof tally> =>
  tally({ ...rest, requester: [requester], members: (index) => new Set(members[index]) });

describe('whatever the votes', () => {
  it('nothing is granted without every requirement filled by someone who may', () => {
    fc.assert(
      fc.property(input, (made) => {
        const { isSatisfied, assignment } = count(made);
        if (!isSatisfied) return;
        expect(made.requirements.length).toBeGreaterThan(0);
        for (const [index, requirement] of made.requirements.entries()) {
          const people = [...assignment].filter(([, at]) => at === index).map(([person]) => person);
          expect(people).toHaveLength(requirement.count);
          for (const person of people) {
            expect(made.members[index]).toContain(person);
            expect(made.votes).toContainEqual({ personId: person, kind: 'approve' });
          }
        }
      }),
    );
  });

  it('their order changes nothing', () => {
    fc.assert(
      fc.property(input, fc.nat(), (made, turn) => {
        const by = made.votes.length === 0 ? 0 : turn % made.votes.length;
        const turned = [...made.votes.slice(by), ...made.votes.slice(0, by)].toReversed();
        expect(count({ ...made, votes: turned })).toEqual(count(made));
      }),
    );
  });

  it('the requester never counts', () => {
    fc.assert(
      fc.property(input, (made) => {
        const votes = made.votes.filter(({ personId }) => personId !== made.requester);
        expect(count(made)).toEqual(count({ ...made, votes }));
        expect(count(made).assignment.has(made.requester)).toBe(false);
      }),
    );
  });

  it('who leaves a group never makes a request pass', () => {
    fc.assert(
      fc.property(input, fc.constantFrom(...PEOPLE), fc.nat(2), (made, leaver, at) => {
        if (made.votes.some(({ kind }) => kind === 'deny')) return;
        const members = made.members.map((people, index) =>
          index === at ? people.filter((person) => person !== leaver) : people,
        );
        if (count({ ...made, members }).isSatisfied) expect(count(made).isSatisfied).toBe(true);
      }),
    );
  });

  it('an approval more never makes a request fail, a deny by someone who may always does', () => {
    fc.assert(
      fc.property(input, fc.constantFrom(...PEOPLE), (made, person) => {
        const others = made.votes.filter(({ personId }) => personId !== person);
        const before = count({ ...made, votes: others });
        const agreed = count({ ...made, votes: [...others, { personId: person, kind: 'approve' }] });
        if (before.isSatisfied) expect(agreed.isSatisfied).toBe(true);
        const denied = count({ ...made, votes: [...others, { personId: person, kind: 'deny' }] });
        const may =
          person !== made.requester && made.requirements.some((_, index) => made.members[index]?.includes(person));
        if (may) expect(denied).toMatchObject({ isDenied: true, isSatisfied: false, open: [] });
      }),
    );
  });

  it('the assignment fills as much as any could', () => {
    const best = (made: Input, at: number, left: number[]): number => {
      const vote = made.votes[at];
      if (!vote) return 0;
      const skip = best(made, at + 1, left);
      if (vote.kind === 'deny' || vote.personId === made.requester) return skip;
      const choices = left.map((free, index) =>
        free > 0 && made.members[index]?.includes(vote.personId)
          ? 1 + best(made, at + 1, left.with(index, free - 1))
          : 0,
      );
      return Math.max(skip, ...choices);
    };
    fc.assert(
      fc.property(input, (made) => {
        const wanted = best(
          made,
          0,
          made.requirements.map((requirement) => requirement.count),
        );
        expect(count(made).assignment.size).toBe(wanted);
      }),
    );
  });
});
