/** Who may say how severe an incident is. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

describe('the severity of an incident', () => {
  it('is raised by those whom the policy names, and by nobody else', async () => {
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
});
