/** Calls are planned before Slack has to refuse them; what cannot wait here is answered as Slack would, and finds its moment kept. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FetchFunction } from '@slack/web-api';
import { expect, test } from 'vitest';
import type { Pace } from '../../src/application/identity/fact-ports.ts';
import { pacedFetch } from '../../src/slack/connection/pace.ts';

const URL = 'https://slack.com/api/';

/** One process' plan in memory, as the store keeps it for all. */
const createPace = (): Pace & { keys: string[] } => {
  const until = new Map<string, number>();
  const keys: string[] = [];
  return {
    keys,
    reserve: (key, { everyMs, burst }) => {
      keys.push(key);
      const now = performance.now();
      const next = Math.max(until.get(key) ?? 0, now) + everyMs;
      until.set(key, next);
      return Promise.resolve(Math.max(0, next - now - everyMs * burst));
    },
  };
};

const answer = (status: number, retryAfter?: number): Awaited<ReturnType<FetchFunction>> => ({
  ok: status === 200,
  status,
  statusText: '',
  url: URL,
  headers: { get: () => (retryAfter === undefined ? null : String(retryAfter)), entries: () => [] },
  arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
  json: () => Promise.resolve({ ok: status === 200 }),
  text: () => Promise.resolve(''),
});

const slackOf = (...answers: Awaited<ReturnType<FetchFunction>>[]) => {
  const at: number[] = [];
  const call: FetchFunction = () => {
    at.push(performance.now());
    return Promise.resolve(answers.shift() ?? answer(200));
  };
  return { at, call };
};

const post = (channel: string) => ({ method: 'POST', body: `text=hi&channel=${channel}` });

test('a second message to a channel waits a second, one to another channel does not', async () => {
  const slack = slackOf();
  const paced = pacedFetch(slack.call, createPace(), 5_000);
  await Promise.all(['C1', 'C2', 'C1'].map((channel) => paced(`${URL}chat.postMessage`, post(channel))));
  const [first = 0, second = 0, third = 0] = slack.at;
  expect(second - first).toBeLessThan(500);
  expect(third - first).toBeGreaterThan(1_000);
});

test('what would wait too long is answered as by Slack, and its moment is kept for it', async () => {
  const slack = slackOf();
  const pace = createPace();
  const paced = pacedFetch(slack.call, pace, 100);
  expect((await paced(`${URL}chat.postMessage`, post('C1'))).status).toBe(200);
  const refused = await paced(`${URL}chat.postMessage`, post('C1'));
  expect([refused.status, refused.headers.get('Retry-After'), slack.at.length]).toEqual([429, '2', 1]);
  await delay(1_200);
  const planned = pace.keys.length;
  expect((await paced(`${URL}chat.postMessage`, post('C1'))).status).toBe(200);
  expect(pace.keys.length).toBe(planned);
});

test('what opens for a person who waits is not planned', async () => {
  const pace = createPace();
  const paced = pacedFetch(slackOf().call, pace, 100);
  await paced(`${URL}views.open`, { method: 'POST', body: '' });
  expect(pace.keys).toEqual([]);
});

test('a limit that Slack meets all the same is waited out, within the patience there is', async () => {
  const slack = slackOf(answer(429, 1));
  expect((await pacedFetch(slack.call, createPace(), 3_000)(`${URL}users.info`, post(''))).status).toBe(200);
  expect((slack.at[1] ?? 0) - (slack.at[0] ?? 0)).toBeGreaterThanOrEqual(990);
  const strict = slackOf(answer(429, 60));
  expect((await pacedFetch(strict.call, createPace(), 3_000)(`${URL}users.info`, post(''))).status).toBe(429);
  expect(strict.at).toHaveLength(1);
});
