/** Incidents open, change, close and open again, and what they mean to the rules. */
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
    expect(results[0]?.incident).toMatchObject({ severity: 'sev1', openedBy: 'T1:U0OSCAR', vouchedBy: 'T1:U0OSCAR' });
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
    expect(await command('U0OSCAR')).toMatchObject({ outcome: 'vouched', isVouched: true });
    expect((await rig.ask({ userId: 'U0MALLORY' })).request).toMatchObject({ state: 'approved' });
  });

  it('believes nobody whose groups could not be read', async () => {
    for (const group of ['on-call', 'sre', 'dba']) rig.failing.add(group);
    const { incident } = await rig.note();
    expect(incident).toMatchObject({ vouchedAt: null, openedBy: 'T1:U0OSCAR' });
  });

  it('lets nobody whom the policy does not name raise the severity of an incident', async () => {
    await rig.note();
    expect(await rig.note({ topic: 'sev1', userId: 'U0MALLORY' })).toMatchObject({ incident: { severity: '' } });
    await expect(
      rig.useCases.setSeverity({ userId: 'U0MALLORY', channelId: 'C0INC', severity: 'sev1' }),
    ).rejects.toMatchObject({ code: 'incident_who' });
    await rig.useCases.setSeverity({ userId: 'U0OSCAR', channelId: 'C0INC', severity: 'SEV-3' });
    const asked = rig.useCases.createRequest({
      userId: 'U0ADA',
      target: 'orders-db',
      role: 'write',
      durationMs: null,
      reason: 'checkout errors since two',
      ticket: null,
      idempotencyKey: null,
      incidentChannelId: 'C0INC',
    });
    expect(await asked).toMatchObject({ outcome: 'denied', verdict: { rule: 'Nobody writes in a small incident' } });
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
    expect(renamed.incident).toMatchObject({ channelName: 'inc-payments-1', vouchedName: 'inc-checkout' });
    expect(await decisionOf()).toBe('pending');
    await rig.note({ name: 'inc-payments-2', userId: 'U0OSCAR' });
    expect(await decisionOf()).toBe('approved');
  });

  it('takes the word of those whom the policy names for it, and of no others', async () => {
    rig.setPolicy(policyOf('channels: ["inc-*"], open_by: [sre]'));
    expect(await rig.note()).toMatchObject({ incident: { vouchedAt: null } });
    expect(await decisionOf()).toBe('pending');
    expect(await command('U0RITA', 'sev1')).toMatchObject({ outcome: 'vouched', incident: { severity: 'sev1' } });
    expect(await decisionOf()).toBe('approved');
  });
});
