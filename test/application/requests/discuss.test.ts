/** A person wants to talk before a decision: the thread of the message is opened once, while there is something to decide. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const waiting = async (): Promise<string> => {
  const { request } = await rig.ask({ role: 'write', incidentChannelId: null });
  await rig.settle();
  return request.id;
};
const discuss = (userId: string, requestId: string, verbs = rig.useCases) => verbs.discuss({ userId, requestId });
const discussed = async (requestId: string): Promise<string[]> =>
  (
    await rig.pool.query<{ actor: string }>(
      `select actor from audit_events where request_id = $1 and type = 'request.discussed'`,
      [requestId],
    )
  ).rows.map(({ actor }) => JSON.parse(actor).id);

test('of several at the same moment the first opens it, and the request decides as before', async () => {
  const id = await waiting();
  const views = await Promise.all([discuss('U0OLGA', id), discuss('U0SAM', id, rig.other), discuss('U0OLGA', id)]);
  const [first] = await discussed(id);
  expect(await discussed(id)).toHaveLength(1);
  expect(views.map(({ view }) => view.request.discussedBy)).toEqual([first, first, first]);
  expect((await rig.settle()).map(({ kind }) => kind)).toEqual(['notify']);
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: id, kind: 'approve', reason: null });
  expect((await rig.store.read.request(id))?.state).toBe('approved');
});

test('what is decided, withdrawn or over has nothing to discuss', async () => {
  const [denied, withdrawn, over] = [await waiting(), await waiting(), await waiting()];
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: denied, kind: 'deny', reason: 'no' });
  await rig.useCases.cancel({ userId: 'U0ADA', requestId: withdrawn });
  await rig.pool.query('update requests set lapses_at = clock_timestamp() where id = $1', [over]);
  for (const [id, code] of [
    [denied, 'already_decided'],
    [withdrawn, 'already_cancelled'],
    [over, 'already_lapsed'],
    [`none'; --`, 'request_not_found'],
  ] as const)
    await expect(discuss('U0OLGA', id)).rejects.toMatchObject({ code });
  for (const id of [denied, withdrawn, over]) expect(await discussed(id)).toEqual([]);
});
