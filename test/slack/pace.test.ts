/** Calls are planned before Slack has to refuse them; what cannot wait here is answered as Slack would, and finds its moment kept. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FetchFunction } from '@slack/web-api';
import { expect, test } from 'vitest';
import type { Pace } from '../../src/application/identity/fact-ports.ts';
import { createWaits } from '../../src/lib/waits.ts';
import { createPacing, createSpacing, createSpareFetch } from '../../src/slack/connection/pace.ts';

const URL = 'https://slack.com/api/';

/** One process' plan in memory, as the store keeps it for all. */
const createPace = (): Pace & { keys: string[] } => {
  const until = new Map<string, number>();
  const keys: string[] = [];
  return {
    keys,
    reserve: (key, { everyMs, burst, mostMs }) => {
      keys.push(key);
      const now = performance.now();
      const next = Math.max(until.get(key) ?? 0, now) + everyMs;
      const waitMs = Math.max(0, next - now - everyMs * burst);
      const isTaken = waitMs <= mostMs;
      if (isTaken) until.set(key, next);
      return Promise.resolve({ isTaken, waitMs });
    },
    begin: (key) => {
      const waitMs = Math.max(0, (until.get(`turn ${key}`) ?? 0) - performance.now());
      if (waitMs === 0) until.set(`turn ${key}`, performance.now() + 10_000);
      return Promise.resolve(Math.ceil(waitMs));
    },
    end: (key, gapMs) => {
      until.set(`turn ${key}`, performance.now() + gapMs);
      return Promise.resolve();
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
  const paced = createPacing(
    slack.call,
    { pace: createPace(), space: createSpacing(), waits: createWaits() },
    5_000,
  ).fetch;
  await Promise.all(['C1', 'C2', 'C1'].map((channel) => paced(`${URL}chat.postMessage`, post(channel))));
  const [first = 0, second = 0, third = 0] = slack.at;
  expect(second - first).toBeLessThan(500);
  expect(third - first).toBeGreaterThan(1_000);
});

test('a message that comes late, as from a busy machine, keeps that of another process a second away', async () => {
  const pace = createPace();
  const at: number[] = [];
  const processWith = (lateMs: number) => {
    const call: FetchFunction = async () => {
      await delay(lateMs);
      at.push(performance.now());
      return answer(200);
    };
    return createPacing(call, { pace, space: createSpacing(), waits: createWaits() }, 5_000).fetch;
  };
  const [busy, other] = [processWith(700), processWith(0)];
  await Promise.all([busy, other, other].map((paced) => paced(`${URL}chat.postMessage`, post('C1'))));
  const [first = 0, second = 0, third = 0] = at;
  expect(second - first).toBeGreaterThanOrEqual(990);
  expect(third - second).toBeGreaterThanOrEqual(990);
});

test('what would wait too long is answered as by Slack, and takes no moment, however often it tries', async () => {
  const slack = slackOf();
  const pace = createPace();
  const paced = createPacing(slack.call, { pace, space: createSpacing(), waits: createWaits() }, 100).fetch;
  expect((await paced(`${URL}chat.postMessage`, post('C1'))).status).toBe(200);
  const refused = await paced(`${URL}chat.postMessage`, post('C1'));
  expect([refused.status, refused.headers.get('Retry-After'), slack.at.length]).toEqual([429, '2', 1]);
  for (let count = 0; count < 20; count += 1) await paced(`${URL}chat.postMessage`, post('C1'));
  await delay(1_200);
  expect((await paced(`${URL}chat.postMessage`, post('C1'))).status).toBe(200);
});

test('what may come late leaves half of a limit to others, and takes no moment when it is refused', async () => {
  const slack = slackOf();
  const pace = createPace();
  const late = createSpareFetch(slack.call, pace, createSpacing());
  const update = (): Promise<number> =>
    Promise.resolve(late(`${URL}chat.update`, { method: 'POST', body: 'channel=C1' })).then(({ status }) => status);
  const statuses: number[] = [];
  for (let count = 0; count < 7; count += 1) statuses.push(await update());
  expect(statuses).toEqual([...Array.from({ length: 5 }, () => 200), 429, 429]);
  // A person's own are not held up by what was refused.
  const paced = createPacing(slack.call, { pace, space: createSpacing(), waits: createWaits() }, 100).fetch;
  for (let count = 0; count < 5; count += 1) {
    expect((await paced(`${URL}chat.update`, { method: 'POST', body: 'channel=C1' })).status).toBe(200);
  }
});

test('what opens for a person who waits is not planned', async () => {
  const pace = createPace();
  const paced = createPacing(slackOf().call, { pace, space: createSpacing(), waits: createWaits() }, 100).fetch;
  await paced(`${URL}views.open`, { method: 'POST', body: '' });
  expect(pace.keys).toEqual([]);
});

test('a limit that Slack meets all the same is waited out, within the patience there is', async () => {
  const slack = slackOf(answer(429, 1));
  expect(
    (
      await createPacing(slack.call, { pace: createPace(), space: createSpacing(), waits: createWaits() }, 3_000).fetch(
        `${URL}users.info`,
        post(''),
      )
    ).status,
  ).toBe(200);
  expect((slack.at[1] ?? 0) - (slack.at[0] ?? 0)).toBeGreaterThanOrEqual(990);
  const strict = slackOf(answer(429, 60));
  expect(
    (
      await createPacing(
        strict.call,
        { pace: createPace(), space: createSpacing(), waits: createWaits() },
        3_000,
      ).fetch(`${URL}users.info`, post(''))
    ).status,
  ).toBe(429);
  expect(strict.at).toHaveLength(1);
});

test('what only shows has room for half of a burst; what decides has the other half, and the call that had room goes at once', async () => {
  const slack = slackOf();
  const { fetch, hasRoom } = createPacing(
    slack.call,
    { pace: createPace(), space: createSpacing(), waits: createWaits() },
    100,
  );
  const info = async (): Promise<number> => (await fetch(`${URL}users.info`, post(''))).status;
  const shown: (number | null)[] = [];
  for (let count = 0; count < 27; count += 1) shown.push((await hasRoom('users.info')) ? await info() : null);
  expect(shown).toEqual([...Array.from({ length: 25 }, () => 200), null, null]);
  // Had each call that had room taken a second moment, none would be left for a decision.
  for (let count = 0; count < 25; count += 1) expect(await info()).toBe(200);
  expect(await info()).toBe(429);
});
