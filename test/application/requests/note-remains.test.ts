/** What may remain in a target after access is what a look at the target found last: what waits is kept current, what was decided is not. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const FUNCTIONS = 'Functions created in public stay after the end.';
const TRIGGERS = `Triggers added to "orders'; drop" stay after the end.`;

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const waiting = async (role: string): Promise<string> => {
  const { request } = await rig.ask({ role, incidentChannelId: null });
  await rig.settle();
  return request.id;
};
const note = (remains: Record<string, string[]>, target = 'orders-db', verbs = rig.useCases) =>
  verbs.noteRemains({ target, remains });
const remainsOf = async (id: string) => (await rig.store.read.request(id))?.mayRemain;
const changes = async (id: string) =>
  (
    await rig.pool.query<{ data: string }>(
      `select data from audit_events where request_id = $1 and type = 'request.remains_changed' order by id`,
      [id],
    )
  ).rows.map(({ data }) => JSON.parse(data));

test('a request that waits shows what is found now, and the record says from when on', async () => {
  const [write, read] = [await waiting('write'), await waiting('read')];
  await note({ write: [FUNCTIONS, TRIGGERS], read: [] });
  expect(await remainsOf(write)).toEqual([FUNCTIONS, TRIGGERS]);
  expect(await changes(write)).toEqual([{ before: [], mayRemain: [FUNCTIONS, TRIGGERS] }]);
  expect((await rig.settle()).map(({ kind, subjectId }) => [kind, subjectId])).toEqual([['notify', write]]);
  expect([await remainsOf(read), await changes(read)]).toEqual([[], []]);
});

test('the same finding again is no change, whichever process looks', async () => {
  const id = await waiting('write');
  await Promise.all([note({ write: [FUNCTIONS] }), note({ write: [FUNCTIONS] }, 'orders-db', rig.other)]);
  await note({ write: [FUNCTIONS] });
  expect(await changes(id)).toHaveLength(1);
});

test('another target, and a role that the look did not reach, change nothing', async () => {
  const id = await waiting('write');
  await note({ write: [FUNCTIONS] }, 'users-db');
  await note({ read: [FUNCTIONS], constructor: [FUNCTIONS] });
  await note({});
  expect([await remainsOf(id), await changes(id)]).toEqual([[], []]);
});

test('what was decided keeps what its approvers read', async () => {
  const id = await waiting('write');
  await note({ write: [FUNCTIONS] });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: id, kind: 'approve', reason: null });
  await note({ write: [] });
  expect(await remainsOf(id)).toEqual([FUNCTIONS]);
});
