/** Slack limits, fails, hangs, repeats itself and comes late: access is not touched by it, and each message says the truth in the end. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { until } from '../support/story.ts';
import { noOrphans, startCopies } from './copies.ts';
import { ON_TIME_MS, startFaultWorld } from './fault-world.ts';
import type { FaultWorld } from './fault-world.ts';
import { findLies } from './truth.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let faults: FaultWorld;
let app: App;
beforeAll(async () => {
  faults = await startFaultWorld({ mode: 'http' });
  app = await faults.world.start();
});
afterAll(() => faults.stop());

const endOf = async (reason: string): Promise<string> => {
  const { outcome, lateMs } = await faults.grant(reason, 'removed');
  return `${outcome}, ${(lateMs ?? Infinity) < ON_TIME_MS ? 'on time' : `${lateMs} ms late`}`;
};
const ON_TIME = 'removed, on time';

const isTrueInTheEnd = async (who: string, reason: string): Promise<void> => {
  await faults.toldEnd(who, reason);
  await faults.wellAgain();
  expect(await findLies(faults.world)).toEqual([]);
};

test('429 with Retry-After: no call before its time is over, and every message comes', async () => {
  const { slack } = faults.world;
  slack.faults.ratelimit('chat.postMessage', 2, 2);
  const reason = await faults.ask('ada', '2s');
  expect(await endOf(reason)).toBe(ON_TIME);
  await isTrueInTheEnd('ada', reason);
  const refused = slack.calls('chat.postMessage').filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
});

test('every method answers 500 for a while, then one error after the other', async () => {
  const { slack } = faults.world;
  const reason = await faults.ask('ada', '1h');
  await faults.grant(reason, 'active');
  await slack.faults.down(500);
  await faults.fallDue(reason);
  expect(await endOf(reason)).toBe(ON_TIME);
  await slack.faults.up();
  slack.faults.fail('chat.postMessage', 'internal_error', 2);
  slack.faults.fail('chat.update', 'fatal_error', 2);
  await isTrueInTheEnd('ada', reason);
});

test('a call that hangs holds up no end', async () => {
  const { slack } = faults.world;
  slack.faults.delay('chat.postMessage', 4_000);
  slack.faults.delay('chat.update', 4_000);
  const reason = await faults.ask('ada', '2s');
  expect(await endOf(reason)).toBe(ON_TIME);
  slack.faults.clear();
  await isTrueInTheEnd('ada', reason);
});

test('an answer that is lost after the message was posted: one copy more, and what is known of is true', async () => {
  const { slack } = faults.world;
  const copies = startCopies(faults.world);
  slack.faults.dropResponse('chat.postMessage', 1);
  const reason = await faults.ask('ada', '2s');
  expect(await endOf(reason)).toBe(ON_TIME);
  await isTrueInTheEnd('ada', reason);
  expect(await copies.classify(faults.world)).toEqual({
    counts: { ...noOrphans(), 'answer lost': 1 },
    unexplained: [],
  });
});

/** As Slack signs it: docs.slack.dev/authentication/verifying-requests-from-slack */
const deliver = (payload: Record<string, unknown>): Promise<Response> => {
  const body = new URLSearchParams(
    Object.entries(payload).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  const at = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', faults.world.slack.signingSecret).update(`v0:${at}:${body}`).digest('hex');
  return fetch(`http://127.0.0.1:${app.port}/slack/events`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': `v0=${signature}`,
    },
  });
};

test('the same command delivered five times, and once more much later: one request', async () => {
  const { slack, sql } = faults.world;
  const reason = await faults.ask('ada', '2s');
  const payload = slack.deliveries('slash_commands').at(-1)?.payload ?? {};
  await Promise.all(Array.from({ length: 4 }, () => deliver(payload)));
  expect(await endOf(reason)).toBe(ON_TIME);
  expect((await deliver(payload)).status).toBe(200);
  await isTrueInTheEnd('ada', reason);
  expect(await sql('select 1 from requests where reason = $1', [reason])).toHaveLength(1);
});

test('an approval delivered again after the access has ended changes nothing', async () => {
  const { slack, sql } = faults.world;
  const message = await faults.story.ask('ada', 'orders-db read 2s look at them once more');
  await slack.as('olga').clickStale(message, 'approve');
  await until(
    async () => (await sql(`select 1 from grants where state = 'removed' and role = 'read'`)).length,
    'the end',
  );
  const before = await sql('select state, version from requests order by id');
  const click = slack.deliveries('interactive').findLast(({ payload }) => JSON.stringify(payload).includes('approve'));
  await deliver({ payload: JSON.stringify(click?.payload) });
  await slack.as('olga').clickStale(message, 'approve');
  await faults.wellAgain();
  expect(await sql('select state, version from requests order by id')).toEqual(before);
  expect(await findLies(faults.world)).toEqual([]);
});

test('events come twice, late and last first: a closed account is closed once', async () => {
  const { slack } = faults.world;
  slack.faults.duplicateEvents(4);
  slack.faults.reorderEvents(2);
  slack.changePerson('ines', { title: 'On her way' });
  slack.changePerson('ines', { isDeleted: true });
  const acked = (): boolean => slack.deliveries('events_api').filter(({ outcome }) => outcome === 'acked').length >= 4;
  await slack.waitFor(acked);
  await faults.wellAgain();
  expect(await faults.story.events()).not.toContain('vote.voided');
});

// The last one: a token does not come back.
test('the token is revoked: live access ends on time, though nobody can be told', async () => {
  const { slack } = faults.world;
  const reason = await faults.ask('ada', '1h');
  await faults.grant(reason, 'active');
  slack.faults.revokeBotToken();
  await faults.fallDue(reason);
  expect(await endOf(reason)).toBe(ON_TIME);
  expect(await faults.world.logins()).toEqual([]);
});
