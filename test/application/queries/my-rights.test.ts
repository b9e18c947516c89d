/** What the help shows of rights is what the policy gives by name, and more where that cannot be looked up. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Deps } from '../../../src/application/deps.ts';
import type { PersonCaller } from '../../../src/application/identity/caller.ts';
import { myRights } from '../../../src/application/queries/my-rights.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import { POLICY, policyOf, startRig } from '../../slack/rig.ts';
import type { Rig } from '../../slack/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const none = {
  isAdmin: false,
  isAuditor: false,
  mayApprove: false,
  mayBreakGlass: false,
  mayOverride: false,
  mayReview: false,
  hasIncidents: false,
  usesKeys: false,
  linksAccounts: false,
};

it.each([
  ['U0ADA', none],
  ['U0OLGA', { ...none, mayApprove: true }],
  ['U0RITA', { ...none, mayApprove: true }],
  ['U0SAM', { ...none, mayApprove: true, isAdmin: true, isAuditor: true }],
])('of %s', async (userId, rights) => {
  expect(await rig.useCases.myRights({ userId })).toEqual(rights);
});

it('shows what cannot be looked up now', async () => {
  const recentGroupsOf = (_: unknown, names: string[]) => Promise.resolve({ groups: [], unknownGroups: names });
  const directory = { recentGroupsOf, recentMembers: () => Promise.resolve([]), conflicts: () => Promise.resolve([]) };
  const deps = { policy: () => policyOf(POLICY), directory, access: { isIssued: () => true } } as unknown as Deps;
  const person = { id: 'T1:U1', userId: 'U1', email: null } as unknown as Person;
  expect(await myRights(deps, { caller: { kind: 'person', person } as PersonCaller })).toEqual({
    ...none,
    isAdmin: true,
    isAuditor: true,
    mayApprove: true,
    usesKeys: true,
  });
});
