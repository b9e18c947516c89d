/** Long polls hold connections: all of them together do not hold so many that nobody else gets one. */
import { expect, test } from 'vitest';
import { createWaiting } from '../../../src/http/api/v1/waiting.ts';
import { LIMITS } from '../../../src/http/connections.ts';

const LONG_MS = 30_000;

test('a poll beyond what leaves connections for others is answered soon, and those before it wait on', async () => {
  const waiting = createWaiting(
    async (ids) => ids.map((id) => ({ id, version: 1 })),
    () => undefined,
  );
  let answered = 0;
  const poll = (id: string): Promise<void> =>
    waiting.change(id, 1, { ms: LONG_MS, signal: new AbortController().signal }).then(() => void (answered += 1));
  const all = Array.from({ length: LIMITS.connections }, (_, at) => poll(`request ${at % 7}`));
  const startedAt = performance.now();
  await Promise.all(all.slice(700));
  expect(performance.now() - startedAt).toBeLessThan(LONG_MS / 2);
  expect(answered).toBe(LIMITS.connections - 700);
  waiting.stop();
  await Promise.all(all);
});
