/** Addresses move between accounts, and no such move may let anybody in who was not let in before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressesAgainst,
  addressOf,
  isFirstSight,
  whomItNames,
} from '../../../src/domain/principals/email-bindings.ts';
import type { EmailObservation } from '../../../src/domain/principals/email-bindings.ts';
import { decide } from '../../../src/domain/policy/decide.ts';
import type { Rule } from '../../../src/domain/policy/types.ts';
import type { DecisionFacts } from '../../../src/domain/policy/decision-facts.ts';
import { approve, askFor, deny, factsFor, policyOf, rule } from '../policy/made.ts';
import { boundEmail } from '../../../src/domain/principals/identity.ts';

const DANA = 'dana@acme.test';
const seen = (address: string, userId: string, parts: Partial<EmailObservation> = {}): EmailObservation => ({
  address,
  userId,
  isBound: false,
  isPast: false,
  isConfirmed: false,
  isNotified: false,
  ...parts,
});
const bound = (address: string, userId: string): EmailObservation => seen(address, userId, { isBound: true });
const names = (holders: string[], observations: EmailObservation[]) =>
  whomItNames({ address: DANA, holders, observations });

describe('an address', () => {
  it('names the account it was first seen at, while that account carries it alone', () => {
    expect(names(['U1'], [bound(DANA, 'U1')])).toEqual({ userId: 'U1', conflict: null });
    expect(names(['U1'], [bound(DANA, 'U1'), seen(DANA, 'U2')])).toEqual({ userId: 'U1', conflict: null });
  });

  it.each([
    {
      when: 'moved to another account',
      holders: ['U2'],
      book: [bound(DANA, 'U1'), seen(DANA, 'U2')],
      conflict: 'moved',
    },
    {
      when: 'is new at an account that had another',
      holders: ['U2'],
      book: [bound('eve@acme.test', 'U2'), seen(DANA, 'U2')],
      conflict: 'changed',
    },
    {
      when: 'is at two accounts',
      holders: ['U1', 'U2'],
      book: [bound(DANA, 'U1'), seen(DANA, 'U2')],
      conflict: 'shared',
    },
    { when: 'is at nobody', holders: [], book: [bound(DANA, 'U1')], conflict: 'unheld' },
    { when: 'was never noted', holders: ['U1'], book: [], conflict: 'changed' },
  ])('names nobody when it $when', ({ holders, book, conflict }) => {
    expect(names(holders, book)).toEqual({ userId: null, conflict });
  });

  it('is compared in small letters and with its tag', () => {
    expect(addressOf(' Dana@ACME.test ')).toBe(DANA);
    expect(addressOf('dana+ops@acme.test')).not.toBe(DANA);
  });

  it('counts against whoever carried it, until an admin has settled whose it is', () => {
    expect(addressesAgainst('U2', [bound(DANA, 'U1'), seen(DANA, 'U2')])).toEqual([DANA]);
    const confirmed = seen(DANA, 'U1', { isBound: true, isConfirmed: true });
    expect(addressesAgainst('U2', [confirmed, seen(DANA, 'U2')])).toEqual([]);
    expect(addressesAgainst('U1', [seen('old@acme.test', 'U1', { isPast: true }), confirmed])).toEqual([DANA]);
  });
});

const ACCOUNTS = ['U1', 'U2', 'U3'];
const ADDRESSES = ['a@acme.test', 'b@acme.test', 'c@acme.test', 'x@evil.test'];
type Move = { userId: string; address: string; isSeen: boolean };

/** `holds`, or the smallest counterexample. */
const outcomeOf = <Value>(values: fc.Arbitrary<Value>, isTrue: (value: Value) => boolean): string =>
  fc.defaultReportMessage(fc.check(fc.property(values, isTrue), { numRuns: 1000 })) ?? 'holds';

const note = (book: EmailObservation[], pair: { userId: string; address: string }): EmailObservation[] => {
  if (book.some((one) => one.userId === pair.userId && one.address === pair.address)) return book;
  return [...book, seen(pair.address, pair.userId, { isBound: isFirstSight(pair, book) })];
};

/** Everybody was seen at home; then addresses move about, seen or unseen. */
const afterMoves = (moves: Move[]): { book: EmailObservation[]; held: Map<string, string> } => {
  const held = new Map(ACCOUNTS.map((userId, at) => [userId, ADDRESSES[at] ?? '']));
  let book: EmailObservation[] = [];
  for (const [userId, address] of held) book = note(book, { userId, address });
  for (const { userId, address, isSeen } of moves) {
    held.set(userId, address);
    if (isSeen) book = note(book, { userId, address });
  }
  for (const [userId, address] of held) book = note(book, { userId, address });
  return { book, held };
};

const holdersOf = (held: Map<string, string>, address: string): string[] =>
  ACCOUNTS.filter((userId) => held.get(userId) === address);

const requesterOf = (
  book: EmailObservation[],
  held: Map<string, string>,
  userId: string,
): DecisionFacts['requester'] => {
  const address = held.get(userId) ?? '';
  const named = whomItNames({ address, holders: holdersOf(held, address), observations: book });
  const email = named.userId === userId ? boundEmail(address) : null;
  const otherEmails = [...new Set([address, ...addressesAgainst(userId, book)])].filter((one) => one !== email);
  return { personId: `T1:${userId}`, userId, email, groups: [], otherEmails };
};

const anyMoves = fc.array(
  fc.record({ userId: fc.constantFrom(...ACCOUNTS), address: fc.constantFrom(...ADDRESSES), isSeen: fc.boolean() }),
  { maxLength: 8 },
);
const CONDITIONS = [
  'requester.email == "a@acme.test"',
  'requester.email.endsWith("@acme.test")',
  '!requester.email.endsWith("@evil.test")',
  'requester.email == ""',
];
const PEOPLE = [['a@acme.test'], ['*@acme.test'], ['b@acme.test', 'U3'], ['x@evil.test']];
const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    make: fc.constantFrom(rule, approve, deny),
    people: fc.option(fc.constantFrom(...PEOPLE), { nil: null }),
    when: fc.option(fc.constantFrom(...CONDITIONS), { nil: undefined }),
    name: fc.uuid(),
  })
  .map(({ make, people, when, name }) => make(name, { match: { people }, ...(when === undefined ? {} : { when }) }));

const OPENNESS = { deny: 0, ask: 1, approve: 2 } as const;
const askedCount = (verdict: ReturnType<typeof decide>): number =>
  verdict.decision === 'ask' ? verdict.requirements.reduce((sum, { count }) => sum + count, 0) : 0;

describe('whatever moves where', () => {
  it('an address never names anybody but the account that had it at first', () => {
    const made = fc.record({ moves: anyMoves, address: fc.constantFrom(...ADDRESSES.slice(0, 3)) });
    const outcome = outcomeOf(made, ({ moves, address }) => {
      const { book, held } = afterMoves(moves);
      const { userId } = whomItNames({ address, holders: holdersOf(held, address), observations: book });
      return userId === null || userId === ACCOUNTS[ADDRESSES.indexOf(address)];
    });
    expect(outcome).toBe('holds');
  });

  it('no rule lets anybody in further than before, by an address taken on or one given up', () => {
    const made = fc.record({
      moves: anyMoves,
      rules: fc.array(anyRule, { maxLength: 5 }),
      userId: fc.constantFrom(...ACCOUNTS),
    });
    const outcome = outcomeOf(made, ({ moves, rules, userId }) => {
      const policy = policyOf(rules);
      const verdictOf = ({ book, held }: ReturnType<typeof afterMoves>) =>
        decide(policy, askFor(), { ...factsFor(), requester: requesterOf(book, held, userId) });
      const [before, after] = [verdictOf(afterMoves([])), verdictOf(afterMoves(moves))];
      if (OPENNESS[after.decision] > OPENNESS[before.decision]) return false;
      return before.decision !== 'ask' || after.decision !== 'ask' || askedCount(after) >= askedCount(before);
    });
    expect(outcome).toBe('holds');
  });
});
