import { expect, test } from 'vitest';
import { createMessageLinks } from '../../../src/http/api/v1/message-links.ts';

test('Slack is asked once for each message, however often a job polls, and again after a minute where it gave none', async () => {
  let [place, url, clock, asked] = [null as { channel: string; ts: string } | null, null as string | null, 0, 0];
  const link = createMessageLinks({
    placeOf: () => Promise.resolve(place),
    linkTo: () => {
      asked += 1;
      return Promise.resolve(url);
    },
    now: () => clock,
  });
  expect(await link('one')).toBeNull();
  expect(asked).toBe(0);
  place = { channel: 'C1', ts: '1.2' };
  expect([await link('one'), await link('one')]).toEqual([null, null]);
  expect(asked).toBe(1);
  clock = 60_001;
  url = 'https://acme.slack.test/archives/C1/p12';
  expect(await Promise.all([link('one'), link('one')])).toEqual([url, url]);
  clock = 1e9;
  expect(await link('one')).toBe(url);
  expect(asked).toBeLessThanOrEqual(3);
});
