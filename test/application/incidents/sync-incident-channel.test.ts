/** A channel and its incident: opened, kept up with, closed and opened again by what Slack says of the channel. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const incidentEvents = async (): Promise<string[]> =>
  (await rig.events()).map(({ type }) => type).filter((type) => type.startsWith('incident.'));
const command = (userId: string, severity: string | null = null, name = 'inc-checkout') =>
  rig.useCases.openIncident({
    userId,
    channel: { channelId: 'C0INC', name, topic: '', purpose: '', isPrivate: false },
    severity,
  });

describe('a channel of an incident', () => {
  it('is one incident however often and by how many processes it is told', async () => {
    const told = {
      channelId: 'C0INC',
      name: 'inc-checkout',
      topic: 'sev1',
      purpose: '',
      isPrivate: false,
      isArchived: false,
    };
    const tell = (useCases: IncidentRig['useCases']) =>
      useCases.syncIncidentChannel({ ...told, how: 'created', userId: 'U0OSCAR' });
    const results = await Promise.all([rig.useCases, rig.other, rig.useCases, rig.other].map(tell));
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['opened', 'unchanged', 'unchanged', 'unchanged']);
    expect(new Set(results.map(({ incident }) => incident?.id)).size).toBe(1);
    expect(await incidentEvents()).toEqual(['incident.opened']);
    expect((await rig.settle()).map(({ kind }) => kind)).toEqual(['incident']);
    expect(results[0]?.incident).toMatchObject({ severity: 'sev1', openedBy: 'T1:U0OSCAR', confirmedBy: 'T1:U0OSCAR' });
  });

  it('is none when its name is not one', async () => {
    expect(await rig.note({ name: 'checkout' })).toEqual({ outcome: 'none', incident: null });
    expect(await rig.note({ name: 'inc-checkout-closed' })).toMatchObject({ outcome: 'none' });
    expect(await rig.note({ isArchived: true })).toMatchObject({ outcome: 'none' });
    expect(await rig.events()).toEqual([]);
  });

  it('is none where the policy knows of no incidents', async () => {
    rig.setPolicy({ ...policyOf(), incidents: null });
    expect(await rig.note()).toMatchObject({ outcome: 'none' });
    await expect(command('U0OSCAR')).rejects.toMatchObject({ code: 'incidents_off' });
  });

  it('keeps up with its name and topic, and reads the severity from them', async () => {
    await rig.note();
    const now = { name: 'inc-payments', topic: 'SEV-2: cards fail' };
    expect(await rig.note({ ...now, said: now })).toMatchObject({ outcome: 'changed' });
    const { incident } = await rig.note({ ...now, said: now });
    expect(incident).toMatchObject({ channelName: 'inc-payments', severity: 'sev2', state: 'open' });
    expect(await incidentEvents()).toEqual([
      'incident.opened',
      'incident.renamed',
      'incident.topic',
      'incident.severity',
    ]);
  });

  it.each([
    ['archived', { isArchived: true }, 'archived'],
    ['renamed to a closed name', { name: 'inc-checkout-closed' }, 'renamed'],
    ['renamed out of the pattern', { name: 'checkout' }, 'renamed'],
  ])('is closed when it is %s, once', async (_what, change, cause) => {
    await rig.note();
    const closed = await rig.note(change);
    expect(closed).toMatchObject({ outcome: 'closed', incident: { state: 'closed', closeCause: cause } });
    expect(await rig.note(change)).toMatchObject({ outcome: 'unchanged' });
    expect((await incidentEvents()).filter((type) => type === 'incident.closed')).toHaveLength(1);
  });

  it('is the same incident again when it comes back from the archive', async () => {
    const { incident } = await rig.note();
    await rig.note({ isArchived: true });
    const back = await rig.note({ how: 'unarchived' });
    expect(back).toMatchObject({ outcome: 'reopened', incident: { id: incident?.id, state: 'open', endsAt: null } });
    expect(await rig.note({ how: 'unarchived' })).toMatchObject({ outcome: 'unchanged' });
  });

  it('stays closed when it was closed by command, whatever is told again of it', async () => {
    await rig.note();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    expect(await rig.note()).toMatchObject({ outcome: 'unchanged', incident: { state: 'closed' } });
    expect(await rig.note({ topic: 'all is well' })).toMatchObject({ incident: { state: 'closed' } });
    await rig.note({ isArchived: true, topic: 'all is well' });
    expect(await rig.note({ how: 'unarchived' })).toMatchObject({ outcome: 'reopened' });
  });

  it('ignores what is older than what it knows', async () => {
    await rig.note({ updatedMs: 2000 });
    await rig.note({ updatedMs: 3000, name: 'inc-checkout-closed' });
    expect(await rig.note({ updatedMs: 2500 })).toMatchObject({ outcome: 'stale', incident: { state: 'closed' } });
  });
});
