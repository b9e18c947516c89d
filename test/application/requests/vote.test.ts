import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportAudit } from '../../../src/store/audit/export.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const waiting = () => rig.ask({ role: 'write', incidentChannelId: null });
const vote = (userId: string, requestId: string, kind: 'approve' | 'deny' = 'approve') =>
  rig.useCases.vote({ userId, requestId, kind, reason: null });
const typesOf = async (requestId: string): Promise<string[]> =>
  (await rig.pool.query('select type from audit_events where request_id = $1 order by id', [requestId])).rows.map(
    ({ type }) => type,
  );

test('an approval decides, opens the grant, and each event of the grant names it', async () => {
  const view = await waiting();
  expect(await vote('U0OLGA', view.request.id)).toMatchObject({ outcome: 'decided' });
  const grant = await rig.grantOf(view);
  expect(grant).toMatchObject({ state: 'activating', requestId: view.request.id });
  const { rows } = await rig.pool.query('select type from audit_events where grant_id = $1 order by id', [grant.id]);
  expect(rows.map(({ type }) => type)).toEqual(['request.approved', 'grant.activating']);
  const work = (await rig.settle()).map(({ kind }) => kind);
  expect(work.filter((kind) => kind === 'activate')).toHaveLength(1);
  expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
});

test('a denial decides, and no grant exists', async () => {
  const view = await waiting();
  expect(await vote('U0OLGA', view.request.id, 'deny')).toMatchObject({ outcome: 'decided' });
  expect((await rig.store.read.view(view.request.id))?.grant).toBeNull();
  expect(await typesOf(view.request.id)).toEqual(['request.created', 'vote.cast', 'request.denied']);
});

test.each([
  ['the requester', 'U0ADA', 'own_request'],
  ['a person who is no approver', 'U0MALLORY', 'not_an_approver'],
])('%s may not vote, and that is recorded', async (_, userId, code) => {
  const { request } = await waiting();
  await expect(vote(userId, request.id)).rejects.toMatchObject({ code });
  expect(await typesOf(request.id)).toEqual(['request.created', 'vote.refused']);
});

test('of two votes at once one decides, and the other hears of it', async () => {
  const view = await waiting();
  const votes = await Promise.allSettled([vote('U0OLGA', view.request.id), vote('U0SAM', view.request.id, 'deny')]);
  expect(votes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const late = votes.find((one) => one.status === 'rejected');
  expect(late?.reason).toMatchObject({ code: 'already_decided' });
  const decided = (await typesOf(view.request.id)).filter((type) => /approved|denied/.test(type));
  expect(decided).toHaveLength(1);
});

test('a decision of two approvers names both in the export of the log, as they were called then', async () => {
  const two = 'rules:\n  - { name: Both, approvals: [{ from: owners }, { from: sre }] }';
  rig.setPolicy(policyOf(undefined, two));
  const { request } = await waiting();
  expect(await vote('U0OLGA', request.id)).toMatchObject({ outcome: 'counted' });
  expect(await vote('U0RITA', request.id)).toMatchObject({ outcome: 'decided' });
  rig.setPolicy(policyOf());
  await rig.store.audit.seal(10_000);
  const lines: Record<'jsonl' | 'csv', string[]> = { jsonl: [], csv: [] };
  for (const format of ['jsonl', 'csv'] as const)
    await exportAudit(rig.pool, { format }, async (text) => void lines[format].push(...text.split('\n')));
  const { people } = await rig.store.transaction(async (tx) => ({
    people: await tx.principals.listByIds(['T1:U0OLGA', 'T1:U0RITA']),
  }));
  expect(people).toHaveLength(2);
  const ofIt = (line: string): boolean => line.includes('request.approved') && line.includes(request.id);
  for (const format of ['jsonl', 'csv'] as const) {
    const line = lines[format].find(ofIt) ?? '';
    // The data of an event is JSON in a column.
    for (const { name } of people)
      expect([format, line.replaceAll(/[\\"]/g, '').includes(`name:${name}`)]).toEqual([format, true]);
  }
});
