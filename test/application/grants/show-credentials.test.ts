import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.secret.text = 'postgres://ada:hunter2@db';
});
afterAll(() => rig.close());

const active = async () => {
  const view = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return rig.grantOf(view);
};
const show = (userId: string, grantId: string) => rig.useCases.showCredentials({ userId, grantId });
const typesOf = async (grantId: string): Promise<string[]> =>
  (
    await rig.pool.query(`select type from audit_events where grant_id = $1 and type like 'credentials.%'`, [grantId])
  ).rows.map(({ type }) => type);

test('its holder sees them, and each time is recorded', async () => {
  const { id } = await active();
  expect(await show('U0ADA', id)).toMatchObject({ credentials: { text: 'postgres://ada:hunter2@db' } });
  await show('U0ADA', id);
  expect(await typesOf(id)).toEqual(['credentials.shown', 'credentials.shown']);
});

test('nobody else sees them, not even an admin, and that is recorded', async () => {
  const { id } = await active();
  await expect(show('U0OLGA', id)).rejects.toMatchObject({ code: 'not_your_grant' });
  expect(await typesOf(id)).toEqual(['credentials.refused']);
});

test('once access is ending they are shown no more, and once it has ended they are destroyed', async () => {
  const { id } = await active();
  await rig.useCases.end({ userId: 'U0ADA', id, cause: 'done', reason: null });
  await expect(show('U0ADA', id)).rejects.toMatchObject({ code: 'grant_not_live' });
  await rig.settle();
  await expect(show('U0ADA', id)).rejects.toMatchObject({ code: 'grant_not_live' });
  expect((await rig.pool.query('select from secrets where grant_id = $1', [id])).rowCount).toBe(0);
});

test('they are in no event and in no table in the clear', async () => {
  await active();
  const { rows } = await rig.pool.query(
    `select 1 from audit_events e where e::text like '%hunter2%' union all select 1 from secrets s where s::text like '%hunter2%'
     union all select 1 from grants g where g::text like '%hunter2%'`,
  );
  expect(rows).toEqual([]);
});

test('an id that is no grant is not found', async () => {
  await expect(show('U0ADA', 'nosuchgrant')).rejects.toMatchObject({ code: 'grant_not_found' });
});
