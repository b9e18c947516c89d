/** Access that its owner keeps when its incident closes. */
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

/** Asked by Ada, agreed to by Olga: nothing of it hangs on the incident. */
const agreedWrite = async () => {
  const view = await rig.ask({ role: 'write' });
  await rig.useCases.vote({ userId: 'U0OLGA', requestId: view.request.id, kind: 'approve', reason: null });
  await rig.settle();
  return view;
};

describe('access that its owner keeps', () => {
  const keep = async (view: Awaited<ReturnType<typeof rig.ask>>, userId = 'U0ADA') =>
    rig.useCases.keepGrant({ userId, grantId: (await rig.grantOf(view)).id });

  it('lasts to its own end, and says so', async () => {
    const view = await agreedWrite();
    await close();
    expect(await keep(view)).toMatchObject({ isRepeat: false });
    expect(await keep(view)).toMatchObject({ isRepeat: true });
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
    expect(await typesOf('grant.kept')).toHaveLength(1);
  });

  it('ends with the next close when the incident was opened again meanwhile', async () => {
    const view = await agreedWrite();
    await close();
    await keep(view);
    await rig.note({ isArchived: true });
    await rig.note({ how: 'unarchived' });
    await close();
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed' });
  });

  it('cannot be what only the incident let in', async () => {
    const view = await rig.ask();
    await rig.settle();
    await close();
    await expect(keep(view)).rejects.toMatchObject({ code: 'keep_denied', facts: { rule: 'The rest needs an owner' } });
    expect(await typesOf('grant.keep_refused')).toMatchObject([{ code: 'keep_denied' }]);
  });

  it('cannot be what its rule wants more people for by now, under the same name', async () => {
    const view = await agreedWrite();
    await close();
    const rules = policyOf().rules;
    const stricter = 'rules: [{ name: The rest needs an owner, approvals: [{ from: owners }, { from: sre }] }]';
    expect(rules.some(({ name }) => name === 'The rest needs an owner')).toBe(true);
    rig.setPolicy(policyOf(undefined, stricter));
    await expect(keep(view)).rejects.toMatchObject({ code: 'keep_denied', facts: { rule: 'The rest needs an owner' } });
    rig.setPolicy(policyOf());
    expect(await keep(view)).toMatchObject({ isRepeat: false });
  });

  it('is nobody else’s to keep, and nobody’s whom the policy does not name for it', async () => {
    const view = await agreedWrite();
    await close();
    await expect(keep(view, 'U0RITA')).rejects.toMatchObject({ code: 'not_your_grant' });
    rig.setPolicy(policyOf('channels: ["inc-*"], keep_by: [sre]'));
    await expect(keep(view)).rejects.toMatchObject({ code: 'keep_denied', facts: { who: ['sre'] } });
  });

  it('is chosen between the close and the end, at no other time', async () => {
    const view = await agreedWrite();
    await expect(keep(view)).rejects.toMatchObject({ code: 'keep_needless' });
    await close();
    await rig.warningIsOver();
    await rig.endIncidents();
    await expect(keep(view)).rejects.toMatchObject({ code: 'grant_not_live' });
  });
});
