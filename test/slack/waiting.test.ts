/** What waits for a limit of Slack is not turned away, and whoever did it is told that it waits. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WAITING_TEXT } from '../../src/slack/door/waiting.ts';
import { POLICY, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const RULES = `rules:
  - name: An SRE approves
    approvals: [{ from: sre }]
admins: [security]
`;

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ policy: `${POLICY.slice(0, POLICY.indexOf('rules:'))}${RULES}` });
});
afterEach(() => rig.stop());

const toldTo = (who: string): number =>
  [...rig.slack.as(who).messages('prod-access'), ...rig.slack.as(who).messages('general')].filter(
    ({ ephemeralFor, text }) => ephemeralFor !== undefined && text === WAITING_TEXT,
  ).length;

const request = () =>
  rig.useCases.createRequest({
    userId: 'U0ADA',
    target: 'orders-db',
    role: 'read',
    durationMs: null,
    reason: 'look at the stuck orders',
    ticket: null,
    idempotencyKey: null,
  });

test('a click that meets a limit is told that it waits, once, and decides when it is over', async () => {
  const result = await request();
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  await rig.settle();
  const [message] = rig.slack.as('rita').messages('prod-access');
  if (!message) throw new Error('there is no approval message');
  rig.slack.faults.ratelimit('usergroups.list', 3);
  await rig.slack.as('rita').click(message, 'approve');
  await rig.slack.waitFor(() => toldTo('rita') > 0, { what: 'that it waits' });
  expect((await rig.store.read.view(result.view.request.id))?.request.state).toBe('pending');
  await expect.poll(async () => (await rig.store.read.view(result.view.request.id))?.request.state).toBe('approved');
  expect(toldTo('rita')).toBe(1);
});

test('a command that meets a limit is told the same, and the request is sent', async () => {
  rig.slack.faults.ratelimit('users.info', 3);
  await rig.slack.as('ada').command('/prod-access', 'orders-db read 15m look at the stuck orders', 'general');
  await rig.slack.waitFor(() => toldTo('ada') > 0, { what: 'that it waits' });
  await rig.slack.waitFor(
    () =>
      rig.slack
        .as('ada')
        .messages('general')
        .some(({ text }) => text.includes('was sent')),
    { what: 'that the request was sent' },
  );
  expect(toldTo('ada')).toBe(1);
});

test('nothing is said where nothing waits', async () => {
  await rig.slack.as('ada').command('/prod-access', 'orders-db read 15m look at the stuck orders', 'general');
  await rig.slack.waitFor(() => rig.slack.as('ada').messages('general').length > 0, { what: 'the answer' });
  expect(toldTo('ada')).toBe(0);
});
