/** Ports that servers of tests and demos start on. */
import { expect, test } from 'vitest';
import { freePort } from '../../sandbox/src/embedded/port.ts';

test('a port is given to one, however many look at once', async () => {
  const ports = await Promise.all(Array.from({ length: 600 }, freePort));
  expect(new Set(ports).size).toBe(600);
});
