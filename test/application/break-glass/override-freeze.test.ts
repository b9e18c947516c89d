import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CreateRequestResult } from '../../../src/application/requests/request-types.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = `freezes: { peak: { from: 2020-01-01, to: 2099-01-04, why: Peak season, override: [on-call] } }
rules:
  - name: No writes at peak
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    deny: Peak season.
  - name: At peak an SRE agrees
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    approvals: [{ from: sre }]
  - name: Outside of it nobody is needed
    match: { roles: ["*/write"] }
    approve: true
  - name: The rest needs an owner
    approvals: [{ from: owners }]`;

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf('channels: ["inc-*"], warning: 1s', RULES));
});
afterAll(() => rig.close());

const request = (userId: string, durationMs = 600_000): Promise<CreateRequestResult> =>
  rig.useCases.createRequest({
    userId,
    target: 'orders-db',
    role: 'write',
    durationMs,
    reason: 'the payout must go out today',
    ticket: null,
    idempotencyKey: null,
  });

const denied = async (userId: string): Promise<string> => {
  const result = await request(userId);
  if (result.outcome !== 'denied' || !result.override) throw new Error(result.outcome);
  expect(result.override.by).toEqual(['on-call']);
  return result.override.id;
};

const override = async (
  userId: string,
  id: string,
  changes: { incident?: string; reason?: string; shown?: string } = {},
) =>
  rig.useCases.overrideFreeze({
    userId,
    id,
    shown: changes.shown ?? (await rig.useCases.overrideChoices({ userId, id })).shown,
    because: { kind: 'incident', id: changes.incident ?? (await rig.incident()).id },
    reason: changes.reason ?? 'the payout is blocked until then',
  });

test('what a freeze denies is kept once, with what was said last', async () => {
  const id = await denied('U0ADA');
  const again = await request('U0ADA', 1_200_000);
  expect(again).toMatchObject({ outcome: 'denied', override: { id } });
  await rig.note();
  const { frozen, causes } = await rig.useCases.overrideChoices({ userId: 'U0OSCAR', id });
  expect(frozen).toMatchObject({ durationMs: 1_200_000, freezes: ['peak'], requestId: null });
  expect(causes).toMatchObject([{ kind: 'incident' }]);
});

test.each([
  { what: 'by who may not', by: 'U0MALLORY', changes: {}, code: 'override_who' },
  { what: 'for themselves', by: 'U0ADA', changes: {}, code: 'override_own' },
  { what: 'because of nothing', by: 'U0OSCAR', changes: { incident: 'none' }, code: 'override_cause' },
])('$what it is refused, and recorded', async ({ by, changes, code }) => {
  const id = await denied('U0ADA');
  await expect(override(by, id, changes)).rejects.toMatchObject({ code });
  expect((await rig.events()).at(-1)).toMatchObject({ type: 'freeze.override_refused', data: { code, frozen: id } });
});

test('a reason that no one can judge is unclear, and nothing is sent', async () => {
  const id = await denied('U0ADA');
  expect(await override('U0OSCAR', id, { reason: 'asdf' })).toMatchObject({ outcome: 'unclear' });
  expect((await rig.useCases.overrideChoices({ userId: 'U0OSCAR', id })).frozen.requestId).toBeNull();
});

test('the denial is lifted and nothing else: the rule of the freeze decides, and access is followed up', async () => {
  const id = await denied('U0ADA');
  const sent = await override('U0OSCAR', id);
  if (sent.outcome !== 'sent') throw new Error(sent.outcome);
  const { request: made } = sent.view;
  expect(made).toMatchObject({ state: 'pending', rule: 'At peak an SRE agrees', requesterId: 'T1:U0ADA' });
  await expect(override('U0OSCAR', id)).rejects.toMatchObject({ code: 'frozen_over' });
  const overridden = (await rig.events()).find(({ type }) => type === 'freeze.overridden');
  expect(overridden).toMatchObject({ actor: { id: 'T1:U0OSCAR' }, data: { freezes: ['peak'], frozen: id } });
  const own = rig.useCases.vote({ userId: 'U0OSCAR', requestId: made.id, kind: 'approve', reason: null });
  await expect(own).rejects.toMatchObject({ code: 'own_request' });
  const { view } = await rig.useCases.vote({ userId: 'U0RITA', requestId: made.id, kind: 'approve', reason: null });
  expect(view).toMatchObject({ grant: { state: 'activating' }, review: { state: 'open', personId: 'T1:U0OSCAR' } });
  const closing = { grantId: view.grant?.id ?? '', outcome: 'justified', note: null } as const;
  for (const userId of ['U0OSCAR', 'U0ADA'])
    await expect(rig.useCases.closeReview({ userId, ...closing })).rejects.toMatchObject({ code: 'own_review' });
  await rig.useCases.closeReview({ userId: 'U0OLGA', ...closing });
  expect((await request('U0ADA')).outcome).toBe('denied');
});

test('an override is for what its form showed: what was requested again with other terms is read again first', async () => {
  const id = await denied('U0ADA');
  const { shown } = await rig.useCases.overrideChoices({ userId: 'U0OSCAR', id });
  expect(await request('U0ADA', 3_600_000)).toMatchObject({ outcome: 'denied', override: { id } });
  await expect(override('U0OSCAR', id, { shown })).rejects.toMatchObject({ code: 'override_changed' });
  await expect(override('U0OSCAR', id, { shown: '' })).rejects.toMatchObject({ code: 'override_changed' });
  expect(await override('U0OSCAR', id)).toMatchObject({
    outcome: 'sent',
    view: { request: { durationMs: 3_600_000 } },
  });
});
