/** Owners and admins may end access and try again however the policy names them; App Home and the form say what a decision hangs on. */
import { afterEach, expect, test } from 'vitest';
import { previewLines } from '../../src/slack/preview-text.ts';
import { codeOf } from '../support/refusal.ts';
import { POLICY, policyOf, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

const AT_ONCE = '  - { name: Reads are free, match: { roles: ["orders-db/read"] }, approve: true }\n';
const named = (owners: string, admins: string): string =>
  POLICY.replace('rules:\n', `rules:\n${AT_ONCE}`)
    .replace('owners: [dba]', `owners: [${owners}]`)
    .replace('admins: [security]', `admins: [${admins}]`);

const wanted = { durationMs: null, reason: 'checkout errors since two', ticket: 'OPS-1', idempotencyKey: null };
const give = async (): Promise<string> => {
  const sent = await rig.useCases.createRequest({ ...wanted, userId: 'U0ADA', target: 'orders-db', role: 'read' });
  if (sent.outcome !== 'sent' || !sent.view.grant) throw new Error('no grant');
  return sent.view.grant.id;
};
const end = (userId: string, id: string): Promise<string> =>
  codeOf(rig.useCases.end({ userId, id, cause: 'revoked', reason: null }));
const tryAgain = (userId: string, grantId: string): Promise<string> =>
  codeOf(rig.useCases.tryAgain({ userId, grantId }));

test.each([
  ['a group', 'dba', 'security'],
  ['an email', 'olga@acme.test', 'sam@acme.test'],
  ['a Slack id', 'U0OLGA', 'U0SAM'],
])(
  'an owner and an admin named by %s end access and may try again; strangers do neither',
  async (_how, owners, admins) => {
    rig = await startRig({ policy: named(owners, admins) });
    for (const userId of ['U0OLGA', 'U0SAM']) {
      const id = await give();
      expect(await end('U0RITA', id)).toBe('not_an_admin');
      expect(await tryAgain('U0RITA', id)).toBe('not_a_helper');
      // It is not held: they are heard, and there is nothing to try.
      expect(await tryAgain(userId, id)).toBe('retry_needless');
      expect(await end(userId, id)).toBe('done');
      expect((await rig.store.read.grant(id))?.state).toBe('ending');
    }
  },
);

test('App Home says who agreed and which approvals are still missing, as the message does', async () => {
  rig = await startRig();
  const sent = await rig.useCases.createRequest({ ...wanted, userId: 'U0ADA', target: 'orders-db', role: 'write' });
  if (sent.outcome !== 'sent') throw new Error('not sent');
  const requestId = sent.view.request.id;
  await rig.useCases.vote({ userId: 'U0OLGA', requestId, kind: 'approve', reason: null });
  const rita = rig.slack.as('rita');
  rita.openHome();
  const seen = (): string => JSON.stringify(rita.home() ?? null);
  await rig.slack.waitFor(() => seen().includes('*1 of 2:* <@U0OLGA> approved · waiting for one of sre'), {
    what: 'what is missing',
  });
  for (const part of ['15m', '*Sensitive*', 'OPS-1', '<@U0RITA>']) expect(seen()).toContain(part);
});

test('the form says before it is sent that a person has as much as one person may have', async () => {
  const limits = 'limits: { open_requests: 1, live_grants: 1 }';
  const text = POLICY.replace('limits: { open_requests: 1000, live_grants: 1000 }', limits);
  rig = await startRig({ policy: text.replace('rules:\n', `rules:\n${AT_ONCE}`) });
  const policy = policyOf(text);
  const lines = async (target: string, role: string): Promise<string> => {
    const result = await rig.useCases.preview({ ...wanted, userId: 'U0ADA', target, role });
    return previewLines(policy, { target, role, isTyping: true }, result).join('\n');
  };
  expect(await lines('orders-db', 'read')).not.toContain('Cannot be sent');
  expect(await lines('users-db', 'read')).not.toContain('Cannot be sent');
  await give();
  expect(await lines('orders-db', 'read')).toMatch(/\*Cannot be sent now\.\* You have 1 live grants/);
  expect(await lines('users-db', 'read')).toContain('An approver can approve this after one of them has ended');
  await rig.useCases.createRequest({ ...wanted, userId: 'U0ADA', target: 'users-db', role: 'read' });
  expect(await lines('users-db', 'read')).toMatch(/\*Cannot be sent now\.\* You have 1 open requests/);
  expect(await lines('users-db', 'read')).not.toContain('Nothing was sent');
});
