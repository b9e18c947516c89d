/** What a person has, and what waits for them; and who is in a target. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

type Asked = Parameters<IncidentRig['ask']>[0];
const waiting = async (changes: Asked = {}) =>
  (await rig.ask({ role: 'write', incidentChannelId: null, ...changes })).request.id;
const vote = (userId: string, requestId: string, kind: 'approve' | 'deny' = 'approve') =>
  rig.useCases.vote({ userId, requestId, kind, reason: null });
const active = async (changes: Asked = {}): Promise<string> => {
  const id = await waiting(changes);
  await vote('U0OLGA', id);
  await rig.settle();
  return id;
};
const see = async (userId: string, page?: { after: string | null; size: number }) => {
  const seen = await rig.useCases.overview({ userId, ...(page && { waiting: page }) });
  const idsOf = (views: typeof seen.live): string[] => views.map(({ request }) => request.id);
  const { offers, often, nextWaiting, preApprovals } = seen;
  return {
    pending: idsOf(seen.pending),
    live: idsOf(seen.live),
    recent: idsOf(seen.recent),
    waitingForMe: idsOf(seen.waitingForMe),
    offers: [...offers.values()],
    often,
    nextWaiting,
    preApprovals,
  };
};

describe('of a person', () => {
  test('it has their own requests by what became of them, and those of nobody else', async () => {
    const [pending, live, denied] = [await waiting(), await active({ role: 'read' }), await waiting()];
    await vote('U0OLGA', denied, 'deny');
    await waiting({ userId: 'U0RITA' });
    expect(await see('U0ADA')).toMatchObject({ pending: [pending], live: [live], recent: [denied], waitingForMe: [] });
    expect(await see('U0MALLORY')).toMatchObject({ pending: [], live: [], recent: [], waitingForMe: [] });
  });

  test('what waits is for those who may vote and have not, and never for the requester', async () => {
    const id = await waiting({ userId: 'U0OLGA' });
    expect((await see('U0OLGA')).waitingForMe).toEqual([]);
    expect((await see('U0SAM')).waitingForMe).toEqual([id]);
    expect((await see('U0RITA')).waitingForMe).toEqual([]);
    await vote('U0SAM', id);
    expect((await see('U0SAM')).waitingForMe).toEqual([]);
  });

  test('what waits comes oldest first and page by page, each of it once', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 5; number += 1) ids.push(await waiting());
    const pages: string[] = [];
    let after: string | null = null;
    do {
      const page = await see('U0OLGA', { after, size: 2 });
      expect(page.waitingForMe.length).toBeLessThanOrEqual(2);
      pages.push(...page.waitingForMe);
      after = page.nextWaiting;
    } while (after !== null);
    expect(pages).toEqual(ids);
  });

  test('more time is offered where the rules would give it, and not twice', async () => {
    await active({ role: 'read', durationMs: 600_000 });
    expect((await see('U0ADA')).offers).toEqual([30 * 60_000]);
    await rig.useCases.extend({
      userId: 'U0ADA',
      id: null,
      byMs: null,
      reason: null,
      deadline: null,
      idempotencyKey: null,
    });
    expect((await see('U0ADA')).offers).toEqual([]);
  });

  test('what was requested twice is offered again as it was last, unless the policy lost it', async () => {
    await waiting({ durationMs: 600_000 });
    expect((await see('U0ADA')).often).toEqual([]);
    await waiting({ durationMs: 300_000 });
    expect((await see('U0ADA')).often).toMatchObject([{ target: 'orders-db', role: 'write', durationMs: 300_000 }]);
    await rig.pool.query(`update requests set role = 'toString'`);
    expect((await see('U0ADA')).often).toEqual([]);
  });

  test('pre-approvals are shown to who has them and who gave them', async () => {
    const of = { personUserId: 'U0ADA', target: 'orders-db', role: 'write', forMs: 3_600_000 };
    const { preApproval } = await rig.useCases.preApprove({ userId: 'U0OLGA', ...of });
    for (const userId of ['U0ADA', 'U0OLGA'])
      expect((await see(userId)).preApprovals.map(({ id }) => id)).toEqual([preApproval.id]);
    expect((await see('U0SAM')).preApprovals).toEqual([]);
  });

  test('a group that cannot be read hides what hangs on it, and nothing else', async () => {
    const [mine] = [await waiting({ userId: 'U0SAM' }), await waiting()];
    rig.failing.add('dba');
    expect(await see('U0SAM')).toMatchObject({ pending: [mine], waitingForMe: [] });
  });
});

describe('of a target', () => {
  const look = (target: string) => rig.useCases.targetOverview({ userId: 'U0ADA', target });

  test('it has who is in now, and for each role what the rules say to the one who looks', async () => {
    const id = await active({ userId: 'U0RITA', role: 'read' });
    await active({ userId: 'U0RITA', role: 'read', target: 'users-db' });
    const { live, roles } = await look('orders-db');
    expect(live.map(({ request }) => request.id)).toEqual([id]);
    expect(roles.map(({ role, decision, eligible }) => [role, decision, eligible[0]?.people.length])).toEqual([
      ['read', 'ask', 2],
      ['write', 'ask', 2],
    ]);
  });

  test.each(['none', 'constructor', `orders-db'; --`])('there is no target %s', async (target) => {
    await expect(look(target)).rejects.toMatchObject({ code: 'unknown_target', facts: { target } });
  });
});
