/** Admins are notified when access outlives its time by more than a minute: once, again at growing pauses, and when it is over. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';
import { storeActiveGrant } from '../../store/fixtures.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const watch = (seenMs = 0) => rig.useCases.watchOverdue({ seenMs });
type Notice = { kind: string; lines: string[]; closing: string | null };
const notices = async (): Promise<Notice[]> =>
  (await rig.pool.query<Notice>('select kind, lines, closing from announcements order by created_at, id')).rows;
const late = async (seconds: number, target = 'orders-db'): Promise<void> => {
  const id = await storeActiveGrant(rig.store, 60_000, target);
  await rig.pool.query(`update grants set expires_at = clock_timestamp() - make_interval(secs => $2) where id = $1`, [
    id,
    seconds,
  ]);
};
const alertIsDue = () => rig.pool.query('update overdue_episodes set next_alert_at = clock_timestamp()');

test('an end that is late by less than a minute is nobody’s concern', async () => {
  await late(50);
  await watch();
  expect(await notices()).toEqual([]);
});

test('the notice names every target with how much is late there, and what is known to be wrong', async () => {
  rig.problems.set('orders-db', 'The server does not answer.');
  for (const seconds of [90, 7_200]) await late(seconds);
  await late(180, 'users-db');
  await watch();
  expect(await notices()).toEqual([
    {
      kind: 'overdue',
      closing: null,
      lines: [
        expect.stringMatching(/^The oldest is 2h(\d+s)? late\.$/),
        expect.stringMatching(/^Orders database: 2 overdue, the oldest by 2h(\d+s)?\. The server does not answer\.$/),
        expect.stringMatching(/^users-db: 1 overdue, the oldest by 3m(\d+s)?\.$/),
      ],
    },
  ]);
});

test('it is said once, whichever process looks and however often, and again when a pause is over', async () => {
  await late(90);
  await Promise.all([watch(), rig.other.watchOverdue({ seenMs: 0 }), watch()]);
  await watch();
  expect(await notices()).toHaveLength(1);
  await alertIsDue();
  await watch();
  expect((await notices()).map(({ lines }) => lines[0])).toEqual([
    expect.stringMatching(/^The oldest is/),
    expect.stringMatching(/^Still: the oldest is .* This is alert 2/),
  ]);
});

test('when none is late any more that is said with how late it was, and every notice is closed', async () => {
  await late(90);
  await watch();
  await alertIsDue();
  await watch();
  await rig.pool.query(`update grants set expires_at = clock_timestamp() + interval '1 hour'`);
  await Promise.all([watch(), rig.other.watchOverdue({ seenMs: 0 })]);
  const after = await notices();
  expect(after.map(({ kind }) => kind)).toEqual(['overdue', 'overdue', 'overdue_resolved']);
  expect(after.map(({ closing }) => closing)).toEqual(['All of it has ended.', 'All of it has ended.', null]);
  await late(90);
  await watch();
  expect((await notices()).filter(({ kind }) => kind === 'overdue')).toHaveLength(3);
});

test('what a clock of this process found late counts, though it is over by now', async () => {
  await watch(61_000);
  expect((await notices()).map(({ lines }) => lines)).toEqual([[expect.stringContaining('late.')]]);
  await watch();
  expect((await notices()).map(({ kind }) => kind)).toEqual(['overdue', 'overdue_resolved']);
});
