/** Who may fill a requirement without being asked for it: `also` in the policy. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { POLICY, seen, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const RULES = POLICY.replace(
  'approvals: [{ from: owners }]\npending',
  'approvals: [{ from: sre, also: [security, U0RITA] }]\nremind: 15m\npending',
);

let rig: Rig;
beforeEach(async () => {
  if (RULES === POLICY) throw new Error('the rules are not those of the test');
  rig = await startRig({ policy: RULES });
});
afterEach(() => rig.stop());

const ask = async (target: string): Promise<string> => {
  const wanted = { userId: 'U0ADA', target, role: 'read', durationMs: null, reason: 'checkout errors', ticket: null };
  const result = await rig.useCases.createRequest({ ...wanted, idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  await rig.settle();
  return result.view.request.id;
};

it('who may without being asked is not mentioned, and decides all the same', async () => {
  const id = await ask('orders-db');
  const message = seen(rig.slack.as('sam').messages('prod-access').at(-1));
  expect(message).toContain('one of sre (<@U0RITA> and 1 other may too)');
  expect(message).not.toContain('<@U0SAM>');
  expect((await rig.useCases.overview({ userId: 'U0SAM' })).waitingForMe.map(({ request }) => request.id)).toEqual([
    id,
  ]);
  expect((await rig.useCases.vote({ userId: 'U0SAM', requestId: id, kind: 'approve', reason: null })).outcome).toBe(
    'decided',
  );
});

it('who may without being asked gets no direct message where there is no channel', async () => {
  await ask('users-db');
  expect(rig.slack.as('rita').dmsWithApp().map(seen).join()).toContain('Users database');
  expect(rig.slack.as('sam').dmsWithApp()).toEqual([]);
});

it('nobody is told when only those who are not asked could, and the requester hears it', async () => {
  rig.slack.setUsergroup('sre', []);
  rig.setPolicy(RULES.replace('also: [security, U0RITA]', 'also: [security]'));
  const id = await ask('users-db');
  expect(rig.slack.as('sam').dmsWithApp()).toEqual([]);
  expect(seen(rig.slack.as('ada').dmsWithApp().at(-1))).toContain('No approver could be reached in Slack');
  expect((await rig.useCases.vote({ userId: 'U0SAM', requestId: id, kind: 'approve', reason: null })).outcome).toBe(
    'decided',
  );
});

it('explain names them, and nobody counts twice for being in both', async () => {
  const wanted = { target: 'orders-db', role: 'read', durationMs: null, reason: 'checkout errors', ticket: null };
  const { lines } = await rig.useCases.explainRequest({ userId: 'U0ADA', forUserId: null, ...wanted });
  expect(lines.join('\n')).toContain('1 from sre (or security, U0RITA, who may and get no message): ');
  const { eligible } = await rig.useCases.preview({ userId: 'U0ADA', ...wanted });
  expect(eligible[0]?.people.map(({ userId }) => userId).sort()).toEqual(['U0RITA', 'U0SAM']);
  expect(eligible[0]?.quiet.map(({ userId }) => userId)).toEqual(['U0SAM']);
});
