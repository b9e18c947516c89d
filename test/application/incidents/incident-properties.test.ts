/** Whatever happens to channels in whatever order: one open incident a channel, and nothing outlives a close that it was not kept beyond. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isKept } from '../../../src/domain/grants/ending.ts';
import { newId } from '../../../src/lib/ids.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
});
afterAll(() => rig.close());

const USERS = ['U0OSCAR', 'U0OLGA', 'U0MALLORY'];
const NAMES = ['inc-a', 'inc-b-closed', 'lobby', 'inc-payments'];

type Step =
  | { do: 'note'; name: string; isArchived: boolean; userId: string }
  | { do: 'open' | 'close'; userId: string }
  | { do: 'ask'; role: string }
  | { do: 'keep' | 'end' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('note' as const),
    name: fc.constantFrom(...NAMES),
    isArchived: fc.boolean(),
    userId: fc.constantFrom(...USERS),
  }),
  fc.record({ do: fc.constantFrom('open' as const, 'close' as const), userId: fc.constantFrom(...USERS) }),
  fc.record({ do: fc.constant('ask' as const), role: fc.constantFrom('read', 'write') }),
  fc.record({ do: fc.constantFrom('keep' as const, 'end' as const) }),
);

const tiedTo = async (channelId: string) => {
  const { rows } = await rig.pool.query<{ id: string }>('select id from incidents where channel_id = $1', [channelId]);
  return Promise.all(
    rows.map(async ({ id }) => ({
      incident: await rig.incident(id),
      views: await rig.store.read.viewsOfIncident(id, 100),
    })),
  );
};

const take = async (channelId: string, one: Step): Promise<void> => {
  const channel = { channelId, name: 'inc-a', topic: '', purpose: '', isPrivate: false };
  if (one.do === 'note') return void (await rig.note({ ...channel, ...one }));
  // What is refused is as good as not done.
  if (one.do === 'open')
    return void (await refusalOf(rig.useCases.openIncident({ userId: one.userId, channel, severity: null })));
  if (one.do === 'close') return void (await refusalOf(rig.useCases.closeIncident({ userId: one.userId, channelId })));
  if (one.do === 'ask') {
    await refusalOf(rig.ask({ role: one.role, userId: 'U0RITA', incidentChannelId: channelId }));
    return void (await rig.settle());
  }
  if (one.do === 'end') {
    await rig.warningIsOver();
    return void (await rig.endIncidents());
  }
  const views = (await tiedTo(channelId)).flatMap((tied) => tied.views);
  for (const { grant } of views)
    if (grant) await refusalOf(rig.useCases.keepGrant({ userId: 'U0RITA', grantId: grant.id }));
};

it('one channel has at most one open incident, and a close leaves nothing but what was kept', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const channelId = `C${newId().toUpperCase()}`;
      const untied = await rig.ask({ userId: 'U0ADA', role: 'read', incidentChannelId: null });
      for (const one of steps) {
        await take(channelId, one);
        const open = (await tiedTo(channelId)).filter(({ incident }) => incident.state === 'open');
        expect(open.length).toBeLessThanOrEqual(1);
      }
      await rig.warningIsOver();
      await rig.endIncidents();
      await rig.settle();
      for (const { incident, views } of (await tiedTo(channelId)).filter((tied) => tied.incident.state === 'closed')) {
        expect(incident.endedAt).not.toBeNull();
        for (const { request, grant } of views) {
          expect(request.state).not.toBe('pending');
          const isGone = grant === null || grant.state === 'removed' || grant.state === 'failed';
          expect(isGone || isKept(grant, incident)).toBe(true);
          expect(grant !== null && rig.made.has(grant.id)).toBe(!isGone);
        }
      }
      expect((await rig.store.read.request(untied.request.id))?.state).toBe('pending');
    }),
    { numRuns: 12 },
  );
}, 180_000);
