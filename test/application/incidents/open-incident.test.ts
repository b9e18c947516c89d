/** Who opens an incident, and what the rules then believe. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const command = (userId: string, severity: string | null = null, name = 'inc-checkout') =>
  rig.useCases.openIncident({
    userId,
    channel: { channelId: 'C0INC', name, topic: '', purpose: '', isPrivate: false },
    severity,
  });

describe('what the rules believe', () => {
  const decisionOf = async (): Promise<string> => (await rig.ask()).request.state;

  it('lets the rule of incidents decide in an incident, and only there', async () => {
    await rig.note();
    expect(await decisionOf()).toBe('approved');
    expect((await rig.ask({ incidentChannelId: 'C0OTHER' })).request).toMatchObject({
      state: 'pending',
      incidentId: null,
    });
  });

  it('believes nobody whom the policy does not name that their channel is an incident', async () => {
    await rig.note({ userId: 'U0MALLORY' });
    expect((await rig.ask({ userId: 'U0MALLORY' })).request).toMatchObject({ state: 'pending' });
    expect((await rig.ask({ userId: 'U0OSCAR' })).request).toMatchObject({ state: 'approved' });
    expect(await command('U0OSCAR')).toMatchObject({ outcome: 'confirmed', isConfirmed: true });
    expect((await rig.ask({ userId: 'U0MALLORY' })).request).toMatchObject({ state: 'approved' });
  });

  it('believes nobody whose groups could not be read', async () => {
    for (const group of ['on-call', 'sre', 'dba']) rig.failing.add(group);
    const { incident } = await rig.note();
    expect(incident).toMatchObject({ confirmedAt: null, openedBy: 'T1:U0OSCAR' });
  });

  it('knows the channel by the name that one of them gave it or saw, whoever renames it', async () => {
    const rules = `rules:
  - name: Reads in incidents of payments
    match: { roles: ["*/read"] }
    when: incident.open && incident.channel.startsWith("inc-payments")
    approve: true
  - name: The rest needs an owner
    approvals: [{ from: owners }]`;
    rig.setPolicy(policyOf('channels: ["inc-*"]', rules));
    await rig.note();
    const renamed = await rig.note({ name: 'inc-payments-1', userId: 'U0MALLORY' });
    expect(renamed.incident).toMatchObject({ channelName: 'inc-payments-1', confirmedName: 'inc-checkout' });
    expect(await decisionOf()).toBe('pending');
    await rig.note({ name: 'inc-payments-2', userId: 'U0OSCAR' });
    expect(await decisionOf()).toBe('approved');
  });

  it('takes the word of those whom the policy names for it, and of no others', async () => {
    rig.setPolicy(policyOf('channels: ["inc-*"], open_by: [sre]'));
    expect(await rig.note()).toMatchObject({ incident: { confirmedAt: null } });
    expect(await decisionOf()).toBe('pending');
    expect(await command('U0RITA', 'sev1')).toMatchObject({ outcome: 'confirmed', incident: { severity: 'sev1' } });
    expect(await decisionOf()).toBe('approved');
  });
});
