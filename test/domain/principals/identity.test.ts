import { describe, expect, it } from 'vitest';
import {
  humansAmong,
  isSameHuman,
  isTheOneNamed,
  namedAddress,
  normalEmail,
} from '../../../src/domain/principals/identity.ts';
import type { Identity } from '../../../src/domain/principals/identity.ts';

const person = (id: string, userId: string, email: string | null): Identity => ({ id, userId, email });
const ann = person('T1:U1', 'U1', 'ann@acme.test');

describe('the same human', () => {
  it.each([
    ['the same record', person('T1:U1', 'U7', null), true],
    ['the same Slack user in another workspace', person('T2:U1', 'U1', null), true],
    ['the same email', person('T2:U9', 'U9', 'ann@acme.test'), true],
    ['the same email in capitals', person('T2:U9', 'U9', 'ANN@Acme.Test'), true],
    ['a plus address', person('T2:U9', 'U9', 'ann+ops@acme.test'), true],
    ['a dot after the domain', person('T2:U9', 'U9', 'ann@acme.test.'), true],
    ['blanks around', person('T2:U9', 'U9', ' ann@acme.test '), true],
    ['another mailbox', person('T2:U9', 'U9', 'anna@acme.test'), false],
    ['the same mailbox elsewhere', person('T2:U9', 'U9', 'ann@acme.example'), false],
    ['nothing in common', person('T2:U9', 'U9', null), false],
  ])('%s', (_name, other, isSame) => {
    expect(isSameHuman(ann, other)).toBe(isSame);
    expect(isSameHuman(other, ann)).toBe(isSame);
  });

  it('two people without an email are two people', () => {
    expect(isSameHuman(person('a', 'U1', null), person('b', 'U2', null))).toBe(false);
  });

  it('an id that looks like an email of another is not theirs', () => {
    expect(isSameHuman(person('ann@acme.test', 'U5', null), ann)).toBe(false);
  });

  it('is found through a chain of records', () => {
    const chain = [
      person('a', 'U1', 'x@acme.test'),
      person('b', 'U2', 'x@acme.test'),
      person('c', 'U2', 'y@acme.test'),
    ];
    const humans = humansAmong([...chain, person('d', 'U4', 'z@acme.test')]);
    expect(new Set(['a', 'b', 'c'].map((id) => humans.get(id))).size).toBe(1);
    expect(humans.get('d')).toBe('d');
  });
});

describe('people as the policy writes them', () => {
  const account = { id: 'T1:U1', userId: 'U1', address: namedAddress('ann@acme.test') };

  it.each([
    ['ann@acme.test', true],
    ['Ann@Acme.Test', true],
    ['U1', true],
    ['T1:U1', true],
    ['U2', false],
    ['u1', false],
    ['bob@acme.test', false],
    ['ann+ops@acme.test', false],
    ['a.nn@acme.test', false],
    ['ann@acme.test.', false],
    ['ann@acme.test\u00a0', false],
    ['\u0430nn@acme.test', false],
    ['ａnn@acme.test', false],
  ])('%s means them: %s', (ref, isNamed) => {
    expect(isTheOneNamed(ref, account)).toBe(isNamed);
    expect(isTheOneNamed('ann@acme.test', { id: 'x', userId: 'x', address: namedAddress(ref) })).toBe(
      isNamed && ref.includes('@'),
    );
  });

  it('takes no letter for another that lower case would make the same', () => {
    expect(namedAddress('\u212aim@acme.test')).not.toBe('kim@acme.test');
    expect(namedAddress('\u0130na@acme.test')).not.toBe('ina@acme.test');
  });

  it('text that is no address has no normal form', () => {
    for (const text of ['', 'ann', '@acme.test', 'ann@', 'ann@...']) expect(normalEmail(text)).toBeNull();
  });
});
