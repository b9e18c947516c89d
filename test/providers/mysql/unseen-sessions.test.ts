/** No MySQL could be had for tests: what Latchkey makes of what one tells. */
import { expect, test } from 'vitest';
import { dialectOf, unseenSessions } from '../../../src/providers/mysql/version.ts';

test.each([
  ['8.4.0', true, false],
  ['8.4.0', false, true],
  ['8.0.36', false, true],
  // It lists them in information_schema, and has performance_schema off by default.
  ['10.11.19-MariaDB-0+deb12u1', false, false],
])('%s with performance_schema %s: sessions go unseen is %s', (told, isOn, isRefused) => {
  const said = unseenSessions(dialectOf(told, 'db:3306'), isOn);
  expect(said?.includes('Set performance_schema = ON') ?? false).toBe(isRefused);
});
