import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineMembership } from '../../../src/providers/kit/membership.ts';
import type { Roster } from '../../../src/providers/kit/membership.ts';
import { connectTo, contextOf } from '../connection.ts';

const WIDTH = 5;
const PLACE = { list: 'team-1', member: 'ada' };

/** A list without anybody that counts the calls that are open at once. */
const countingRoster = () => {
  const open = { now: 0, most: 0 };
  const counted = async <T>(answer: T): Promise<T> => {
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    await turn();
    open.now -= 1;
    return answer;
  };
  const roster: Roster<{ list: string }> = {
    locate: () => counted({ place: PLACE, account: 'ada' }),
    trace: () => counted(PLACE),
    stateOf: () => counted('out'),
    add: () => counted(undefined),
    remove: () => counted(undefined),
    preflight: () => counted([]),
    close: () => Promise.resolve(),
  };
  return { open, roster };
};

it('whatever a thousand ask at once, a list is called as often at once as it allows', async () => {
  const { open, roster } = countingRoster();
  const provider = defineMembership({
    id: 'list',
    title: 'List',
    config: z.strictObject({}),
    scope: z.strictObject({ list: z.string() }),
    identity: {},
    open: () => roster,
    survives: () => 'Nothing.',
    manual: () => ({ name: 'ada', enforcedBy: null, statements: [] }),
    prepare: () => ({ text: '', version: null, notes: [] }),
    width: WIDTH,
  });
  const connection = connectTo(provider, {});
  const scope = { list: 'team-1' };
  const ask = async (_: unknown, index: number): Promise<unknown> => {
    if (index % 3 === 0) return await connection.check(scope, PLACE, contextOf());
    if (index % 3 === 1) return await connection.revoke(scope, PLACE, contextOf());
    return await connection.preflight?.({ read: scope }, contextOf());
  };
  const answers = await Promise.all(Array.from({ length: 1_000 }, ask));
  expect({ answered: answers.length, open }).toEqual({ answered: 1_000, open: { now: 0, most: WIDTH } });
});
