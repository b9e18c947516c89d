/** Admins are notified of each target that cannot grant what the policy says: once a day, however many processes find it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Misfit } from '../../../src/application/policy/misfits.ts';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const misfit = (target: string, changes: Partial<Misfit> = {}): Misfit => ({
  target,
  roles: ['read'],
  problem: 'The group is missing.',
  ...changes,
});
const report = (...misfits: Misfit[]) => rig.useCases.reportMisfits({ misfits });
const notices = async (): Promise<string[][]> =>
  (
    await rig.pool.query<{ lines: string[] }>(
      `select lines from announcements where kind = 'targets_unfit' order by created_at, id`,
    )
  ).rows.map(({ lines }) => lines);

test('the notice names each target, its roles and why, and is written once by whichever process is first', async () => {
  const found = [misfit('users-db'), misfit('orders-db', { roles: ['read', 'write'], problem: 'Run `GRANT x`.' })];
  await Promise.all([report(...found), rig.other.reportMisfits({ misfits: found.toReversed() }), report(...found)]);
  expect(await notices()).toEqual([
    ['orders-db: cannot grant read, write: Run `GRANT x`.', 'users-db: cannot grant read: The group is missing.'],
  ]);
});

test('what was said today is not said again, and what is new is said alone', async () => {
  await report(misfit('orders-db'));
  await report(misfit('orders-db'), misfit('users-db'));
  await report(misfit('orders-db', { problem: 'Another reason.' }));
  expect((await notices()).flat()).toEqual([
    'orders-db: cannot grant read: The group is missing.',
    'users-db: cannot grant read: The group is missing.',
    'orders-db: cannot grant read: Another reason.',
  ]);
  await rig.pool.query(`update announcements set created_at = created_at - interval '25 hours'`);
  await report(misfit('orders-db'));
  expect(await notices()).toHaveLength(4);
});

test('nothing is said where nothing is wrong', async () => {
  await report();
  expect(await notices()).toEqual([]);
});

test('of very many the notice has fifty lines and counts the rest, and a target with many roles names ten', async () => {
  const roles = Array.from({ length: 12 }, (_, n) => `r${n}`);
  await report(misfit('a', { roles }), ...Array.from({ length: 99 }, (_, n) => misfit(`db-${n}`)));
  const [lines = []] = await notices();
  expect(lines).toHaveLength(50);
  expect(lines[0]).toBe(`a: cannot grant ${roles.slice(0, 10).join(', ')} and 2 more: The group is missing.`);
  expect(lines.at(-1)).toBe('51 more; the log has them');
});
