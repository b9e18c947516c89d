/** Whatever is done to an address: it never gets a rule that gives, and never gets out of one that denies. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decide } from '../../../src/domain/policy/decide.ts';
import { boundEmail, isSameHuman, isTheOneNamed, namedAddress } from '../../../src/domain/principals/identity.ts';
import { approve, askFor, deny, factsFor, policyOf, rule } from './made.ts';

const mailbox = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const address = mailbox.map((local) => `${local}@acme.test`);
const tag = fc.stringMatching(/^[a-z0-9+]{1,6}$/);
const flip = (text: string): string =>
  text.replaceAll(/([a-z])([a-z])/g, (_, one: string, two: string) => one + two.toUpperCase());

/** Another account of the same human, as far as anybody can tell. */
const suspect = fc
  .record({ address, tag: fc.option(tag), isFlipped: fc.boolean(), isDotted: fc.boolean() })
  .filter(({ tag: tagged, isDotted }) => tagged !== null || isDotted)
  .map(({ address: named, tag: tagged, isFlipped, isDotted }) => {
    const [local = '', domain = ''] = named.split('@');
    const other = `${local}${tagged === null ? '' : `+${tagged}`}@${domain}${isDotted ? '.' : ''}`;
    return { named, other: isFlipped ? flip(other) : other };
  });

const verdictOf = (email: string, rules: ReturnType<typeof rule>[]) =>
  decide(
    policyOf(rules),
    askFor(),
    factsFor({ requester: { personId: 'T1:U9', userId: 'U9', email: boundEmail(email), groups: [] } }),
  );

it('another account of the one who is named gets no rule that gives, and stays in every rule that denies', () => {
  fc.assert(
    fc.property(suspect, ({ named, other }) => {
      const last = rule('The rest asks an owner');
      const people = [named];
      expect(verdictOf(other, [approve('Named', { match: { people } }), last]).decision).toBe('ask');
      expect(verdictOf(other, [deny('Named', { match: { people } }), last]).decision).toBe('deny');
      expect(verdictOf(other, [deny('Condition', { when: `requester.email == "${named}"` }), last]).decision).toBe(
        'deny',
      );
      expect(verdictOf(other, [approve('Not them', { when: `requester.email != "${named}"` }), last]).decision).toBe(
        'ask',
      );
      expect(verdictOf(named, [approve('Named', { match: { people } }), last]).decision).toBe('approve');
      expect(verdictOf(other, [approve('Other', { match: { people: [other] } }), last]).decision).toBe('approve');
    }),
  );
});

it('the two questions never take each other’s answer: a suspicion is no name, and a name is always a suspicion', () => {
  fc.assert(
    fc.property(suspect, ({ named, other }) => {
      const of = (id: string, email: string) => ({ id, userId: id, email });
      expect(isSameHuman(of('U1', named), of('U2', other))).toBe(true);
      expect(isTheOneNamed(named, { id: 'x', userId: 'x', address: namedAddress(other) })).toBe(false);
      expect(isTheOneNamed(other, { id: 'x', userId: 'x', address: namedAddress(named) })).toBe(false);
    }),
  );
});
