/** A person's name in a target is what the policy says, to the letter, or a sentence that it says none. */
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../src/domain/principals/principal.ts';
import { identityIn, templateProblem } from '../../src/providers/identity.ts';
import type { IdentityRule } from '../../src/domain/policy/types.ts';

const person = (email: string | null, userId = 'U1'): Principal => ({
  kind: 'person',
  id: `T1:${userId}`,
  teamId: 'T1',
  userId,
  name: 'Ada',
  email,
  timezone: null,
  isActive: true,
});
const nameOf = (rule: IdentityRule | undefined, grantee: Principal = person('Ada@Acme.test')) =>
  identityIn({ target: 'wiki', rule, grantee });

describe('identity', () => {
  it('puts the address, or the part before its @, where the pattern says', () => {
    expect(nameOf({ user: '{email}' })).toEqual({ user: 'ada@acme.test' });
    expect(nameOf({ user: 'acme-{local}' })).toEqual({ user: 'acme-ada' });
  });

  it('finds a person in the map by address, whatever its capitals, and by Slack id first', () => {
    expect(nameOf({ map: { 'ADA@acme.test': 'ada-gh' } })).toEqual({ user: 'ada-gh' });
    expect(nameOf({ map: { 'ada@acme.test': 'one', U1: 'other' } })).toEqual({ user: 'other' });
  });

  it('looks an account up by the whole address', () => {
    expect(nameOf({ lookup: 'mail' })).toEqual({ lookup: 'mail', value: 'ada@acme.test' });
  });

  it.each<[string, IdentityRule | undefined, Principal | undefined]>([
    ['no identity', undefined, undefined],
    ['nobody of that address in the map', { map: { 'olga@acme.test': 'olga' } }, undefined],
    ['a tag, which is another mailbox', { map: { 'ada@acme.test': 'ada' } }, person('ada+x@acme.test')],
    ['a name that objects have by themselves', { map: {} }, person(null, 'constructor')],
    ['no address', { user: '{email}' }, person(null)],
    ['no address to look up', { lookup: 'mail' }, person(null)],
  ])('guesses nothing: %s', (_name, rule, grantee) => {
    expect(nameOf(rule, grantee)).toEqual({
      missing: expect.stringMatching(/identity of wiki in latchkey.yml/) as string,
    });
  });

  it('is nothing that a client has', () => {
    const client = { kind: 'client', id: 'client:ci', name: 'ci' } as unknown as Principal;
    expect(nameOf({ user: '{email}' }, client)).toEqual({ missing: expect.stringContaining('only people') as string });
  });

  it('is a pattern with {email} or {local} in it, which is checked when the file is loaded', () => {
    expect(['{email}', 'uid={local},ou=people'].map(templateProblem)).toEqual([null, null]);
    expect(['admin', '{name}', '{email}{constructor}'].map(templateProblem)).toEqual([
      expect.stringContaining('is the same for everybody'),
      expect.stringContaining('no {name}'),
      expect.stringContaining('no {constructor}'),
    ]);
  });
});
