/** Grants that hold one and the same thing: what the first end leaves, the last one takes. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import { somePerson } from '../../store/fixtures.ts';
import { accountOf, membershipProvider } from '../../support/membership-provider.ts';
import type { MembershipHooks } from '../../support/membership-provider.ts';
import { until } from '../../support/story.ts';
import { openBench, targetSql } from '../bench.ts';
import type { Bench } from '../bench.ts';

let bench: Bench;
let ada: Person;
const accounts: string[] = [];
const hooks: MembershipHooks = { before: () => Promise.resolve() };

const account = async (person: Person): Promise<Person> => {
  accounts.push(accountOf(person.id));
  await targetSql(bench, `create role ${accountOf(person.id)} login`);
  return person;
};

beforeEach(async () => {
  hooks.before = () => Promise.resolve();
  bench = await openBench({
    provider: membershipProvider(hooks),
    config: ({ url }) => ({ url }),
    scope: (group) => ({ group }),
  });
  ada = await account(somePerson('Ada'));
});
afterEach(async () => {
  for (const name of accounts.splice(0)) await targetSql(bench, `drop role ${name}`);
  await bench.close();
});

const isIn = async (person: Person = ada): Promise<boolean> => {
  const [row] = await targetSql<{ is: boolean }>(bench, `select pg_has_role($1, $2, 'member') as is`, [
    accountOf(person.id),
    bench.target.groups.app_read,
  ]);
  return row?.is ?? false;
};
const end = async ({ id }: Grant): Promise<Grant> => {
  await bench.expire(id);
  await bench.useCases.completeRevocation({ grantIds: [id] });
  return bench.grant(id);
};
/** Holds one call to the target until it is let go. */
const hold = (verb: 'grant' | 'close', grantId: string): { reached: Promise<void>; letGo: () => void } => {
  let letGo = (): void => undefined;
  let reach = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  hooks.before = async (called, id) => {
    if (called !== verb || id !== grantId) return;
    reach();
    await held;
  };
  return { reached, letGo };
};

test('the first end takes nothing from the second, says so, and the last one out removes it', async () => {
  const [first, second] = [await bench.active(ada), await bench.active(ada)];
  expect(second.handle).toEqual(first.handle);
  expect(await end(first)).toMatchObject({ state: 'removed', endOutcome: 'still_held' });
  expect(await isIn()).toBe(true);
  expect(await end(second)).toMatchObject({ state: 'removed', endOutcome: 'removed' });
  expect(await isIn()).toBe(false);
});

test('whichever ends first: the second is as good a holder as the first', async () => {
  const [first, second, third] = [await bench.active(ada), await bench.active(ada), await bench.active(ada)];
  for (const grant of [third, first]) expect((await end(grant)).endOutcome).toBe('still_held');
  expect(await isIn()).toBe(true);
  expect((await end(second)).endOutcome).toBe('removed');
  expect(await isIn()).toBe(false);
});

test('two that end at the same moment leave nothing behind, in one process and in two', async () => {
  for (let round = 0; round < 10; round += 1) {
    const grants = [await bench.active(ada), await bench.active(ada)];
    for (const { id } of grants) await bench.expire(id);
    if (round % 2 === 0)
      await Promise.all(grants.map(({ id }) => bench.useCases.completeRevocation({ grantIds: [id] })));
    else for (const next of ['expireDue', 'removeClosed'] as const) await (await bench.useCases[next]()).work;
    expect((await Promise.all(grants.map(({ id }) => bench.grant(id)))).map(({ state }) => state)).toEqual([
      'removed',
      'removed',
    ]);
    expect(await isIn()).toBe(false);
  }
});

test('an end leaves what another grant is just being given', async () => {
  const first = await bench.active(ada);
  const second = await bench.approved(ada);
  const { reached, letGo } = hold('grant', second.id);
  const making = bench.useCases.activate({ grantId: second.id });
  await reached;
  expect(await end(first)).toMatchObject({ endOutcome: 'still_held' });
  letGo();
  await making;
  expect(await isIn()).toBe(true);
  expect((await end(await bench.grant(second.id))).endOutcome).toBe('removed');
  expect(await isIn()).toBe(false);
});

test('access is not made while the same is being taken away: it is made after that', async () => {
  const first = await bench.active(ada);
  await bench.expire(first.id);
  const { reached, letGo } = hold('close', first.id);
  const ending = bench.useCases.completeRevocation({ grantIds: [first.id] });
  await reached;
  const second = await bench.approved(ada);
  await bench.useCases.activate({ grantId: second.id });
  expect(await bench.grant(second.id)).toMatchObject({ state: 'activating', attempts: 1, handle: null });
  letGo();
  await ending;
  expect(await isIn()).toBe(false);
  const made = await until(async () => {
    await bench.useCases.activate({ grantId: second.id });
    const grant = await bench.grant(second.id);
    return grant.state === 'active' && grant;
  }, 'the second grant');
  expect(await isIn()).toBe(true);
  await end(made);
  expect(await isIn()).toBe(false);
});

test('back to back: where the next begins as the first ends, nothing is taken away in between', async () => {
  const first = await bench.active(ada);
  const second = await bench.approved(ada, { startsAt: new Date(Date.now() - 10) });
  expect((await end(first)).endOutcome).toBe('still_held');
  expect(await isIn()).toBe(true);
  expect(second.state).toBe('activating');
});

test('a start that lies ahead, another person and another grant that has ended hold nothing', async () => {
  const olga = await account(somePerson('Olga'));
  const first = await bench.active(ada);
  await bench.approved(ada, { startsAt: new Date(Date.now() + 3_600_000) });
  const hers = await bench.active(olga);
  expect((await end(first)).endOutcome).toBe('removed');
  expect([await isIn(), await isIn(olga)]).toEqual([false, true]);
  expect((await end(hers)).endOutcome).toBe('removed');
  expect(await isIn(olga)).toBe(false);
});
