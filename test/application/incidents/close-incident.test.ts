/** Who may close an incident, and what its close orders. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  await rig.note();
});
afterEach(() => rig.close());

const close = () => rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
const typesOf = async (type: string): Promise<Record<string, unknown>[]> =>
  (await rig.events()).filter((event) => event.type === type).map(({ data }) => data);

describe('the close of an incident', () => {
  it('leaves everything to its own end where the policy says keep', async () => {
    rig.setPolicy(policyOf('channels: ["inc-*"], on_close: keep'));
    const view = await rig.ask();
    await rig.settle();
    expect(await close()).toMatchObject({ incident: { endsAt: null } });
    await rig.warningIsOver();
    expect(await rig.endIncidents()).toBe(0);
    expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
  });

  it('is called off when the incident is opened again before the end', async () => {
    const view = await rig.ask();
    await rig.settle();
    await close();
    await rig.useCases.openIncident({
      userId: 'U0OSCAR',
      channel: { channelId: 'C0INC', name: 'inc-checkout', topic: '', purpose: '', isPrivate: false },
      severity: null,
    });
    await rig.warningIsOver();
    expect(await rig.endIncidents()).toBe(0);
    expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
    expect(await typesOf('incident.reopened')).toMatchObject([{ isEndCancelled: true }]);
  });

  it('is for those who opened it, may open one, or was let in, and for nobody else', async () => {
    const closeBy = (userId: string) => rig.useCases.closeIncident({ userId, channelId: 'C0INC' });
    await expect(closeBy('U0MALLORY')).rejects.toMatchObject({ code: 'incident_who' });
    expect(await typesOf('incident.refused')).toHaveLength(1);
    await rig.ask({ userId: 'U0MALLORY' });
    expect(await closeBy('U0MALLORY')).toMatchObject({ outcome: 'closed', incident: { closedBy: 'T1:U0MALLORY' } });
    expect(await closeBy('U0OSCAR')).toMatchObject({ outcome: 'already' });
  });
});
