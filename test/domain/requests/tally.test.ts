import { describe, expect, it } from 'vitest';
import { humansAmong } from '../../../src/domain/principals/identity.ts';
import { tally } from '../../../src/domain/requests/tally.ts';
import type { TallyInput } from '../../../src/domain/requests/tally.ts';

type Groups = Record<string, string[]>;
const GROUPS: Groups = { owners: ['ann', 'bob'], sre: ['bob', 'cat'] };

const count = (
  parts: Partial<TallyInput> & { yes?: string[]; no?: string[]; groups?: Groups },
): ReturnType<typeof tally> => {
  const { yes = [], no = [], groups = GROUPS, ...rest } = parts;
  const requirements = rest.requirements ?? [
    { label: 'owners', count: 1 },
    { label: 'sre', count: 1 },
  ];
  return tally({
    isInOrder: false,
    votes: [
      ...yes.map((personId) => ({ personId, kind: 'approve' as const })),
      ...no.map((personId) => ({ personId, kind: 'deny' as const })),
    ],
    requester: ['req'],
    members: (index) => new Set(groups[requirements[index]?.label ?? '']),
    ...rest,
    requirements,
  });
};

describe('counting votes', () => {
  it('nobody has voted: everything is missing', () => {
    const { isSatisfied, isDenied, missing, open } = count({});
    expect({ isSatisfied, isDenied, open }).toEqual({ isSatisfied: false, isDenied: false, open: [0, 1] });
    expect(missing).toEqual([
      { index: 0, label: 'owners', count: 1, have: 0 },
      { index: 1, label: 'sre', count: 1, have: 0 },
    ]);
  });

  it('one person in two groups fills one requirement only', () => {
    expect(count({ yes: ['bob'] })).toMatchObject({ isSatisfied: false, open: [1] });
  });

  it('the assignment moves someone over so that both requirements are filled', () => {
    expect(count({ yes: ['bob', 'ann'] })).toMatchObject({ isSatisfied: true });
    expect(count({ yes: ['bob', 'cat'] })).toMatchObject({ isSatisfied: true });
    expect(Object.fromEntries(count({ yes: ['bob', 'ann'] }).assignment)).toEqual({ ann: 0, bob: 1 });
  });

  it('a chain of three is moved over', () => {
    const groups = { a: ['x', 'y'], b: ['y', 'z'], c: ['z'] };
    const requirements = ['a', 'b', 'c'].map((label) => ({ label, count: 1 }));
    expect(count({ groups, requirements, yes: ['x', 'y', 'z'] }).isSatisfied).toBe(true);
    expect(count({ groups, requirements, yes: ['y', 'z'] }).isSatisfied).toBe(false);
  });

  it('one deny denies, whatever else was said', () => {
    expect(count({ yes: ['ann', 'cat'], no: ['bob'] })).toMatchObject({ isDenied: true, isSatisfied: false });
  });

  it('a deny by someone who may not decide is none', () => {
    expect(count({ yes: ['ann', 'cat'], no: ['stranger'] })).toMatchObject({ isDenied: false, isSatisfied: true });
  });

  it('the vote of a stranger fills nothing', () => {
    expect(count({ yes: ['stranger', 'ann'] }).open).toEqual([1]);
  });

  it('the requester never counts, neither for nor against', () => {
    expect(count({ yes: ['ann', 'cat'], requester: ['ann'] }).isSatisfied).toBe(false);
    expect(count({ yes: ['ann', 'cat'], no: ['bob'], requester: ['bob'] })).toMatchObject({
      isDenied: false,
      isSatisfied: true,
    });
  });

  it('the requester never counts through a second identity', () => {
    const people = [
      { id: 'T1:U1', userId: 'U1', email: 'ann@acme.test' },
      { id: 'T2:U9', userId: 'U9', email: 'Ann+work@acme.test.' },
    ];
    const requirements = [{ label: 'owners', count: 1 }];
    const input = { requirements, groups: { owners: ['T2:U9'] }, yes: ['T2:U9'], requester: ['T1:U1'] };
    expect(count({ ...input, humanOf: humansAmong(people) }).isSatisfied).toBe(false);
  });

  it('one human with two accounts counts once', () => {
    const humanOf = new Map([
      ['ann', 'ann'],
      ['ann2', 'ann'],
    ]);
    const requirements = [{ label: 'owners', count: 2 }];
    expect(
      count({ requirements, groups: { owners: ['ann', 'ann2'] }, yes: ['ann', 'ann2'], humanOf }).isSatisfied,
    ).toBe(false);
  });

  it('the deny of one account outweighs the approval of the other', () => {
    const humanOf = new Map([['bob', 'ann']]);
    expect(count({ yes: ['bob', 'cat'], no: ['ann'], humanOf }).isDenied).toBe(true);
    expect(count({ yes: ['ann', 'cat'], no: ['bob'], humanOf }).isDenied).toBe(true);
  });

  it('several are needed from one group', () => {
    const requirements = [{ label: 'owners', count: 2 }];
    expect(count({ requirements, yes: ['ann'] }).missing).toEqual([{ index: 0, label: 'owners', count: 2, have: 1 }]);
    expect(count({ requirements, yes: ['ann', 'bob'] }).isSatisfied).toBe(true);
  });

  it('an empty list of requirements satisfies nothing', () => {
    expect(count({ requirements: [], yes: ['ann'] }).isSatisfied).toBe(false);
  });

  it('an empty group satisfies nothing', () => {
    expect(count({ groups: { owners: [], sre: [] }, yes: ['ann', 'bob'] }).isSatisfied).toBe(false);
  });

  it('a count of none still needs someone', () => {
    expect(count({ requirements: [{ label: 'owners', count: 0 }] }).isSatisfied).toBe(false);
  });

  it('in order, only the first unfilled requirement waits for votes', () => {
    expect(count({ isInOrder: true }).open).toEqual([0]);
    expect(count({ isInOrder: true, yes: ['ann'] }).open).toEqual([1]);
  });

  it('in order, someone who could do either fills the earlier one', () => {
    expect(Object.fromEntries(count({ isInOrder: true, yes: ['bob'] }).assignment)).toEqual({ bob: 0 });
  });

  it('a leaver no longer counts', () => {
    expect(count({ yes: ['ann', 'cat'], groups: { owners: ['ann'], sre: [] } }).isSatisfied).toBe(false);
  });
});
