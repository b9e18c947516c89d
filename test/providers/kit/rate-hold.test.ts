/** Ends of access wait for what an API says of its limits: no answer makes that long. */
import { expect, test } from 'vitest';
import { limitOf } from '../../../src/providers/kit/json-http.ts';
import { createRateHold } from '../../../src/providers/kit/rate-hold.ts';

const answer = (status: number, headers: Record<string, string>) => ({ status, headers, body: null });

test('a limit of more than an hour is waited for an hour', () => {
  const said = limitOf(answer(429, { 'retry-after': '999999' }));
  expect(said).toEqual({ seconds: 999_999 });
  expect(createRateHold('Okta').limited(said?.seconds ?? null).message).toContain('wait 3600 s');
  expect(createRateHold('Okta').limited(90).message).toContain('wait 90 s');
});

test('a server that is out of order is tried again within a minute, whatever time it names', () => {
  expect(limitOf(answer(503, { 'retry-after': '86400' }))).toEqual({ seconds: 30 });
  expect(limitOf(answer(503, { 'retry-after': '5' }))).toEqual({ seconds: 5 });
  const reset = String(Math.ceil(Date.now() / 1000) + 86_400);
  expect(limitOf(answer(503, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }))).toEqual({ seconds: 30 });
});
