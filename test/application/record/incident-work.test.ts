import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestsWorkedOn } from '../../../src/application/record/incident-work.ts';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  await rig.note();
});
afterAll(() => rig.close());

const kindsAfter = async (work: () => Promise<unknown>): Promise<string[]> => {
  await rig.settle();
  await work();
  const { rows } = await rig.pool.query<{ kind: string; subject_id: string }>('select kind, subject_id from outbox');
  return rows.filter(({ kind }) => kind === 'incident').map(({ subject_id }) => subject_id);
};

test('work on a request is work on its incident', async () => {
  const { id } = await rig.incident();
  const tied = await rig.ask({ role: 'write' });
  const notify = () => rig.store.transaction((tx) => tx.outbox.add('notify', tied.request.id));
  const extend = () => rig.store.transaction((tx) => tx.outbox.add('extend', tied.request.id));
  expect(await kindsAfter(notify)).toEqual([id]);
  expect(await kindsAfter(extend)).toEqual([id]);
});

test('once, however much work there is on its requests', async () => {
  const { id } = await rig.incident();
  const tied = await Promise.all([rig.ask({ role: 'write' }), rig.ask({ userId: 'U0RITA', role: 'write' })]);
  const both = () =>
    rig.store.transaction(async (tx) => {
      for (const { request } of [...tied, ...tied]) await tx.outbox.add('notify', request.id);
    });
  expect(await kindsAfter(both)).toEqual([id]);
});

test('work on a request of no incident, and work of another kind, is none', async () => {
  const alone = await rig.ask({ role: 'write', incidentChannelId: null });
  expect(await kindsAfter(() => rig.store.transaction((tx) => tx.outbox.add('notify', alone.request.id)))).toEqual([]);
  const tied = await rig.ask({ userId: 'U0SAM', role: 'write' });
  const other = () => rig.store.transaction((tx) => tx.outbox.add('alert', tied.request.id));
  expect(await kindsAfter(other)).toEqual([]);
});

test('names each request once, and nothing that is no request', () => {
  const work = [
    { kind: 'notify', subjectId: 'r1' },
    { kind: 'extend', subjectId: 'r1' },
    { kind: 'end', subjectId: 'g1' },
  ] as const;
  expect(requestsWorkedOn(work)).toEqual(['r1']);
  expect(requestsWorkedOn([])).toEqual([]);
});
