/** An answer with more in it than Slack takes in one message: it arrives, shortened, and its buttons work. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Overview } from '../../src/application/queries/overview.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import { MESSAGE_TOTAL_MAX } from '../../src/slack/messages/render/limits.ts';
import { buttonsOf, POLICY, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

const many = (views: RequestView[]): RequestView[] => Array.from({ length: 30 }, () => views).flat();

const crowded = (found: Overview): Overview => {
  const pending = many(found.pending);
  return { ...found, pending, live: pending, recent: pending, waitingForMe: pending };
};

let rig: Rig;
beforeAll(async () => {
  const title = 'Orders of all the shops '.repeat(4).trim();
  rig = await startRig({
    policy: POLICY.replace(/title: Orders database/, `title: ${title}`),
    wrap: (verbs) => ({ ...verbs, overview: async (input) => crowded(await verbs.overview(input)) }),
  });
  const wanted = { durationMs: null, ticket: 'OPS-1', start: null, incidentChannelId: null, alert: null };
  const to = { target: 'orders-db', role: 'write', reason: 'look at order 7', idempotencyKey: null };
  await rig.useCases.createRequest({ ...wanted, ...to, userId: 'U0ADA' });
});
afterAll(() => rig.stop());

it.each([
  { line: 'list', words: 'Waiting for you', buttons: ['say_line_0', 'say_line_1', 'say_line_2', 'say_line_3'] },
  {
    line: 'cancel',
    words: 'Which request do you cancel?',
    buttons: Array.from({ length: 10 }, () => 'cancel_request'),
  },
])('$line of somebody with very much', async ({ line, words, buttons }) => {
  const ada = rig.slack.as('ada');
  const answers = () => ada.messages('prod-access').filter(({ ephemeralFor }) => ephemeralFor === 'U0ADA');
  const before = answers().length;
  await ada.command('/prod-access', line, 'prod-access');
  await until(rig, () => answers().length > before);
  const answer = answers().at(-1);
  expect(seen(answer)).toContain(words);
  expect(JSON.stringify(answer?.blocks).length).toBeLessThanOrEqual(MESSAGE_TOTAL_MAX);
  expect(buttonsOf(answer ?? {})).toEqual(buttons);
});
