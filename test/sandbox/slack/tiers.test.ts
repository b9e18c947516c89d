/** The local Slack keeps Slack's documented limits when it is told to be real. */
import { afterEach, expect, test } from 'vitest';
import { methods } from '../../../sandbox/src/slack/methods/registry.ts';
import { createMeter, TIERS } from '../../../sandbox/src/slack/tiers.ts';
import { createWorkspace } from '../../../sandbox/src/slack/workspace.ts';
import type { Workspace } from '../../../sandbox/src/slack/workspace.ts';

let slack: Workspace | undefined;
afterEach(async () => {
  await slack?.close();
  slack = undefined;
});

const meterAt = () => {
  const clock = { ms: 0 };
  const meter = createMeter(() => clock.ms);
  const times = (count: number, method: string, channel = ''): (number | null)[] =>
    Array.from({ length: count }, () => meter.admit(method, channel));
  return { clock, meter, times };
};

test('every method that the workspace answers has a tier', () => {
  expect(Object.keys(methods).filter((name) => !(name in TIERS))).toEqual([]);
});

test.each([
  ['apps.connections.open', 1],
  ['usergroups.list', 20],
  ['chat.update', 50],
  ['users.info', 100],
])('%s is allowed %i times a minute, then says how long to wait', (method, most) => {
  const { clock, meter, times } = meterAt();
  expect(times(most, method)).toEqual(Array.from({ length: most }, () => null));
  clock.ms = 20_000;
  expect(meter.admit(method, '')).toBe(40);
  clock.ms = 59_999;
  expect(meter.admit(method, '')).toBe(1);
  clock.ms = 60_000;
  expect(meter.admit(method, '')).toBeNull();
});

test('a message a second goes to each channel, and some hundred a minute to all', () => {
  const { clock, meter, times } = meterAt();
  expect(times(2, 'chat.postMessage', 'C1')).toEqual([null, 1]);
  expect(meter.admit('chat.postMessage', 'C2')).toBeNull();
  clock.ms = 1_000;
  expect(meter.admit('chat.postMessage', 'C1')).toBeNull();
  const rest = Array.from({ length: 298 }, (_, at) => meter.admit('chat.postMessage', `D${at}`));
  expect(rest.filter((wait) => wait === null)).toHaveLength(297);
  expect(rest.at(-1)).toBe(59);
});

test('a call over the limit is a 429 with Retry-After; one within it takes its time', async () => {
  slack = createWorkspace();
  const { url } = await slack.listen();
  slack.faults.beReal({ latencyMs: 50 });
  const call = () =>
    fetch(`${url}/api/usergroups.list`, { headers: { authorization: `Bearer ${slack?.app.botToken}` } });
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 21 }, call));
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(50);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(1);
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(50);
  expect(await refused[0]?.json()).toEqual({ ok: false, error: 'ratelimited' });
  slack.faults.clear();
  expect((await call()).status).toBe(200);
});
