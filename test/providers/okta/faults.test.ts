/** Cut between any two calls, limited, and a thousand at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOkta, type Okta } from '../../../sandbox/src/okta/okta.ts';
import { okta } from '../../../src/providers/okta/okta.ts';
import { connectTo, contextOf } from '../connection.ts';
import {
  endForAThousand,
  giveToAThousand,
  holdEndThroughCuts,
  holdGrantThroughCuts,
  THOUSAND,
  type MemberWorld,
} from '../membership.ts';

const idOf = (prefix: string, n: number | string): string => `${prefix}${String(n).padStart(17, '0')}`;
const GROUP = idOf('00g', 'prod');
/** The 600 calls a minute that Okta allows by default, in a thirtieth of the time. */
const LIMIT = { calls: 600, perMs: 2_000 };

let api: Okta;
let world: MemberWorld;
beforeAll(async () => {
  api = await startOkta();
  const { state } = api;
  state.users = THOUSAND.map((n) => ({
    id: idOf('00u', n),
    status: 'ACTIVE',
    profile: { login: `u${n}@acme.test`, email: `u${n}@acme.test` },
  }));
  const members = new Set<string>();
  state.groups = [{ id: GROUP, type: 'OKTA_GROUP', profile: { name: 'Production' }, members }];
  state.rights.members = new Set([GROUP]);
  world = {
    open: () => connectTo(okta, { url: api.url, oauth: { client_id: state.clientId, key: state.privateKey } }),
    state,
    scope: { group: GROUP },
    of: (person) => contextOf({ identity: { user: `u${person}@acme.test` } }),
    membersIn: () => members.size,
  };
});
afterAll(async () => await api.stop());

test.each([false, true])('cut between any two calls, with the effect %s', { timeout: 900_000 }, async (isCutAfter) => {
  expect(await holdGrantThroughCuts(world, isCutAfter)).toBeGreaterThan(5);
  expect(await holdEndThroughCuts(world, isCutAfter)).toBeGreaterThan(3);
});

test('a thousand at once are given, within the limits of Okta', { timeout: 900_000 }, async () => {
  expect(await giveToAThousand(world, LIMIT)).toBeGreaterThan(0);
});

test('a thousand at once are ended, within the limits of Okta', { timeout: 900_000 }, async () => {
  expect(await endForAThousand(world, LIMIT)).toBeGreaterThan(0);
});
