/** Cut between any two calls, limited, and a thousand at once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGoogle, type Google } from '../../../sandbox/src/google/google.ts';
import { newGroup, newMember } from '../../../sandbox/src/google/state.ts';
import { googleGroup } from '../../../src/providers/google-group/google-group.ts';
import { connectTo, contextOf } from '../connection.ts';
import {
  endForAThousand,
  giveToAThousand,
  holdEndThroughCuts,
  holdGrantThroughCuts,
  THOUSAND,
  type MemberWorld,
} from '../membership.ts';
import { shortenWaits } from '../../support/short-waits.ts';

shortenWaits(10);

/** 2,400 calls a minute, as Google's older API allows each caller, in a fraction of the time. */
const LIMIT = { calls: 2_400, perMs: 500 };

let api: Google;
let world: MemberWorld;
beforeAll(async () => {
  api = await startGoogle();
  const { state } = api;
  state.people = new Set(THOUSAND.map((n) => `u${n}@acme.test`));
  const group = { ...newGroup('g1', 'prod@acme.test'), members: [newMember(state.account, ['MEMBER', 'MANAGER'])] };
  state.groups = [group];
  const config = {
    service_account: { email: state.account, key: state.privateKey },
    domains: ['acme.test'],
    enterprise: true,
    token_url: api.url,
    api_url: api.url,
  };
  world = {
    open: () => connectTo(googleGroup, config),
    state,
    scope: { group: 'prod@acme.test' },
    of: (person) => contextOf({ identity: { user: `u${person}@acme.test` }, lastsMs: 3_600_000 }),
    membersIn: () => group.members.filter(({ leftAt }) => leftAt === null).length - 1,
  };
});
afterAll(async () => await api.stop());

const PATIENT = { timeout: 900_000 };

test.each([false, true])('cut between any two calls, with the effect %s', PATIENT, async (isCutAfter) => {
  expect(await holdGrantThroughCuts(world, isCutAfter)).toBeGreaterThan(6);
  expect(await holdEndThroughCuts(world, isCutAfter)).toBeGreaterThan(5);
});

test('a thousand at once are given, within a limit', PATIENT, async () => {
  expect(await giveToAThousand(world, LIMIT)).toBeGreaterThan(0);
});

test('a thousand at once are ended, within a limit', PATIENT, async () => {
  expect(await endForAThousand(world, LIMIT)).toBeGreaterThan(0);
});
