/** What the end of an access leaves is known for each role of a target, and for nothing else. */
import { expect, it } from 'vitest';
import { roleRemains } from '../../../src/application/queries/role-remains.ts';
import type { Deps } from '../../../src/application/deps.ts';
import { policyOf } from '../incidents/incident-rig.ts';

const policy = policyOf();
const access = {
  guarantee: ({ target }: { target: string }) => ({
    endsBy: 'both' as const,
    survives: `what runs in ${target} goes on`,
  }),
  terms: ({ target }: { target: string }) => [`${target} is recorded`],
  mayRemain: (target: string, role: string) => [`${target}/${role} may make tables`],
};
const deps = { policy: () => policy, access } as unknown as Deps;

it('says it for each role', () => {
  const terms = ['orders-db is recorded'];
  const survives = 'what runs in orders-db goes on';
  expect(roleRemains(deps, { target: 'orders-db' })).toEqual({
    read: { survives, terms, mayRemain: ['orders-db/read may make tables'] },
    write: { survives, terms, mayRemain: ['orders-db/write may make tables'] },
  });
});

it.each(['no-such-db', 'constructor', '__proto__'])('says nothing of %s, which is no target', (target) =>
  expect(roleRemains(deps, { target })).toEqual({}),
);
