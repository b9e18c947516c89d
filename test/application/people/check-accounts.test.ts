/** A person who left without Latchkey hearing of it loses what they have at the next look at their account. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

/** Lets every look come now. The first call of the verb only plans them. */
const look = async (): Promise<void> => {
  await rig.useCases.checkAccounts();
  await rig.pool.query('update account_checks set next_at = clock_timestamp()');
  await rig.useCases.checkAccounts();
};
const active = async (userId = 'U0ADA') => {
  const view = await rig.ask({ userId, role: 'write', incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return view;
};
const checks = async (): Promise<{ id: string; misses: number; inMs: number }[]> =>
  (
    await rig.pool.query<{ id: string; misses: number; inMs: number }>(
      `select person_id as id, misses, (extract(epoch from next_at - clock_timestamp()) * 1000)::float8 as "inMs"
       from account_checks order by person_id`,
    )
  ).rows;

test('a deactivated account loses its access', async () => {
  const [given, kept] = [await active(), await active('U0RITA')];
  rig.accounts.set('U0ADA', 'inactive_person');
  await look();
  expect(await rig.grantOf(given)).toMatchObject({ state: 'ending', endReason: 'The Slack account was deactivated.' });
  expect(await rig.grantOf(kept)).toMatchObject({ state: 'active' });
});

test('one that Slack does not know is believed after three looks in a row, an hour apart', async () => {
  const view = await active();
  const lookAgain = async (): Promise<number | undefined> => {
    await look();
    return (await checks()).find(({ id }) => id === 'T1:U0ADA')?.misses;
  };
  rig.accounts.set('U0ADA', 'unknown_person');
  expect([await lookAgain(), await lookAgain()]).toEqual([1, 2]);
  rig.accounts.clear();
  expect(await lookAgain()).toBe(0);
  rig.accounts.set('U0ADA', 'unknown_person');
  expect([await lookAgain(), await lookAgain()]).toEqual([1, 2]);
  expect((await checks()).find(({ id }) => id === 'T1:U0ADA')?.inMs).toBeGreaterThan(59 * 60_000);
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  await look();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'ending' });
});

test('a look-up that fails says nothing about the person, and comes again in ten minutes', async () => {
  const view = await active();
  rig.accounts.set('U0ADA', 'lookup_failed');
  for (let round = 0; round < 4; round += 1) await look();
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  const check = (await checks()).find(({ id }) => id === 'T1:U0ADA');
  expect(check).toMatchObject({ misses: 0 });
  expect(check?.inMs).toBeLessThanOrEqual(10 * 60_000);
});

test('each account is looked at by one process, and once a day', async () => {
  await active();
  const seen: string[] = [];
  const { person } = rig.directory;
  rig.directory.person = (userId) => {
    seen.push(userId);
    return person(userId);
  };
  await look();
  seen.length = 0;
  await rig.pool.query('update account_checks set next_at = clock_timestamp()');
  await Promise.all([rig.useCases, rig.other, rig.useCases].map((verbs) => verbs.checkAccounts()));
  await rig.useCases.checkAccounts();
  expect(seen.toSorted()).toEqual(['U0ADA']);
  const dayMs = 24 * 3_600_000;
  for (const { inMs } of await checks()) expect(Math.abs(inMs - dayMs)).toBeLessThan(60_000);
});

test('nobody is looked at who has and awaits nothing', async () => {
  const view = await active();
  await rig.useCases.end({ userId: 'U0ADA', id: (await rig.grantOf(view)).id, cause: 'done', reason: null });
  await rig.settle();
  rig.accounts.set('U0ADA', 'inactive_person');
  await look();
  expect((await rig.events()).filter(({ type }) => type === 'absence.ended')).toEqual([]);
  expect(await checks()).toEqual([]);
});
