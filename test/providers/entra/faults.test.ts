/** Cut between any two calls, limited, and a thousand at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEntra, type Entra } from '../../../sandbox/src/entra/entra.ts';
import { newGroup } from '../../../sandbox/src/entra/state.ts';
import { entra } from '../../../src/providers/entra/entra.ts';
import { connectTo, contextOf } from '../connection.ts';
import {
  endForAThousand,
  giveToAThousand,
  holdEndThroughCuts,
  holdGrantThroughCuts,
  THOUSAND,
  type MemberWorld,
} from '../membership.ts';

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const GROUP = idOf(90_000);
/** As Entra limits an app in a tenant of under 50 people, in a tenth of the time. */
const LIMIT = { calls: 350, perMs: 1_000 };

let api: Entra;
let world: MemberWorld;
beforeAll(async () => {
  api = await startEntra();
  const { state } = api;
  state.users = THOUSAND.map((n) => ({
    id: idOf(n),
    userPrincipalName: `u${n}@acme.test`,
    mail: null,
    accountEnabled: true,
  }));
  state.groups = [newGroup(GROUP, 'Production')];
  const config = {
    tenant: state.tenant,
    client_id: state.clientId,
    client_secret: state.clientSecret,
    login_url: api.url,
    graph_url: api.url,
  };
  world = {
    open: () => connectTo(entra, config),
    state,
    scope: { group: GROUP },
    of: (person) => contextOf({ identity: { user: `u${person}@acme.test` } }),
    membersIn: () => [...(state.groups[0]?.members.values() ?? [])].filter(({ isIn }) => isIn).length,
  };
});
afterAll(async () => await api.stop());

test.each([false, true])('cut between any two calls, with the effect %s', { timeout: 900_000 }, async (isCutAfter) => {
  expect(await holdGrantThroughCuts(world, isCutAfter)).toBeGreaterThan(5);
  expect(await holdEndThroughCuts(world, isCutAfter)).toBeGreaterThan(4);
});

test('a thousand at once are given, within the limits of Entra', { timeout: 900_000 }, async () => {
  expect(await giveToAThousand(world, LIMIT)).toBeGreaterThan(0);
});

test('a thousand at once are ended, within the limits of Entra', { timeout: 900_000 }, async () => {
  expect(await endForAThousand(world, LIMIT)).toBeGreaterThan(0);
});
