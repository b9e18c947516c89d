import { describe, expect, it } from 'vitest';
import { reachability } from '../../../src/domain/policy/reachability.ts';
import type { Requirement } from '../../../src/domain/requests/request.ts';

const requirement = (label: string, count = 1): Requirement => ({
  label,
  from: [{ kind: 'group', name: label }],
  count,
});

const reach = (requirements: Requirement[], groups: Record<string, string[]>): ReturnType<typeof reachability> =>
  reachability({
    requirements,
    requester: ['req'],
    members: (index) => new Set(groups[requirements[index]?.label ?? '']),
  });

describe('who would be asked', () => {
  it('the members without the requester', () => {
    const found = reach([requirement('owners')], { owners: ['req', 'bob', 'ann'] });
    expect(found).toMatchObject({
      isFillable: true,
      problem: null,
      requirements: [{ eligible: ['ann', 'bob'], state: 'ok' }],
    });
  });

  it('nobody in an empty group', () => {
    expect(reach([requirement('owners')], { owners: [] })).toMatchObject({ isFillable: false, problem: 'nobody' });
  });

  it('only the requester', () => {
    expect(reach([requirement('owners')], { owners: ['req'] })).toMatchObject({
      isFillable: false,
      problem: 'only_requester',
    });
  });

  it('too few', () => {
    expect(reach([requirement('owners', 2)], { owners: ['req', 'ann'] })).toMatchObject({
      isFillable: false,
      problem: 'too_few',
    });
  });

  it('too few when one person stands in both groups', () => {
    const found = reach([requirement('owners'), requirement('sre')], { owners: ['ann'], sre: ['ann'] });
    expect(found).toMatchObject({
      isFillable: false,
      problem: 'too_few',
      requirements: [{ state: 'ok' }, { state: 'ok' }],
    });
  });

  it('a second account of the requester is not asked', () => {
    const found = reachability({
      requirements: [requirement('owners')],
      requester: ['req'],
      members: () => new Set(['req2']),
      humanOf: new Map([['req2', 'req']]),
    });
    expect(found).toMatchObject({ isFillable: false, problem: 'only_requester' });
  });

  it('nothing that needs nobody can be filled', () => {
    expect(reach([], {})).toMatchObject({ isFillable: false });
  });
});
